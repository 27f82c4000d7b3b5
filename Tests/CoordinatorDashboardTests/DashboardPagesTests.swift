import CoordinatorDashboard
import SkepModel
import SkepWire
import Testing

@Suite struct DashboardPagesTests {
    let pages: DashboardPages
    let viewer = Viewer(name: "ada", role: "admin", formToken: "t0k3n")

    init() throws { pages = try DashboardPages(version: "0.1.0") }

    @Test func `A cluster's page shows its phase, what it waits for and the command that helps`() {
        let page = pages.cluster(Sample.status(), events: Sample.events(), viewer: viewer)
        #expect(page.hasPrefix("<!doctype html>"))
        #expect(page.contains("waiting for machines"))
        #expect(page.contains("<strong>joining the swarm</strong> waits for the machine n3 to enrol."))
        #expect(page.contains("<code>skep node defer n3</code>"))
        #expect(page.contains("data-live=\"/clusters/geneva/live\""))
    }

    @Test func `A ready cluster says so and waits for nothing`() {
        let fragment = pages.clusterFragment(Sample.status(ready: true), events: [])
        #expect(fragment.contains("<span class=\"mark ok\"><span class=\"shape\" aria-hidden=\"true\">●</span> ready</span>"))
        #expect(!fragment.contains("What it waits for"))
        #expect(!fragment.contains("stale"))
        #expect(fragment.contains("The ledger is empty."))
    }

    @Test func `A dead machine's values are greyed and each carries its age`() throws {
        let fragment = pages.clusterFragment(Sample.status(), events: [])
        let block = try #require(article("node-n2", of: fragment))
        #expect(block.hasPrefix("node bad stale\""))
        #expect(block.contains("Nothing was heard from this machine for 4 min."))
        #expect(block.contains("20.10.24+dfsg1 <span class=\"quiet\"><span class=\"age\" data-age=\"252\">4 min</span> old</span>"))
        let alive = try #require(article("node-n1", of: fragment))
        #expect(!alive.contains("stale"))
        #expect(!alive.contains(" old</span>"))
        #expect(alive.contains("heard <span class=\"age\" data-age=\"2\">2 s</span> ago"))
    }

    @Test func `A machine that never enrolled shows no values`() throws {
        let block = try #require(article("node-n3", of: pages.clusterFragment(Sample.status(), events: [])))
        #expect(block.contains("not enrolled yet"))
        #expect(block.contains("never heard"))
        #expect(!block.contains("<dl"))
    }

    @Test func `A clock that is hours wrong is said`() {
        #expect(pages.clusterFragment(Sample.status(), events: []).contains("<div class=\"bad\"><dt>Clock</dt><dd>2 h ahead"))
    }

    @Test func `Services show running of desired and the failing task's own words`() {
        let fragment = pages.clusterFragment(Sample.status(), events: [])
        #expect(fragment.contains("0 of 1 running"))
        #expect(fragment.contains("no suitable node (scheduling constraints not satisfied on 2 nodes)"))
    }

    @Test func `When no manager is heard the stacks' figures are called old`() {
        var status = Sample.status()
        status.nodes[0].liveness = "down"
        status.nodes[0].seenSecondsAgo = 90
        let fragment = pages.clusterFragment(status, events: [])
        #expect(fragment.contains("<p class=\"seen stale\">"))
        #expect(fragment.contains("no manager has been heard since"))
    }

    @Test func `Operations show their steps with times, and events who did it and how long it took`() {
        let fragment = pages.clusterFragment(Sample.status(), events: Sample.events())
        #expect(fragment.contains("<strong>plan</strong> pool 10.201.0.0/16, data path port 4789, MTU 1450"))
        #expect(fragment.contains("waits for its tasks to run"))
        #expect(fragment.contains("(by ada)"))
        #expect(fragment.contains("(0.2 s)"))
        #expect(fragment.contains("<time datetime=\"2026-11-21T14:06:37Z\">14:06:37</time>"))
    }

    @Test func `The traffic is a matrix with ages, and what fails says why`() {
        let fragment = pages.clusterFragment(Sample.traffic(), events: [])
        #expect(fragment.contains("3 of 4 ways over the overlay pass, 1 of 2 published ports answer."))
        #expect(fragment.contains("<th scope=\"col\">to n3</th><th scope=\"col\">port 443</th><th scope=\"col\">Tried</th>"))
        #expect(
            fragment.contains(
                "<td data-label=\"to n2\"><span class=\"mark ok\"><span class=\"shape\" aria-hidden=\"true\">●</span> 0.4 / 12 ms</span>"))
        #expect(
            fragment.contains("fails</span>\n <span class=\"words\">small packets pass, those of 1450 bytes do not; last passed 3 min ago</span>"))
        #expect(fragment.contains("<td data-label=\"Tried\"><span class=\"age\" data-age=\"12\">12 s</span> ago"))
        #expect(fragment.contains("not tried yet"))
        #expect(!pages.clusterFragment(Sample.status(), events: []).contains("Traffic between nodes"))
        // of many nodes only what has something to say
        var large = Sample.traffic()
        large.traffic = (1...30).map { Sample.row("w\($0)", to: ["w\($0 % 30 + 1)"], failing: $0 == 7) }
        let view = pages.clusterFragment(large, events: [])
        #expect(view.contains("29 of 30 ways over the overlay pass"))
        #expect(view.contains("<th scope=\"row\">w7</th>") && !view.contains("<th scope=\"row\">w6</th>"))
    }

    @Test(arguments: [
        "<script>alert(1)</script>", "\" onmouseover=\"x", "'><img src=x>", "\"\u{301} onmouseover=\u{301}", "<\u{338}script>", "{{name}}",
        "&lt;b&gt;",
    ])
    func `Hostile words stay words everywhere`(text: String) {
        var status = Sample.status(hostile: text)
        status.cluster.phase = text
        status.nodes[0].name = NodeName(unchecked: text)
        status.nodes[0].progress = text
        status.nodes[0].docker = text
        status.nodes[0].liveness = text
        status.stacks[1].name = text
        status.stacks[1].reason = text
        status.traffic = [Sample.row(text, to: [text], failing: true, trouble: text)]
        var tame = Sample.status(hostile: "x")
        tame.traffic = [Sample.row("x", to: ["x"], failing: true, trouble: "x")]
        let page = pages.cluster(status, events: Sample.events(text), viewer: Viewer(name: text, role: text, formToken: text))
        let plain = pages.cluster(tame, events: Sample.events("x"), viewer: Viewer(name: "x", role: "x", formToken: "x"))
        func count(_ scalar: Unicode.Scalar, _ page: String) -> Int { page.unicodeScalars.count { $0 == scalar } }
        // as many quotes and angle brackets as with a harmless word, but for the progress line and the reason that only the hostile one has
        #expect(count("<", page) - count("<", plain) == count(">", page) - count(">", plain))
        #expect(!page.contains("<script>") && !page.contains("<img src=x"))
        let attribute = page.unicodeScalars.split(separator: "\"").dropFirst()
        #expect(!attribute.contains { String($0).hasPrefix(" onmouseover") || String($0).hasPrefix("\u{301} onmouseover") })
        #expect(count("\"", page) % 2 == 0)
    }

    @Test func `The overview lists clusters, and says what to do when there is none`() {
        let list = pages.overview([Sample.status()], viewer: viewer)
        #expect(list.contains("<a href=\"/clusters/geneva\">geneva</a>"))
        #expect(list.contains("1 of 3"))
        #expect(list.contains("joining the swarm: the machine n3 to enrol"))
        #expect(pages.overviewFragment([]).contains("skep apply -f cluster.yaml"))
    }

    @Test func `The login shows its error and nobody's name`() {
        let page = pages.login(error: "that login is not known")
        #expect(page.contains("that login is not known"))
        #expect(page.contains("<form method=\"post\" action=\"/login\">"))
        #expect(!page.contains("Log out"))
        #expect(!pages.login(error: nil).contains("role=\"alert\""))
    }

    @Test func `Other pages have their frame`() {
        #expect(pages.notFound(viewer: nil).contains("<h1>Not found</h1>"))
        let page = pages.failure(title: "Too many requests", message: "try again in 5 s", viewer: viewer)
        #expect(page.contains("try again in 5 s"))
        #expect(page.contains("<input type=\"hidden\" name=\"token\" value=\"t0k3n\">"))
    }

    @Test func `No page needs an inline script or style, and every template escapes by scalar`() {
        let every = [
            pages.cluster(Sample.status(), events: Sample.events(), viewer: viewer), pages.overview([Sample.status()], viewer: viewer),
            pages.login(error: "x"), pages.notFound(viewer: viewer),
        ]
        for page in every {
            #expect(!page.contains("<style") && !page.contains(" style=") && !page.contains("javascript:"))
            #expect(page.components("<script") == 1 && page.contains("<script src=\"/assets/live.js\" defer></script>"))
            #expect(!page.contains("{{"))
        }
        #expect(!DashboardPages.contentSecurityPolicy.contains("unsafe"))
    }

    @Test func `The assets that pages name are there`() {
        #expect(DashboardPages.assets.map(\.path) == ["/assets/style.css", "/assets/live.js", "/assets/icon.svg"])
        #expect(DashboardPages.assets.allSatisfy { $0.body.utf8.count > 100 })
    }

    private func article(_ anchor: String, of page: String) -> String? {
        page.split(separator: "<article class=\"").first { $0.contains("aria-labelledby=\"\(anchor)\"") }
            .flatMap { $0.split(separator: "</article>").first }.map(String.init)
    }
}

extension String {
    fileprivate func components(_ part: String) -> Int { ranges(of: part).count }
}
