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

    @Test func whatIsOrdinaryStays() {
        #expect(status(1_700_000_000_000).bounded() == status(1_700_000_000_000))
    }
}
