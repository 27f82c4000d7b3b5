/// Disruptive work of several steps; one is open per cluster at a time.
public struct Operation: Codable, Hashable, Sendable {
    public enum Kind: String, Codable, Hashable, Sendable { case initialise, join, promote, deploy, remove, readdress, restart, teardown }

    public enum State: Codable, Hashable, Sendable {
        case running
        case done(at: Instant)
        case failed(at: Instant, why: String)
    }

    /// A finished step; it is recorded before the next begins.
    public struct Step: Codable, Hashable, Sendable {
        public var name: String
        public var at: Instant
        public var detail: String
        public init(name: String, at: Instant, detail: String) {
            self.name = name
            self.at = at
            self.detail = detail
        }
    }

    public var id: String
    public var kind: Kind
    public var generation: Generation
    public var started: Instant
    public var state: State
    /// Nodes that it works on.
    public var nodes: [NodeID]
    /// Stack that it works on.
    public var stack: StackName?
    /// Of the stack's bundle, as often as an operator had asked for it by then.
    public var attempt: StackBundle.Attempt?
    public var steps: [Step]
    /// What it waits for now, in words.
    public var waitsFor: String?
    public init(
        id: String, kind: Kind, generation: Generation, started: Instant, state: State = .running, nodes: [NodeID] = [],
        stack: StackName? = nil, steps: [Step] = [], waitsFor: String? = nil
    ) {
        self.id = id
        self.kind = kind
        self.generation = generation
        self.started = started
        self.state = state
        self.nodes = nodes
        self.stack = stack
        self.steps = steps
        self.waitsFor = waitsFor
    }

    public var isOpen: Bool { if case .running = state { true } else { false } }

    /// Whether the step of that name is recorded.
    public func has(_ step: String) -> Bool { steps.contains { $0.name == step } }
}
