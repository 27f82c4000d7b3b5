import SkepModel
import Testing

@Suite struct RepairSummaryTests {
    private func event(_ fault: Repair.Fault, _ seconds: Double, node: String = "n1", at: Int64 = 1, failures: Int = 0) -> Event {
        Event(
            at: Instant(milliseconds: at), node: NodeName(unchecked: node), kind: .repair, message: "", seconds: seconds,
            repair: Repair(fault: fault, evidence: "", failures: failures, before: "", after: "", noticed: Instant(milliseconds: 0)))
    }

    @Test func countsByClassTheMostFrequentFirst() throws {
        let summaries = RepairSummary.summaries(of: [
            event(.engineStopped, 400), event(.tableGone, 0.02, at: 5, failures: 2), event(.tableGone, 0.2, node: "n2", at: 9),
            event(.tableGone, 0.05), event(.tableGone, 7), Event(at: Instant(milliseconds: 3), kind: .act, message: "no repair"),
        ])
        #expect(summaries.map(\.fault) == [.tableGone, .engineStopped])
        let table = try #require(summaries.first)
        #expect(table.count == 4)
        #expect(table.nodes == 2)
        #expect(table.failures == 2)
        #expect(table.median == 0.125)
        #expect(table.longest == 7)
        #expect(table.last == Instant(milliseconds: 9))
        #expect(
            table.histogram.filter { $0.count > 0 } == [.init(seconds: 0.05, count: 2), .init(seconds: 0.5, count: 1), .init(seconds: 20, count: 1)])
        #expect(summaries.last?.histogram.last == .init(seconds: nil, count: 1))
        #expect(summaries.allSatisfy { summary in summary.histogram.reduce(0) { $0 + $1.count } == summary.count })
    }

    @Test func nothingIsNothing() {
        #expect(RepairSummary.summaries(of: []).isEmpty)
    }
}
