import SkepModel

/// One operation with the steps that it has made.
struct OperationView: View {
    struct StepRow: View {
        let name: String
        let at: Moment
        let detail: String?
    }

    let anchor: String
    let title: String
    let mark: Mark
    let open: Bool
    let started: Moment
    let took: String?
    let why: String?
    let steps: [StepRow]
    let operationWaits: String?

    /// - Parameter names: the nodes' names by id.
    init(_ operation: Operation, names: [NodeID: String], now: Instant) {
        anchor = "operation-\(operation.id)"
        let nodes = operation.nodes.map { names[$0] ?? $0.rawValue }
        let object = operation.stack?.rawValue ?? nodes.joined(separator: ", ")
        title = object.isEmpty ? operation.kind.rawValue : "\(operation.kind.rawValue) \(object)"
        open = operation.isOpen
        started = Moment(operation.started, now: now)
        operationWaits = operation.isOpen ? operation.waitsFor : nil
        func after(_ end: Instant) -> String { Age(operation.started, now: end).text }
        switch operation.state {
        case .running: (mark, took, why) = (Mark(.warn, "running"), "for \(after(now))", nil)
        case .done(let at): (mark, took, why) = (Mark(.ok, "done"), "took \(after(at))", nil)
        case .failed(let at, let reason): (mark, took, why) = (Mark(.bad, "failed"), "after \(after(at))", reason)
        }
        steps = operation.steps.map { step in
            StepRow(name: step.name, at: Moment(step.at, now: now), detail: step.detail.isEmpty ? nil : step.detail)
        }
    }
}
