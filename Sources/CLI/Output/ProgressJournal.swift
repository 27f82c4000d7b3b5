import SkepModel
import SkepWire

/// What is new since the last look, as lines for a log.
struct ProgressJournal {
    private var said: Set<String> = []
    private var phase = ""

    mutating func news(_ status: StatusAnswer) -> [String] {
        var lines: [String] = []
        let isFirst = phase.isEmpty
        if status.cluster.phase != phase {
            phase = status.cluster.phase
            lines.append("\(status.cluster.name): \(phase)")
        }
        var now: Set<String> = []
        func say(_ line: String) {
            now.insert(line)
            if !said.contains(line) { lines.append(line) }
        }
        for node in status.nodes {
            if let progress = node.progress, !progress.isEmpty { say("\(node.name): \(progress)") }
            for condition in node.conditions where condition.status == .false && !["Installing", "OnTrial"].contains(condition.reason) {
                say("\(node.name): \(condition.type.rawValue): \(condition.message)")
            }
            if node.ready { say("\(node.name): ready") }
        }
        // what had ended before the first look is history, and no news
        for operation in status.operations {
            let isHistory = isFirst && !operation.isOpen
            for line in Self.lines(operation) { if isHistory { now.insert(line) } else { say(line) } }
        }
        for stack in status.stacks {
            if stack.ready { say("stack \(stack.name): ready") }
            for service in stack.services { if let error = service.error { say("stack \(stack.name): \(service.name): \(error)") } }
        }
        for wait in status.cluster.waits { say("\(wait.what) waits for \(wait.waitsFor)\(wait.command.map { " (\($0))" } ?? "")") }
        said.formUnion(now)
        return lines
    }

    private static func lines(_ operation: Operation) -> [String] {
        var lines = operation.steps.map { "\(operation.kind.rawValue): \($0.name)\($0.detail.isEmpty ? "" : ": \($0.detail)")" }
        if case .failed(_, let why) = operation.state { lines.append("\(operation.kind.rawValue) failed: \(why)") }
        return lines
    }
}
