import CoordinatorCore
import SkepModel
import Testing

/// Folders of the nodes' own disks that stacks bind (moby#29219).
@Suite struct FolderTests {
    private let shop = StackName(unchecked: "shop")

    private func fixture(_ binds: [StackBundle.Bind]) -> Fixture {
        var fixture = Fixture()
        fixture.makeSwarm(joined: [2, 3])
        fixture.snapshot.record.tokenEpoch = 0
        fixture.snapshot.spec.stacks = [.init(name: shop, source: .compose("s.yml"))]
        fixture.snapshot.bundles[shop] = StackBundle(name: shop, digest: "shop-1", compose: "", services: ["a"], binds: binds)
        return fixture
    }

    private func wanted(_ plan: Plan) -> [[String]?] { (1...3).map { plan.nodeSpecs[Fixture.id($0)]?.folders } }

    @Test func areAskedForWhereAServiceMayRun() {
        var everywhere = fixture([.init(path: "/srv/b", constraints: []), .init(path: "/srv/a", constraints: [])])
        #expect(wanted(everywhere.pass()) == [["/srv/a", "/srv/b"], ["/srv/a", "/srv/b"], ["/srv/a", "/srv/b"]])
        var workers = fixture([.init(path: "/srv/a", constraints: ["node.role != manager"])])
        #expect(wanted(workers.pass()) == [nil, ["/srv/a"], ["/srv/a"]])
        var one = fixture([.init(path: "/srv/a", constraints: ["node.labels.skep.node == n2"])])
        #expect(wanted(one.pass()) == [nil, ["/srv/a"], nil])
        var unknown = fixture([.init(path: "/srv/a", constraints: ["node.platform.arch == x86_64"])])
        #expect(wanted(unknown.pass()) == [["/srv/a"], ["/srv/a"], ["/srv/a"]], "what cannot be told is made")
    }

    @Test func areThereBeforeTheStackIsDeployed() {
        var fixture = fixture([.init(path: "/srv/a", constraints: ["node.role == worker"])])
        fixture.snapshot.nodes[1].status?.folders = ["/srv/a"]
        let plan = fixture.pass()
        #expect(plan.operations.isEmpty && plan.waits.contains { $0.what == "stack shop" && $0.waitsFor.contains("/srv/a on n3") })
        fixture.snapshot.nodes[2].status?.folders = []
        #expect(fixture.pass().waits.contains { $0.waitsFor.contains("/srv/a on n3, which its services bind") && $0.command == "skep node show n3" })
        fixture.snapshot.nodes[2].status?.folders = ["/srv/a"]
        #expect(fixture.pass().operations.map(\.stack) == [shop])
    }
}
