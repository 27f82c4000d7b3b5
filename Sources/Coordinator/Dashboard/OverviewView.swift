import SkepModel
import SkepWire

/// The list of clusters.
struct OverviewView: View {
    struct Row: View {
        let name: String
        let kind: String
        let generation: Int
        let mark: Mark
        let nodesReady: Int
        let nodesTotal: Int
        let stacksReady: Int
        let stacksTotal: Int
        let firstWait: String
    }

    let clusters: [Row]
    let anyCluster: Bool

    init(_ answers: [StatusAnswer]) {
        anyCluster = !answers.isEmpty
        clusters = answers.sorted { $0.cluster.name < $1.cluster.name }.map { answer in
            let more = answer.cluster.waits.count - 1
            let first = answer.cluster.waits.first.map { "\($0.what): \($0.waitsFor)" + (more > 0 ? " (and \(more) more)" : "") }
            return Row(
                name: answer.cluster.name.rawValue, kind: answer.cluster.kind.rawValue, generation: answer.cluster.generation.number,
                mark: .cluster(answer), nodesReady: answer.nodes.count { $0.ready }, nodesTotal: answer.nodes.count,
                stacksReady: answer.stacks.count { $0.ready }, stacksTotal: answer.stacks.count, firstWait: first ?? "")
        }
    }
}

extension Mark {
    /// The cluster's phase; red when a machine is down or an operation that is the newest has failed.
    static func cluster(_ answer: StatusAnswer) -> Mark {
        if answer.cluster.ready { return Mark(.ok, "ready") }
        let phase = answer.cluster.phase.isEmpty ? "not ready" : answer.cluster.phase
        let anyDown = answer.nodes.contains { $0.liveness == NodeView.Liveness.down.rawValue }
        let newest = answer.operations.max { $0.started < $1.started }
        if case .failed = newest?.state { return Mark(.bad, phase) }
        return Mark(anyDown ? .bad : .warn, phase)
    }
}
