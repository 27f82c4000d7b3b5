import CoordinatorCore
import SkepModel
import Testing

/// Engines that only a restart mends, where the file allows it.
@Suite struct RestartTests {
    private func broken(_ indices: Int..., managers: Int = 1, policy: ClusterSpec.Policy.RestartDocker = .quorumSafe) -> Fixture {
        var fixture = Fixture(managers: managers)
        fixture.makeSwarm(joined: [2, 3])
        fixture.snapshot.spec.policy.restartDocker = policy
        for index in 2...3 where index <= managers {
            fixture.snapshot.nodes[index - 1].status?.swarm.isManager = true
            fixture.snapshot.nodes[0].status?.manager?.members[index - 1].role = .manager
        }
        for index in indices { say("ChainsGone", .false, index, &fixture) }
        return fixture
    }

    private func say(_ reason: String, _ status: Truth, _ index: Int, _ fixture: inout Fixture) {
        fixture.snapshot.nodes[index - 1].status?.conditions.removeAll { $0.type == .docker }
        fixture.snapshot.nodes[index - 1].status?.conditions.append(Condition(.docker, status, reason: reason, message: "", since: fixture.now))
    }

    private func restarted(_ plan: Plan) -> [NodeID] { plan.nodeSpecs.filter { $0.value.docker?.restart == true }.map(\.key).sorted() }

    @Test func oneEngineAfterTheOther() {
        var fixture = broken(2, 3)
        fixture.pass()
        var plan = fixture.pass()
        #expect(restarted(plan) == [Fixture.id(2)])
        say("Running", .true, 2, &fixture)
        fixture.pass()
        #expect(fixture.snapshot.operations.last { $0.kind == .restart }?.nodes == [Fixture.id(3)], "\(fixture.snapshot.operations)")
        fixture.pass()
        plan = fixture.pass()
        #expect(restarted(plan) == [Fixture.id(3)])
    }

    @Test func notUnlessTheFileAllowsIt() {
        var fixture = broken(2, policy: .never)
        fixture.pass()
        #expect(restarted(fixture.pass()).isEmpty)
    }

    @Test func notWhileAnotherNodeIsAwayNorAgainstTheMajority() {
        var away = broken(2)
        away.silence(3)
        away.pass()
        #expect(restarted(away.pass()).isEmpty)
        #expect(away.pass().waits.contains { $0.waitsFor.contains("n3 to be in the swarm") })
        var needed = broken(2, managers: 3)
        needed.snapshot.nodes[0].status?.manager?.members[2].reachable = false
        needed.pass()
        #expect(restarted(needed.pass()).isEmpty)
        var only = broken(1)
        only.pass()
        #expect(restarted(only.pass()) == [Fixture.id(1)], "nobody else can lead meanwhile in any case")
    }

    @Test func oneThatDoesNotHelpIsNotBegunAgainAtOnce() {
        var fixture = broken(2)
        fixture.pass()
        fixture.advance(by: 301_000)
        fixture.pass()
        guard case .failed? = fixture.snapshot.operations.last(where: { $0.kind == .restart })?.state else {
            Issue.record("it should have failed")
            return
        }
        fixture.pass()
        #expect(restarted(fixture.pass()).isEmpty)
    }
}
