public import SkepModel

/// The agent's state machine: it is told what was seen and what ended, and says what to do next. It reads no clock and does nothing itself.
public struct AgentBrain: Sendable {
    /// What must be on disk before the actions of the last `pass` begin.
    public private(set) var memory: AgentMemory
    public private(set) var spec: NodeSpec?
    /// The coordinator's number of the spec; 0 for none.
    public private(set) var revision: Int

    public init(memory: AgentMemory = AgentMemory(), spec: NodeSpec? = nil, revision: Int = 0) {
        self.memory = memory
        self.spec = spec
        self.revision = revision
    }

    /// A newer node spec came; the caller has put it on disk.
    public mutating func accept(_ spec: NodeSpec, revision: Int) {
        self.spec = spec
        self.revision = revision
    }

    /// One pass over a complete look: the actions to start now, at most one per lane; lanes that are busy get none.
    public mutating func pass(_ observation: Observation, now: Instant) -> [AgentAction] { [] }

    /// An action ended.
    public mutating func finished(_ action: AgentAction, _ outcome: ActionOutcome, seconds: Double, now: Instant) {}

    /// The coordinator answered; `fresh` when over a connection that was opened since.
    public mutating func coordinatorAnswered(openedAt: Instant, now: Instant) {}

    /// Events up to this one are recorded by the coordinator.
    public mutating func acknowledge(_ sequence: Int) {}

    /// Milliseconds after which a pass is due although nothing happened: 1 s on trial or while something runs, else 30 s.
    public func nextPass(now: Instant) -> Int64 { 30_000 }

    /// What is reported: the last look, with conditions.
    public func status(_ observation: Observation, node: NodeID, bootID: String, version: String, now: Instant) -> NodeStatus {
        NodeStatus(
            node: node, bootID: bootID, agentVersion: version, observed: now, revision: revision, generation: spec?.generation,
            facts: observation.facts, swarm: observation.swarm.value ?? SwarmStatus(state: .absent))
    }
}
