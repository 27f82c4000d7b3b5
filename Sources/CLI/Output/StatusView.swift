import SkepModel
import SkepWire

/// A cluster's state in lines.
struct StatusView {
    let lines: [String]

    init(_ status: StatusAnswer) {
        let cluster = status.cluster
        var lines = ["\(cluster.name) (\(cluster.kind.rawValue)), generation \(cluster.generation): \(cluster.ready ? "ready" : cluster.phase)"]
        for wait in cluster.waits { lines.append("  \(wait.what) waits for \(wait.waitsFor)\(wait.command.map { ": \($0)" } ?? "")") }
        for condition in cluster.conditions where condition.status != .true { lines.append("  \(condition.type.rawValue): \(condition.message)") }
        if !status.nodes.isEmpty {
            var table = Table("NODE", "ROLE", "STATE", "SEEN", "ADDRESS", "SWARM", "WHAT")
            for node in status.nodes {
                table.add(
                    node.name.rawValue, node.role.rawValue, Self.state(node), Words.age(node.seenSecondsAgo), node.advertised ?? "–",
                    node.swarm ?? "–",
                    Self.what(node))
            }
            lines += [""] + table.lines
        }
        if !status.stacks.isEmpty {
            var table = Table("STACK", "SERVICES", "STATE")
            for stack in status.stacks {
                let services = stack.services.map { "\($0.name) \($0.running)/\($0.desired)" }.joined(separator: ", ")
                let known = stack.reason ?? ""
                let errors = stack.services.compactMap { service in service.error.flatMap { known.contains($0) ? nil : "\(service.name): \($0)" } }
                let state = stack.ready ? "ready" : ([stack.reason].compactMap(\.self) + errors).joined(separator: "; ")
                table.add(stack.name, services.isEmpty ? "–" : services, state.isEmpty ? "not ready" : state)
            }
            lines += [""] + table.lines
        }
        let open = status.operations.filter(\.isOpen)
        if !open.isEmpty { lines.append("") }
        for operation in open {
            let step = operation.steps.last.map { ", last step: \($0.name)" } ?? ""
            lines.append("operation \(operation.id): \(operation.kind.rawValue)\(step)\(operation.waitsFor.map { ", waits for \($0)" } ?? "")")
        }
        self.lines = lines
    }

    private static func state(_ node: StatusAnswer.Node) -> String {
        node.liveness == "live" ? (node.ready ? "ready" : "not ready") : node.liveness
    }

    /// What it does, or the first thing that is wrong.
    private static func what(_ node: StatusAnswer.Node) -> String {
        if let progress = node.progress, !progress.isEmpty { return progress }
        let wrong = node.conditions.first { $0.status == .false } ?? node.conditions.first { $0.status == .unknown }
        return wrong.map { "\($0.type.rawValue): \($0.message)" } ?? "–"
    }
}
