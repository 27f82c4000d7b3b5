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
}
