import CoordinatorCore
import SkepModel
import Testing

@Suite struct StackTests {
    private let web = StackName(unchecked: "traefik")
    private let shop = StackName(unchecked: "shop")

    private func fixture() -> Fixture {
        var fixture = Fixture()
        fixture.makeSwarm(joined: [2, 3])
        fixture.snapshot.record.tokenEpoch = 0
        fixture.snapshot.spec.stacks = [.init(name: shop, source: .compose("s.yml"), after: [web]), .init(name: web, source: .catalogue)]
        for name in [web, shop] { fixture.snapshot.bundles[name] = StackBundle(name: name, digest: "\(name)-1", compose: "", services: ["a"]) }
        return fixture
    }

    private func service(_ stack: StackName, running: Int, error: String? = nil) -> ManagerView.Stack {
        .init(
            name: stack.rawValue, ours: true, services: [.init(name: "\(stack)_a", running: running, desired: 1, bundle: "\(stack)-1", error: error)])
    }

    @Test func whatIsNeededComesFirst() {
        var fixture = fixture()
        let plan = fixture.pass()
        #expect(plan.operations.map(\.stack) == [web])
        #expect(plan.waits.contains { $0.what == "stack shop" && $0.waitsFor.contains("traefik") })
        #expect(fixture.pass().nodeSpecs[Fixture.id(1)]?.duties?.stacks.map(\.name) == [web])
    }

    @Test func aStackWaitsUntilWhatItNeedsIsHealthyAndSaysWhy() {
        var fixture = fixture()
        fixture.pass()
        fixture.snapshot.nodes[0].status?.manager?.stacks = [service(web, running: 0, error: "n1: No such image: traefik:v0")]
        let plan = fixture.pass()
        #expect(plan.stacks.first { $0.name == "traefik" }?.reason?.contains("No such image") == true)
        #expect(plan.nodeSpecs[Fixture.id(1)]?.duties?.stacks.map(\.name) == [web])
        fixture.snapshot.nodes[0].status?.manager?.stacks = [service(web, running: 1)]
        fixture.pass()
        let next = fixture.pass()
        #expect(fixture.snapshot.operations.last?.stack == shop)
        #expect(next.nodeSpecs[Fixture.id(1)]?.duties?.stacks.map(\.name).sorted() == [shop, web])
    }

    /// Nothing runs of a service with no replicas, and nothing is missing; of one that somebody scaled to nothing, or that fits nowhere, all is.
    @Test(arguments: [true, false]) func aServiceWithoutReplicasIsHealthyWhereItIsAskedFor(isAskedFor: Bool) {
        var fixture = fixture()
        if isAskedFor { fixture.snapshot.bundles[web]?.idle = ["a"] }
        fixture.pass()
        var stack = service(web, running: 0)
        stack.services[0].desired = 0
        fixture.snapshot.nodes[0].status?.manager?.stacks = [stack]
        fixture.pass()
        let view = fixture.pass().stacks.first { $0.name == "traefik" }
        #expect(view?.ready == isAskedFor && view?.reason == (isAskedFor ? nil : "traefik_a runs 0 of 0"))
        #expect((fixture.snapshot.operations.last?.stack == shop) == isAskedFor)
    }

    @Test(arguments: [
        ("No such image: shop:9@sha256:00 (on n2); No such image: shop:9@sha256:00 (on n3)", "'journalctl -u docker' on n2"),
        (
            "task: non-zero exit (143): dockerexec: unhealthy container (on n1)",
            "its health check fails: 'docker service logs traefik_a' on a manager"
        ),
        ("task: non-zero exit (1) (on n1)", "its own words: 'docker service logs traefik_a' on a manager"),
        ("no suitable node (insufficient resources on 2 nodes)", "lower deploy.resources.reservations, or add a node"),
        ("range of CPUs is from 0.01 to 1.00, as there are only 1 CPUs available (on n3)", "to what n3 has"),
    ])
    func aFailingTaskIsSaidWithWhatToDoNext(error: String, next: String) {
        var fixture = fixture()
        fixture.pass()
        fixture.snapshot.nodes[0].status?.manager?.stacks = [service(web, running: 0, error: error)]
        let reason = fixture.pass().stacks.first { $0.name == "traefik" }?.reason ?? ""
        #expect(reason.hasPrefix("traefik_a runs 0 of 1: \(error); ") && reason.hasSuffix(next))
    }

    @Test func whatNobodyCanReadIsNotCalledADeployment() {
        var fixture = fixture()
        #expect(fixture.pass().phase == "deploying stacks")
        fixture.snapshot.nodes[0].status?.manager = nil
        let plan = fixture.pass()
        #expect(plan.phase == "no manager answers" && !plan.ready)
        #expect(plan.stacks.allSatisfy { !$0.ready && $0.reason == "the swarm cannot be read now" })
    }

    @Test func aDeploymentThatDoesNotConvergeFailsWithTheTasksOwnError() {
        var fixture = fixture()
        fixture.pass()
        fixture.snapshot.nodes[0].status?.manager?.stacks = [service(web, running: 0, error: "n1: task: non-zero exit (1)")]
        fixture.snapshot.settings.deployDeadline = -1
        fixture.pass()
        guard case .failed(_, let why)? = fixture.snapshot.operations.first(where: { $0.stack == web })?.state else {
            Issue.record("the operation is still open")
            return
        }
        #expect(why.contains("non-zero exit (1)"))
    }

    @Test func whatIsAskedForAgainIsHandedOverAgainAlthoughItRuns() {
        var fixture = fixture()
        fixture.snapshot.spec.stacks.removeFirst()
        fixture.snapshot.nodes[0].status?.manager?.stacks = [service(web, running: 1)]
        #expect(fixture.pass().operations.isEmpty)
        fixture.snapshot.record.stackAttempts = [web: 1]
        #expect(fixture.pass().operations.map(\.stack) == [web])
        #expect(fixture.pass().nodeSpecs[Fixture.id(1)]?.duties?.stacks.first?.number == 1)
        fixture.snapshot.nodes[0].status?.manager?.stacks[0].services[0].attempt = 1
        fixture.pass()
        #expect(fixture.snapshot.operations.last?.isOpen == false)
        #expect(fixture.pass().stacks.first?.ready == true)
    }

    /// A tag may name another program tomorrow: what is healed or rolled back is what ran.
    @Test func theDigestsThatRanAreKeptForEachBundle() {
        var fixture = fixture()
        fixture.snapshot.spec.stacks.removeFirst()
        fixture.snapshot.bundles[web]?.images = ["acme/web:1"]
        func runs(_ bundle: String, _ image: String) {
            var stack = service(web, running: 1)
            stack.services[0].image = image
            stack.services[0].bundle = bundle
            fixture.snapshot.nodes[0].status?.manager?.stacks = [stack]
            fixture.snapshot.bundles[web]?.digest = bundle
            fixture.pass()
        }
        func pins() -> [String: String]? { fixture.pass().nodeSpecs[Fixture.id(1)]?.duties?.stacks.first?.pins }
        runs("traefik-1", "acme/web:1@sha256:01")
        #expect(pins() == ["acme/web:1": "acme/web:1@sha256:01"])
        runs("traefik-2", "acme/web:1@sha256:02")
        #expect(pins() == ["acme/web:1": "acme/web:1@sha256:02"])
        fixture.snapshot.bundles[web]?.digest = "traefik-1"
        fixture.pass()
        #expect(fixture.snapshot.operations.last?.stack == web && fixture.snapshot.operations.last?.isOpen == true)
        #expect(pins() == ["acme/web:1": "acme/web:1@sha256:01"], "rolled back, it is what ran then")
        runs("traefik-3", "acme/web:1")
        #expect(pins() == nil, "what no registry gave a digest for is not pinned")
        for number in 4..<60 { runs("traefik-\(number)", "acme/web:1@sha256:\(number)") }
        #expect(fixture.snapshot.record.pins?[web]?.count == 30)
    }

    private func takenBack(_ number: Int = 0) -> ManagerView.Stack {
        .init(
            name: web.rawValue, ours: true, services: [.init(name: "traefik_a", running: 1, desired: 1, bundle: "traefik-0")],
            failure: "the swarm took traefik_a back to what ran before: No such image", takenBack: .init(digest: "traefik-1", number: number))
    }

    @Test func whatTheSwarmTookBackFailsAtOnceAndWaitsForAPerson() {
        var fixture = fixture()
        fixture.pass()
        fixture.snapshot.nodes[0].status?.manager?.stacks = [takenBack()]
        fixture.pass()
        guard case .failed(_, let why)? = fixture.snapshot.operations.first(where: { $0.stack == web })?.state else {
            Issue.record("the operation is still open")
            return
        }
        #expect(why.contains("No such image"))
        fixture.advance(by: 86_400_000)
        var plan = fixture.pass()
        #expect(fixture.snapshot.operations.count { $0.stack == web } == 1, "it is not tried again by itself")
        #expect(plan.waits.contains { $0.what == "stack traefik" && $0.command == "skep stack deploy traefik" })
        #expect(plan.nodeSpecs[Fixture.id(1)]?.duties?.keep.contains(web) == true)

        // An agent that was exchanged since says nothing of it.
        fixture.snapshot.nodes[0].status?.manager?.stacks[0].takenBack = nil
        fixture.snapshot.nodes[0].status?.manager?.stacks[0].failure = nil
        fixture.pass()
        #expect(fixture.snapshot.operations.count { $0.stack == web } == 1)

        fixture.snapshot.nodes[0].status?.manager?.stacks = [takenBack()]
        fixture.snapshot.record.stackAttempts = [web: 1]
        fixture.pass()
        plan = fixture.pass()
        #expect(fixture.snapshot.operations.last?.stack == web && fixture.snapshot.operations.last?.isOpen == true)
        #expect(plan.nodeSpecs[Fixture.id(1)]?.duties?.stacks.first?.attempt == .init(digest: "traefik-1", number: 1))
    }

    @Test func otherFilesAreTriedAndWhatRanBeforeIsWhole() {
        var fixture = fixture()
        fixture.pass()
        fixture.snapshot.nodes[0].status?.manager?.stacks = [takenBack()]
        fixture.pass()
        fixture.snapshot.bundles[web]?.digest = "traefik-0"
        let plan = fixture.pass()
        #expect(plan.stacks.first { $0.name == "traefik" }?.ready == true, "rolled back to what runs")
        fixture.snapshot.bundles[web]?.digest = "traefik-2"
        // the other stack's turn may have come in between
        for index in fixture.snapshot.operations.indices where fixture.snapshot.operations[index].isOpen {
            fixture.snapshot.operations[index].state = .done(at: fixture.now)
        }
        fixture.pass()
        #expect(fixture.snapshot.operations.contains { $0.stack == web && $0.isOpen && $0.attempt?.digest == "traefik-2" })
    }
}
