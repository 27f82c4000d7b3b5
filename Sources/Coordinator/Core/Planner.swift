public import SkepModel

/// Decides what each node should be, from all that is known. It is a pure function: the same snapshot and moment give the same plan.
public struct Planner: Sendable {
    public init() {}

    /// One pass. The caller stores `record`, `operations` and `events`, and passes again until nothing changes.
    public func plan(_ snapshot: Snapshot, now: Instant) -> Plan {
        var planning = Planning(snapshot, now: now)
        switch snapshot.record.lifecycle {
        case .up:
            planning.bringUp()
            planning.membership()
            planning.stacks()
            planning.assemble()
            planning.judge()
        case .down(let teardown):
            planning.tearDown(teardown)
        }
        return planning.finish()
    }
}
