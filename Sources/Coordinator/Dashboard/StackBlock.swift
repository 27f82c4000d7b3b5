import SkepModel
import SkepWire

/// One stack with its services.
struct StackBlock: View {
    struct ServiceRow: View {
        let name: String
        let mark: Mark
        let serviceError: String?
    }

    let name: String
    let anchor: String
    let mark: Mark
    let tone: String
    let stackReason: String?
    let anyService: Bool
    let services: [ServiceRow]

    init(_ stack: StatusAnswer.Stack) {
        name = stack.name
        anchor = "stack-\(stack.name)"
        let failing = stack.services.contains { $0.error != nil && $0.running < $0.desired }
        mark = stack.ready ? Mark(.ok, "ready") : Mark(failing ? .bad : .warn, "not ready")
        tone = mark.tone
        stackReason = stack.ready ? nil : stack.reason
        anyService = !stack.services.isEmpty
        services = stack.services.map { service in
            let all = service.running >= service.desired
            let tone: Mark.Tone = all ? .ok : service.error == nil ? .warn : .bad
            return ServiceRow(
                name: service.name, mark: Mark(tone, "\(service.running) of \(service.desired) running"), serviceError: service.error)
        }
    }
}

/// How fresh the figures of the stacks are: only managers see them.
struct StacksSeen: View {
    let mark: Mark
    /// Class of the line; `stale` greys what follows.
    let tone: String
    let age: Age?
    let note: String

    init(_ nodes: [StatusAnswer.Node]) {
        let managers = nodes.filter { $0.role == .manager && $0.liveness != NodeView.Liveness.evicted.rawValue }
        let newest = managers.compactMap { node in node.seenSecondsAgo.map { ($0, node) } }.min { $0.0 < $1.0 }
        guard let (seconds, node) = newest else {
            (mark, tone, age, note) = (Mark(.none, "not seen yet"), "", nil, "no manager has reported")
            return
        }
        age = Age(seconds: seconds)
        if node.liveness == NodeView.Liveness.live.rawValue {
            (mark, tone, note) = (Mark(.ok, "seen"), "", " by a manager")
        } else {
            (mark, tone, note) = (Mark(.bad, "last seen"), "stale", ", and no manager has been heard since: these figures may no longer be true")
        }
    }
}
