public import AgentCore
public import SkepModel
public import SkepSystem

/// The machine that the agent looks after, as its loop needs it: eyes, hands, and a nudge when something moved.
@LoopActor public protocol Machine: AnyObject {
    /// Calls `moved` whenever something may have changed; missing a call costs time, never correctness.
    func start(moved: @escaping @LoopActor @Sendable (Movement) -> Void)
    /// Ends what ``start(moved:)`` began.
    func stop()
    /// One complete look; every part has a deadline of its own. Glances may be made meanwhile.
    func observe(spec: NodeSpec?, memory: AgentMemory) async -> Observation
    /// The last look with that aspect alone new.
    func glance(_ aspect: Aspect, over last: Observation, spec: NodeSpec?, memory: AgentMemory) async -> Observation
    /// When the machine was broken by that drill, in milliseconds of the clock that nobody sets; nil when it was not yet.
    func broken(by drill: Drill) -> Int64?
    /// Does it, to its end; failures are an outcome.
    func perform(_ action: AgentAction) async -> ActionOutcome
}

extension Machine {
    public func broken(by drill: Drill) -> Int64? { nil }
}
