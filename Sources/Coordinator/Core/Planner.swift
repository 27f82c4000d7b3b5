public import SkepModel

/// Decides what each node should be, from all that is known. It is a pure function: the same snapshot and moment give the same plan.
public struct Planner: Sendable {
    public init() {}

    /// One pass. The caller stores `record`, `operations` and `events`, and passes again until nothing changes.
    public func plan(_ snapshot: Snapshot, now: Instant) -> Plan {
        var planning = Planning(snapshot, now: now)
        planning.numberShares()
        switch snapshot.record.lifecycle {
        case .up:
            planning.bringUp()
            planning.membership()
            planning.stacks()
            planning.followDrill()
            planning.assemble()
            planning.judge()
        case .down(let teardown):
            planning.tearDown(teardown)
        }
        return planning.finish()
    }

    /// What the certificate of each manager's Docker API should be for: host names and addresses, the node's name first, then its address.
    public func apiNames(_ snapshot: Snapshot, now: Instant) -> [NodeID: [String]] {
        let planning = Planning(snapshot, now: now)
        return Dictionary(snapshot.nodes.compactMap { node in planning.apiNames(of: node.id).map { (node.id, $0) } }) { first, _ in first }
    }

    /// Why an eviction would take a majority of managers away; nil when it would not.
    public func whyNotEvict(_ node: NodeID, _ snapshot: Snapshot, now: Instant) -> String? {
        let planning = Planning(snapshot, now: now)
        guard case .up = snapshot.record.lifecycle, snapshot.record.swarm != nil,
            let evicted = (planning.participants + planning.leaving).first(where: { $0.id == node })
        else { return nil }
        guard let view = planning.view else {
            guard evicted.status?.swarm.isManager ?? (evicted.entry.role == .manager) else { return nil }
            return "no manager of the swarm is heard now, so that nobody can say whether a majority would be left"
        }
        // one that was not heard since the coordinator's start is known by the name that the swarm has for it
        let known = planning.member(evicted) ?? view.members.first { $0.labels["skep.node"] == evicted.entry.name.rawValue }
        guard let member = known, member.role == .manager else { return nil }
        return planning.whyNotCutOff(member, view)
    }
}
