import CoordinatorCore
import SkepModel
import Testing

@Suite struct FirewallTableTests {
    private func rules(_ fixture: Fixture, _ node: Int = 1) -> [FirewallSpec.Rule] {
        Planner().plan(fixture.snapshot, now: fixture.now).nodeSpecs[Fixture.id(node)]?.firewall?.rules ?? []
    }

    private func audiences(_ rules: [FirewallSpec.Rule], _ port: Int, _ transport: Transport = .tcp) -> [Audience]? {
        rules.first { $0.ports == PortRange(port) && $0.transport == transport }?.audiences
    }

    @Test func targetsFollowTheTable() {
        let rules = rules(Fixture())
        #expect(audiences(rules, 22) == [.management])
        #expect(audiences(rules, 8080) == [.management])
        #expect(audiences(rules, 2377) == [.cluster])
        #expect(audiences(rules, 7946, .udp) == [.cluster])
        #expect(audiences(rules, 4789, .udp) == [.cluster])
        #expect(audiences(rules, 443) == [.nuvla, .users])
        #expect(rules.contains { $0.ports == PortRange(30000, 32767) && $0.audiences == [.users] && $0.publishedOnly })
        #expect(audiences(rules, 2049) == nil)
        #expect(audiences(rules, 7443) == nil, "the coordinator is elsewhere")
        #expect(rules.filter { [22, 8080, 2377].contains(Int($0.ports.first)) }.allSatisfy { !$0.nodesToo })
    }

    /// A probe cannot answer through a port that our own table closes.
    @Test func everyDataPathPortThatIsTriedIsOpenUntilOneIsDecided() {
        func ports(_ rules: [FirewallSpec.Rule]) -> [UInt16] { rules.filter { $0.service == "swarm data path" }.map(\.ports.first) }
        var fixture = Fixture()
        #expect(ports(rules(fixture)) == [4789, 7789, 8789])
        let before = Planner().plan(fixture.snapshot, now: fixture.now).nodeSpecs[Fixture.id(1)]?.firewall
        #expect(before?.clusterPorts.contains(PortRange.known(8789)) == true)
        fixture.pass()
        fixture.answerProbes(closed: [4789])
        fixture.pass()
        #expect(fixture.snapshot.record.decisions?.dataPathPort == 7789)
        #expect(ports(rules(fixture)) == [7789])

        var fixed = Fixture()
        fixed.snapshot.spec.docker.dataPathPort = .fixed(9999)
        #expect(ports(rules(fixed)) == [9999])
    }

    @Test func aFixedPortThatDoesNotAnswerIsNamed() {
        var fixture = Fixture()
        fixture.snapshot.spec.docker.dataPathPort = .fixed(9999)
        fixture.pass()
        fixture.answerProbes(closed: [9999])
        let waits = fixture.pass().waits.map(\.waitsFor)
        #expect(waits.contains { $0.contains("9999/udp of 10.77.0.11 do not answer") }, "\(waits)")
    }

    /// What is published on the machine itself is found only where its task may run; the mesh is everywhere.
    @Test func aStacksPortIsOpenWhereItIsPublished() {
        func opened(_ publications: [StackBundle.Publication]) -> [Bool] {
            var fixture = Fixture()
            fixture.makeSwarm(joined: [2, 3])
            let shop = StackName(unchecked: "shop")
            fixture.snapshot.spec.stacks = [
                .init(name: shop, source: .compose("s.yml"), expose: [.init(ports: PortRange.known(8443), audiences: [.users])])
            ]
            fixture.snapshot.bundles[shop] = StackBundle(name: shop, digest: "1", compose: "", services: ["a"], publications: publications)
            return (1...3).map { audiences(rules(fixture, $0), 8443) == [.users] }
        }
        func port(_ port: Int, host: Bool, _ constraints: [String]? = nil) -> StackBundle.Publication {
            .init(service: "a", port: PortRange.known(port), transport: .tcp, host: host, constraints: constraints)
        }
        #expect(opened([port(8443, host: false)]) == [true, true, true])
        #expect(opened([port(8443, host: true)]) == [true, true, true])
        #expect(opened([port(8443, host: true, ["node.labels.skep.node == n2"])]) == [false, true, false])
        #expect(
            opened([port(8443, host: true, ["node.role == manager"]), port(8443, host: true, ["node.labels.skep.node == n3"])]) == [
                true, false, true,
            ])
        #expect(
            opened([port(8443, host: true, ["node.labels.skep.share.data == ok"])]) == [true, true, true], "rules do not follow a share's health")
        #expect(opened([port(9000, host: true, ["node.role == manager"])]) == [true, true, true], "of what it is for, nothing is known")
    }

    @Test func hostsFollowTheTable() {
        var fixture = Fixture()
        fixture.snapshot.spec.kind = .host
        let rules = rules(fixture)
        #expect(audiences(rules, 443) == [.management, .users])
        #expect(!rules.contains { $0.ports == PortRange(30000, 32767) })
    }

    @Test func theServersAndTheCoordinatorsPortsAreOnTheirNodesAlone() {
        var fixture = Fixture()
        fixture.snapshot.spec.nfs = .init(server: NodeName(unchecked: "n2"), shares: [])
        fixture.snapshot.coordinatorNode = Fixture.id(1)
        #expect(audiences(rules(fixture, 2), 2049) == [.cluster])
        #expect(audiences(rules(fixture, 3), 2049) == nil)
        #expect(audiences(rules(fixture, 1), 7443) == [.management, .nodes])
        #expect(audiences(rules(fixture, 1), 7444) == [.nodes])
        #expect(audiences(rules(fixture, 3), 7444) == nil)
    }

    @Test func anEvictedNodeLeavesTheSetAndItsFlowsEnd() {
        var fixture = Fixture()
        fixture.makeSwarm(joined: [2, 3])
        fixture.snapshot.nodes[2].evicted = true
        let firewall = Planner().plan(fixture.snapshot, now: fixture.now).nodeSpecs[Fixture.id(1)]?.firewall
        #expect(firewall?.audiences[.cluster]?.map(\.description) == ["10.77.0.11/32", "10.77.0.12/32"])
        #expect(firewall?.departed.map(\.description) == ["10.77.0.13"])
    }

    @Test func aPublishedPortThatNothingNamesIsShown() {
        var fixture = Fixture()
        fixture.makeSwarm(joined: [2, 3])
        let shop = StackName(unchecked: "shop")
        fixture.snapshot.spec.stacks = [.init(name: shop, source: .compose("shop.yml"))]
        let publication = StackBundle.Publication(service: "web", port: PortRange.known(9999), transport: .tcp, host: false)
        fixture.snapshot.bundles[shop] = StackBundle(name: shop, digest: "d", compose: "", services: ["web"], publications: [publication])
        func named() -> Condition? { Planner().plan(fixture.snapshot, now: fixture.now).conditions.first { $0.type.rawValue == "PortsNamed" } }
        #expect(named()?.status == .false)
        #expect(named()?.message.contains("shop_web: 9999/tcp") == true)
        fixture.snapshot.spec.stacks[0].expose = [.init(ports: publication.port, audiences: [.users])]
        #expect(named()?.status == .true)
    }
}
