import CoordinatorCore
import SkepModel
import Testing

@Suite struct BringUpTests {
    @Test func nothingIsMadeBeforeAllFactsAreIn() {
        var fixture = Fixture()
        fixture.snapshot.nodes.removeLast()
        let plan = fixture.pass()
        #expect(plan.record.decisions == nil)
        #expect(plan.waits.contains { $0.what == "n3" && $0.command?.contains("skep node defer n3") == true })
        fixture.snapshot.record.deferred = [NodeName(unchecked: "n3")]
        #expect(fixture.pass().record.probeRound == 1, "without the deferred node it goes on")
    }

    @Test func decidesFromProbesAndNeverAnAddressThatTwoNodesHave() throws {
        var fixture = Fixture()
        fixture.pass()
        fixture.answerProbes(mtu: 1450)
        let plan = fixture.pass()
        let decisions = try #require(plan.record.decisions)
        #expect(plan.record.addresses.values.sorted() == [1, 2, 3].map { Fixture.address($0) })
        #expect(decisions.mtu == 1450)
        #expect(decisions.dataPathPort == 4789)
        #expect(!decisions.addressPool.overlaps(try #require(CIDR("10.77.0.0/24"))))
        #expect(!decisions.addressPool.overlaps(try #require(CIDR("10.0.2.0/24"))))
        #expect(plan.operations.map(\.kind) == [.initialise])
        let makers = fixture.pass().nodeSpecs.values.filter { if case .initialise = $0.swarm { true } else { false } }
        #expect(makers.map(\.name.rawValue) == ["n1"])
    }

    @Test func anAddressThatSomebodyDoesNotReachIsNamed() {
        var fixture = Fixture()
        fixture.pass()
        fixture.answerProbes(unreachable: [Fixture.address(2)])
        let plan = fixture.pass()
        #expect(plan.record.decisions == nil)
        #expect(plan.waits.contains { $0.what == "n2" && $0.waitsFor.contains("10.77.0.12") })
    }

    @Test func aClockThatIsHoursOffHoldsTheSwarmBack() {
        var fixture = Fixture()
        fixture.snapshot.nodes[1].status?.facts.clockOffset = 3 * 3_600_000
        let plan = fixture.pass()
        #expect(plan.record.probeRound == 0)
        #expect(plan.waits.contains { $0.what == "n2" && $0.waitsFor.contains("3 h ahead") })
    }

    @Test func aForeignSwarmIsSaid() {
        var fixture = Fixture()
        fixture.snapshot.nodes[2].status?.conditions.append(
            Condition(.swarm, .false, reason: "ForeignSwarm", message: "this engine is in a swarm that Skep did not make", since: fixture.now))
        let plan = fixture.pass()
        #expect(plan.record.probeRound == 0)
        #expect(plan.waits.contains { $0.what == "n3" && $0.waitsFor.contains("did not make") })
    }

    @Test func theSwarmIsMadeWhileOtherPackagesAreInstalled() {
        var fixture = Fixture()
        fixture.pass()
        fixture.answerProbes()
        let installing = Condition(.packages, .false, reason: "Installing", message: "Unpacking nfs-kernel-server", since: fixture.now)
        fixture.snapshot.nodes[0].status?.conditions.removeAll { $0.type == .packages }
        fixture.snapshot.nodes[0].status?.conditions.append(installing)
        fixture.pass()
        let isFree = fixture.pass().operations.allSatisfy { $0.waitsFor?.contains("nfs") != true }
        #expect(isFree)

        fixture.snapshot.nodes[0].status?.conditions.removeAll { $0.type == .docker }
        fixture.snapshot.nodes[0].status?.conditions.append(
            Condition(.docker, .false, reason: "NotInstalled", message: "the Docker Engine is not installed yet", since: fixture.now))
        let plan = fixture.pass()
        #expect(plan.waits.contains { $0.what == "the swarm" && $0.waitsFor == "n1: Unpacking nfs-kernel-server" }, "what apt does says more")
    }

    @Test func decisionsAreNeverTakenAnew() {
        var fixture = Fixture()
        fixture.makeSwarm()
        let before = fixture.snapshot.record.decisions
        fixture.answerProbes(mtu: 1280)
        #expect(fixture.pass().record.decisions == before)
    }
}
