import Glibc
import SkepModel
import SkepSystem
import SkepWire
import Testing

@testable import skep

@Suite struct SessionTests {
    @Test(
        "addresses in one form",
        arguments: [
            ("https://c.example:7443", "https://c.example:7443", "c.example:7443"), ("c.example", "https://c.example:7443", "c.example:7443"),
            ("https://10.0.0.1/", "https://10.0.0.1:7443", "10.0.0.1:7443"),
            ("https://[2001:db8::1]:17443", "https://[2001:db8::1]:17443", "[2001:db8::1]:17443"),
            ("[2001:db8::1]", "https://[2001:db8::1]:7443", "[2001:db8::1]:7443"),
        ])
    func addresses(_ text: String, _ url: String, _ endpoint: String) throws {
        let address = try CoordinatorAddress(text)
        #expect(address.url == url && address.endpoint == endpoint)
    }

    @Test(
        "no addresses", arguments: ["http://c.example", "https://c.example:99999", "https://c.example/path", "", "https://a b", "https://user@host"])
    func noAddresses(_ text: String) {
        #expect { _ = try CoordinatorAddress(text) } throws: { ($0 as? CommandFailure)?.outcome == .usage }
    }

    @Test func aCodeMayCarryTheFingerprint() {
        let hex = String(repeating: "ab", count: 32)
        #expect(LoginCommand.split("skepo.x.\(hex)") == ("skepo.x", hex))
        #expect(LoginCommand.split("skepo.WbmHkXxj") == ("skepo.WbmHkXxj", nil))
        #expect(LoginCommand.split("plain") == ("plain", nil))
    }

    @Test func takesEventStreamsApart() {
        var reader = EventStreamReader()
        #expect(reader.read(Array(": beat\n\nid: 1\nevent: event\ndata: {\"a\"".utf8)) == [])
        #expect(reader.read(Array(":1}\r\n\r\ndata: one\ndata:two\n\ndata: half".utf8)) == ["{\"a\":1}", "one\ntwo"])
    }

    @Test func onlyFailuresEndTheFollowingOfEvents() {
        var quiet = 0
        #expect(throws: CommandFailure(.refused, "enough")) {
            try EventsCommand.keepFollowing(
                { _ in
                    quiet += 1
                    if quiet > 100 { throw CommandFailure(.refused, "enough") }
                }, pause: {})
        }
        var failed = 0
        #expect(throws: CommandFailure(.failed, "the coordinator does not answer any more")) {
            try EventsCommand.keepFollowing(
                { heard in
                    failed += 1
                    if failed == 20 { heard() }
                    throw CommandFailure(.failed, "cut")
                }, pause: {})
        }
        #expect(failed == 49, "what was heard in the 20th starts the count anew")
    }

    @Test func readsTimes() {
        #expect(Words.seconds("90") == 90 && Words.seconds("10m") == 600 && Words.seconds("2h") == 7200 && Words.seconds("7d") == 604_800)
        #expect(Words.seconds("") == nil && Words.seconds("m") == nil && Words.seconds("-5") == nil && Words.seconds("1w") == nil)
        #expect(Words.time(Instant(milliseconds: 0)) == "1970-01-01T00:00:00Z" && Words.age(nil) == "never" && Words.age(3.4) == "3 s ago")
    }

    @Test func readsFilesOfTheFolderAndNoOthers() throws {
        let root = "/tmp/skep-cli-\(SystemRandom.hex(6))"
        defer { try? Files.removeTree(root) }
        try Files.makeDirectory(root + "/stack/inner")
        try AtomicFile.write(root + "/secret", "secret")
        try AtomicFile.write(root + "/stack/inner/a", "a")
        try Files.link(root + "/stack/link", to: "../secret")
        try Files.link(root + "/stack/up", to: "..")
        let folder = ClusterFolder(of: root + "/stack/cluster.yaml")
        #expect(folder.read("inner/a") == Array("a".utf8))
        for path in ["../secret", "/etc/passwd", "link", "up/secret", "inner", "missing", "inner/../inner/a", ""] {
            #expect(folder.read(path) == nil)
        }
        #expect(ClusterFolder(of: "cluster.yaml").folder == "." && ClusterFolder(of: "/cluster.yaml").folder == "/")
    }

    @Test func knowsWhereNodesAreReached() throws {
        var node = StatusAnswer.Node(name: try #require(NodeName(rawValue: "n1")), id: nil, role: .manager, ready: false, liveness: "live")
        node.addresses = ["127.0.0.1/8", "10.77.0.11/24", "fe80::1/64", "2001:db8::1"]
        let own = try Reach([]).endpoints(node)
        #expect(own.map(\.host) == ["10.77.0.11", "2001:db8::1"] && own.allSatisfy { $0.port == 22 })
        let said = try Reach(["n1=[::1]:2211"]).endpoints(node)
        #expect(said.map(\.host) == ["::1"] && said.map(\.port) == [2211])
        #expect(throws: (any Error).self) { _ = try Reach(["n1"]) }
        #expect(throws: (any Error).self) { _ = try Reach(["n1=host:0"]) }
    }

    @Test func opensConnectionsThatArrive() throws {
        let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(listener) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let bound = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(listener, $0, length) == 0 && listen(listener, 4) == 0 && getsockname(listener, $0, &length) == 0
            }
        }
        try #require(bound)
        var opener = ConnectionOpener()
        opener.round([("127.0.0.1", Int(UInt16(bigEndian: address.sin_port)))])
        var waiting = pollfd(fd: listener, events: Int16(POLLIN), revents: 0)
        #expect(poll(&waiting, 1, 2000) == 1)
        opener.close()
    }
}

@Suite struct InvitationTests {
    private let invitation = InviteAnswer(
        token: "TOKEN", expires: Instant(milliseconds: 0), fingerprint: "f", url: "https://10.0.0.1:7443", pin: "sha256//PIN=")
    private var script: InvitationScript {
        InvitationScript(invitation, sums: [("amd64", String(repeating: "a", count: 64)), ("arm64", String(repeating: "b", count: 64))])
    }

    @Test func theLineIsOneLineThatAShellUnderstandsAndPinsTheKey() async throws {
        let line = script.line
        #expect(!line.contains("\n") && line.contains("--pinnedpubkey 'sha256//PIN='") && line.contains("sha256sum -c"))
        #expect(line.contains("--token-stdin") && !line.contains("enrol TOKEN"))
        EventLoop.runInBackground()
        let result = try await run(Command("/bin/sh", ["-n"], input: Array(line.utf8)))
        #expect(result.succeeded, "\(result.errorOutput)")
    }

    @Test func aWrongPackageIsNotInstalled() async throws {
        let folder = "/tmp/skep-invite-\(SystemRandom.hex(6))"
        defer { try? Files.removeTree(folder) }
        try Files.makeDirectory(folder)
        let programs = [
            "id": "echo 0", "dpkg": "echo amd64", "apt-get": "touch \(folder)/installed",
            "skep-agent": "cat >\(folder)/token; echo \"$@\" >\(folder)/arguments",
            "curl": "while [ \"$1\" != -o ]; do shift; done; printf package >\"$2\"",
        ]
        for (name, body) in programs { try AtomicFile.write("\(folder)/\(name)", "#!/bin/sh\n\(body)\n", mode: 0o755) }
        EventLoop.runInBackground()
        func enrol(_ sum: String) async throws -> CommandResult {
            let script = InvitationScript(invitation, sums: [("amd64", sum)])
            return try await run(
                Command("/bin/sh", ["-s"], input: Array((script.line + "\n").utf8), environment: ["PATH": "\(folder):/usr/bin:/bin"]))
        }
        #expect(try await enrol(String(repeating: "0", count: 64)).succeeded == false)
        #expect(!Files.exists(folder + "/installed") && !Files.exists(folder + "/token"))
        let sum = try await run(Command("/usr/bin/sha256sum", [], input: Array("package".utf8))).output.prefix(64)
        let result = try await enrol(String(sum))
        #expect(result.succeeded, "\(result.errorOutput)")
        #expect(try Files.readText(folder + "/token") == "TOKEN\n")
        #expect(try Files.readText(folder + "/arguments") == "enrol --coordinator https://10.0.0.1:7443 --token-stdin\n")
    }

    @Test func cloudInitKeepsTheTokenInAFileThatGoes() {
        let text = script.cloudInit
        #expect(text.hasPrefix("#cloud-config\n") && text.contains("permissions: \"0600\"") && text.contains("--token-file /run/skep-invitation"))
        #expect(text.contains("rm -f /run/skep-invitation"))
    }
}

@Suite struct OutputTests {
    private func status(_ phase: String, progress: String?) throws -> StatusAnswer {
        let name = try #require(ClusterName(rawValue: "geneva"))
        var node = StatusAnswer.Node(name: try #require(NodeName(rawValue: "n1")), id: nil, role: .manager, ready: progress == nil, liveness: "live")
        node.progress = progress
        return StatusAnswer(
            cluster: .init(name: name, kind: .target, generation: Generation(1), ready: progress == nil, phase: phase, waits: [], conditions: []),
            nodes: [node],
            stacks: [.init(name: "shop", ready: false, reason: "waits", services: [.init(name: "web", running: 0, desired: 2, error: "no image")])],
            operations: [], now: Instant(milliseconds: 0))
    }

    @Test func aJournalSaysEachThingOnce() throws {
        var journal = ProgressJournal()
        #expect(journal.news(try status("installing", progress: "apt")) == ["geneva: installing", "n1: apt", "stack shop: web: no image"])
        #expect(journal.news(try status("installing", progress: "apt")) == [])
        #expect(journal.news(try status("ready", progress: nil)) == ["geneva: ready", "n1: ready"])
    }

    @Test func whatHadEndedBeforeTheFirstLookIsNoNews() throws {
        var journal = ProgressJournal()
        var answer = try status("installing", progress: nil)
        let at = Instant(milliseconds: 0)
        var old = Operation(id: "join-1", kind: .join, generation: Generation(1), started: at, state: .failed(at: at, why: "late"))
        old.steps = [.init(name: "rotate", at: at, detail: "")]
        answer.operations = [old]
        #expect(!journal.news(answer).contains { $0.hasPrefix("join") })
        #expect(journal.news(answer) == [])
        var new = Operation(id: "join-2", kind: .join, generation: Generation(1), started: at)
        new.steps = [.init(name: "joined n3", at: at, detail: "a member")]
        answer.operations.append(new)
        #expect(journal.news(answer) == ["join: joined n3: a member"])
    }

    @Test func problemsStandAtTheSharesThatTheyName() throws {
        func share(_ name: String, _ path: String, _ mount: String) -> ClusterSpec.Share {
            ClusterSpec.Share(name: ShareName(unchecked: name), path: path, mount: mount, write: [], owner: "0:0", mode: "0750")
        }
        func node(_ name: String, _ conditions: (Condition.Kind, Truth, String)...) -> StatusAnswer.Node {
            var node = StatusAnswer.Node(name: NodeName(unchecked: name), id: nil, role: .worker, ready: false, liveness: "live")
            node.conditions = conditions.map { Condition($0.0, $0.1, reason: "R", message: $0.2, since: Instant(milliseconds: 0)) }
            return node
        }
        let problems = ShareProblems(
            [share("data", "/data", "/mnt/data"), share("data2", "/data2", "/mnt/data2")],
            [
                node("n1", (.exports, .false, "exporting /data, /data2: no space"), (.mounts, .true, "/mnt/data")),
                node("n2", (.mounts, .false, "/mnt/data2: NotWritable: /mnt/data2/.probe cannot be made")),
                node("n3", (.mounts, .unknown, "mounts could not be read: no answer"), (.packages, .false, "/mnt/data")),
            ])
        #expect(problems.named[ShareName(unchecked: "data")] == ["n1": "exporting /data, /data2: no space"])
        #expect(problems.named[ShareName(unchecked: "data2")]?.keys.sorted() == ["n1", "n2"])
        #expect(ShareProblems.lines(problems.others) == ["n3: mounts could not be read: no answer"])
        #expect(problems.all(ShareName(unchecked: "data")).keys.sorted() == ["n1", "n3"])
    }

    @Test func theTrafficIsAMatrixWithALineForEachFailure() throws {
        var answer = try status("ready", progress: nil)
        #expect(TrafficLines(answer).lines == ["no node has been asked to try the traffic yet"])
        func trial(_ passes: Truth, _ age: Double? = 5, _ why: String? = nil) -> StatusAnswer.Traffic.Trial {
            .init(passes: passes, passedSecondsAgo: age, failure: why)
        }
        let (one, two) = (NodeName(unchecked: "n1"), NodeName(unchecked: "n2"))
        answer.traffic = [
            .init(
                node: one, triedSecondsAgo: 5, mtu: 1450, trouble: nil,
                paths: [.init(to: two, trial: trial(.true), smallMilliseconds: 0.42, largeMilliseconds: 1.25)],
                ports: [.init(port: 80, trial: trial(.true))]),
            .init(
                node: two, triedSecondsAgo: nil, mtu: nil, trouble: "no end",
                paths: [.init(to: one, trial: trial(.false, 300, "no packet passes"), smallMilliseconds: nil, largeMilliseconds: nil)],
                ports: [.init(port: 80, trial: trial(.unknown, nil))]),
        ]
        #expect(
            TrafficLines(answer).lines == [
                "FROM  → n1   → n2        :80  TRIED", "n1    –      0.4/1.3 ms  ok   5 s ago", "n2    FAILS  –           ?    never",
                "  n2 → n1: no packet passes; last passed: 5 min ago", "  n2: no end",
            ])
    }

    @Test func aViewShowsNodesAndStacks() throws {
        let lines = StatusView(try status("installing", progress: "apt\u{1b}[31m")).lines
        #expect(lines.first == "geneva (target), generation 1: installing")
        #expect(lines.contains { $0.hasPrefix("n1    manager  not ready") })
        #expect(lines.contains { $0.contains("web 0/2") && $0.contains("no image") })
        #expect(Output.plain("apt\u{1b}[31m\u{9b}x\u{7}") == "apt?[31m?x?")
    }
}
