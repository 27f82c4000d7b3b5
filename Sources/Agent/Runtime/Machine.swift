public import AgentCore
public import SkepModel
public import SkepSystem

/// The machine that the agent looks after, as its loop needs it: eyes, hands, and a nudge when something moved.
@LoopActor public protocol Machine: AnyObject {
    /// Calls `moved` whenever something may have changed; missing a call costs time, never correctness.
    func start(moved: @escaping @LoopActor @Sendable () -> Void)
    /// Ends what ``start(moved:)`` began.
    func stop()
    /// One complete look; every part has a deadline of its own.
    func observe(spec: NodeSpec?, memory: AgentMemory) async -> Observation
    /// Does it, to its end; failures are an outcome.
    func perform(_ action: AgentAction) async -> ActionOutcome
}
