import SkepModel
import Testing

/// What a machine says, whatever it says, can be reckoned with.
@Suite struct BoundsTests {
    private func status(_ extreme: Int64) -> NodeStatus {
        let at = Instant(milliseconds: extreme)
        var status = NodeStatus(
            node: NodeID(unchecked: "0000000000000001"), bootID: "b", agentVersion: "0", observed: at, revision: 1, generation: Generation(1),
            facts: NodeFacts(machineID: "m", hostname: "n", clockOffset: extreme), swarm: .init(state: .inactive),
            conditions: [Condition(.docker, .true, reason: "Good", message: "", since: at)])
        status.events = [NodeEvent(sequence: 1, at: at, kind: .action, message: "", seconds: nil)]
        status.manager = ManagerView(swarmID: "s", members: [], tokenEpoch: Int(extreme), term: Int(extreme))
        return status
    }

    @Test(arguments: [Int64.min, .max]) func extremesAreBroughtWithin(_ extreme: Int64) throws {
        let bounded = status(extreme).bounded()
        let limit: Int64 = 1 << 53
        let offset = try #require(bounded.facts.clockOffset)
        #expect(offset.magnitude == limit)
        for moment in [bounded.observed, bounded.conditions[0].since, bounded.events[0].at] { #expect(moment.milliseconds.magnitude == limit) }
        let view = try #require(bounded.manager)
        #expect(view.term == (extreme > 0 ? Int(limit) : 0) && view.tokenEpoch == view.term)
    }

    @Test func whatTheCanaryFoundIsNoLongerThanWhatIsAsked() throws {
        var large = status(.max)
        let path = CanaryReport.Path(node: large.node, address: .v4(1), trial: .init(passed: Instant(milliseconds: .min), misses: .max))
        let port = CanaryReport.Port(port: 1, failure: String(repeating: "x", count: 9999))
        large.canary = CanaryReport(
            at: Instant(milliseconds: .max), trouble: String(repeating: "y", count: 9999), paths: Array(repeating: path, count: 5000),
            ports: Array(repeating: port, count: 65_535))
        let canary = try #require(large.bounded().canary)
        #expect(canary.paths.count == 64 && canary.ports.count == 1024)
        #expect(canary.ports[0].failure?.count == 500 && canary.trouble?.count == 500)
        #expect(canary.at == Instant(milliseconds: 1 << 53) && canary.paths[0].trial.passed == Instant(milliseconds: -(1 << 53)))
    }

    @Test func whatIsOrdinaryStays() {
        #expect(status(1_700_000_000_000).bounded() == status(1_700_000_000_000))
    }
}
