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
        for operation in status.operations where !isFirst || operation.isOpen {
            for step in operation.steps { say(Self.words(operation, step)) }
            if case .failed(_, let why) = operation.state { say(Self.words(operation, failed: why)) }
        }
        for stack in status.stacks {
            if stack.ready { say("stack \(stack.name): ready") }
            for service in stack.services { if let error = service.error { say("stack \(stack.name): \(service.name): \(error)") } }
        }
        for wait in status.cluster.waits { say("\(wait.what) waits for \(wait.waitsFor)\(wait.command.map { " (\($0))" } ?? "")") }
        for operation in status.operations where isFirst && !operation.isOpen {
            for step in operation.steps { now.insert(Self.words(operation, step)) }
            if case .failed(_, let why) = operation.state { now.insert(Self.words(operation, failed: why)) }
        }
        said.formUnion(now)
        return lines
    }

    private static func words(_ operation: Operation, _ step: Operation.Step) -> String {
        "\(operation.kind.rawValue): \(step.name)\(step.detail.isEmpty ? "" : ": \(step.detail)")"
    }

    private static func words(_ operation: Operation, failed why: String) -> String { "\(operation.kind.rawValue) failed: \(why)" }
}
