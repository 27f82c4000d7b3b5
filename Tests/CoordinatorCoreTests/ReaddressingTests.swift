import CoordinatorCore
import SkepModel
import Testing

/// A member that has another address than it is advertised by leaves and joins anew; what names it follows.
@Suite struct ReaddressingTests {
    private let new = IPAddress.v4(0x0a4d_0063)

    private func cluster(managers: Int = 1) -> Fixture {
        var fixture = Fixture(managers: managers)
        fixture.makeSwarm(joined: [2, 3])
        for index in 1...3 {
            fixture.snapshot.nodes[index - 1].status?.swarm.address = Fixture.address(index)
            if index > 1, index <= managers {
                fixture.snapshot.nodes[index - 1].status?.swarm.isManager = true
                fixture.snapshot.nodes[0].status?.manager?.members[index - 1].role = .manager
            }
        }
        fixture.pass()
        return fixture
    }

    private func move(_ index: Int, _ fixture: inout Fixture, to address: IPAddress?) {
        fixture.snapshot.nodes[index - 1].status?.facts.addresses.removeAll { $0.address == Fixture.address(index) }
        if let address {
            fixture.snapshot.nodes[index - 1].status?.facts.addresses.append(.init(interface: "eth0", address: address, prefix: 24, mtu: 1500))
        }
    }

    @Test func aWorkerLeavesAndJoinsByItsNewAddress() throws {
        var fixture = cluster()
        move(3, &fixture, to: new)
        var plan = fixture.pass()
        #expect(plan.operations.isEmpty, "a network that is restarted is no move")
        #expect(!plan.ready)
        fixture.advance(by: 10_000)
        plan = fixture.pass()
        #expect(plan.operations.last?.kind == .readdress)
        #expect(plan.record.addresses[Fixture.id(3)] == new)
        #expect(plan.nodeSpecs[Fixture.id(2)]?.firewall?.audiences[.cluster]?.contains { $0.contains(new) } == true, "the others let it in")
        #expect(plan.nodeSpecs[Fixture.id(2)]?.peers.first { $0.name == NodeName(unchecked: "n3") }?.address == new)
        #expect(plan.nodeSpecs[Fixture.id(3)]?.swarm == .leave(swarm: "s"))
        fixture.snapshot.nodes[2].status?.swarm = .init(state: .inactive)
        fixture.pass()
        #expect(fixture.snapshot.operations.filter { $0.kind == .readdress }.allSatisfy { !$0.isOpen })
        plan = fixture.pass()
        #expect(fixture.snapshot.operations.last?.kind == .join)
        fixture.snapshot.nodes[0].status?.manager?.sealed = [.init(node: Fixture.id(3), sealed: "CMS", epoch: 0)]
        guard case .join(let join)? = fixture.pass().nodeSpecs[Fixture.id(3)]?.swarm else {
            Issue.record("n3 is not told to join")
            return
        }
        #expect(join.advertise == new)
    }

    @Test func anAddressThatIsBackInTimeChangesNothing() {
        var fixture = cluster()
        let before = fixture.snapshot.nodes[2].status?.facts.addresses ?? []
        move(3, &fixture, to: new)
        fixture.pass()
        fixture.advance(by: 5000)
        fixture.snapshot.nodes[2].status?.facts.addresses = before
        fixture.pass()
        fixture.advance(by: 5000)
        let plan = fixture.pass()
        #expect(plan.operations.isEmpty && plan.record.moved == nil)
        #expect(plan.record.addresses[Fixture.id(3)] == Fixture.address(3))
    }

    @Test func anAddressThatIsBackLaterIsTakenBack() {
        var fixture = cluster()
        let before = fixture.snapshot.nodes[0].status?.facts.addresses ?? []
        move(1, &fixture, to: new)
        fixture.pass()
        fixture.advance(by: 10_000)
        #expect(fixture.pass().record.addresses[Fixture.id(1)] == new, "the others let it in meanwhile, though it is the only manager")
        fixture.snapshot.nodes[0].status?.facts.addresses = before
        #expect(fixture.pass().record.addresses[Fixture.id(1)] == Fixture.address(1))
        #expect(fixture.pass().waits.allSatisfy { !$0.what.contains("n1") })
    }

    @Test func aManagerLaysItsRoleDownFirstAndOneMovesAtATime() {
        var fixture = cluster(managers: 3)
        move(2, &fixture, to: new)
        move(3, &fixture, to: IPAddress.v4(0x0a4d_0064))
        fixture.pass()
        fixture.advance(by: 10_000)
        var plan = fixture.pass()
        #expect(fixture.snapshot.operations.filter(\.isOpen).map(\.nodes) == [[Fixture.id(2)]])
        #expect(plan.nodeSpecs[Fixture.id(2)]?.swarm == .member(swarm: "s"), "not while it is a manager")
        #expect(plan.nodeSpecs[Fixture.id(1)]?.duties?.members.first { $0.id == "w2" }?.role == .worker)
        #expect(plan.nodeSpecs[Fixture.id(1)]?.duties?.members.first { $0.id == "w3" }?.role == .manager)
        fixture.snapshot.nodes[0].status?.manager?.members[1].role = .worker
        plan = fixture.pass()
        #expect(plan.nodeSpecs[Fixture.id(2)]?.swarm == .leave(swarm: "s"), "although its own engine may not have heard of it")
    }

    @Test func theOnlyManagerCannotBeFollowed() {
        var fixture = cluster()
        move(1, &fixture, to: new)
        fixture.pass()
        fixture.advance(by: 10_000)
        let plan = fixture.pass()
        #expect(plan.operations.isEmpty)
        #expect(plan.nodeSpecs[Fixture.id(1)]?.swarm == .member(swarm: "s"))
        #expect(plan.waits.contains { $0.waitsFor.contains("it is the only manager") })
    }

    @Test func oneWithoutAnAddressOfItsOwnIsSaid() {
        var fixture = cluster()
        move(3, &fixture, to: nil)
        let words = "an address in the ranges of 'nodes' that only it has"
        #expect(fixture.pass().waits.contains { $0.what == "n3" && $0.waitsFor.contains(words) })
        move(3, &fixture, to: .v4(0xc0a8_0505))
        fixture.pass()
        fixture.advance(by: 10_000)
        let plan = fixture.pass()
        #expect(plan.operations.isEmpty, "it is heard over a network in which the others need not reach it")
        #expect(plan.waits.contains { $0.what == "n3" && $0.waitsFor.contains(words) })
    }
}
