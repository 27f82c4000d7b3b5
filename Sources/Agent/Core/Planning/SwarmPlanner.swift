import SkepModel

/// Plans this node's own place in the swarm.
struct SwarmPlanner {
    let context: PlanningContext
    /// The swarm, or the operation to make one, that this node belongs to by our doing.
    let remembered: String?

    /// The condition's reason on a machine that is in a swarm which Skep did not make.
    static let foreignReason = "ForeignSwarm"

    /// The memory's word for a swarm that this node was told to make and whose id it does not know yet.
    static func intent(_ operation: String) -> String { "making:\(operation)" }

    func plan() -> Part {
        let swarm: SwarmStatus
        switch context.observation.swarm {
        case .failed(let error): return context.blind(.swarm, "the swarm's state", error)
        case .seen(let seen): swarm = seen
        }
        switch context.spec.swarm {
        case .undecided:
            if isForeign(swarm, ours: nil) { return foreign(swarm) }
            guard context.spec.docker != nil else { return .nothing }
            return Part(condition: context.condition(.swarm, .false, "Undecided", "waiting for the coordinator to decide how the swarm is made"))
        case .initialise(let plan):
            if isForeign(swarm, ours: Self.intent(plan.operation)) { return foreign(swarm) }
            if swarm.state == .active { return member("this node made the swarm") }
            guard swarm.state == .inactive else { return waiting(swarm) }
            if let remembered, !remembered.hasPrefix("making:") {
                return Part(
                    condition: context.condition(
                        .swarm, .false, "SwarmLost", "this node was in the swarm \(remembered), which is gone; a second one is never made by itself"))
            }
            return context.pending(
                .swarm, [.initialiseSwarm(plan)], reason: "Initialising", doing: "making the swarm, advertised as \(plan.advertise)")
        case .join(let plan):
            if isForeign(swarm, ours: plan.swarm) { return foreign(swarm) }
            if swarm.state == .active { return member("a member of the swarm") }
            guard swarm.state == .inactive else { return waiting(swarm) }
            return context.pending(
                .swarm, [.joinSwarm(plan)], reason: "Joining", doing: "joining the swarm at \(plan.remotes.joined(separator: ", "))")
        case .member(let id):
            if isForeign(swarm, ours: id) { return foreign(swarm) }
            if swarm.state == .active { return member(swarm.isManager ? "a manager of the swarm" : "a worker of the swarm") }
            guard swarm.state == .inactive else { return waiting(swarm) }
            return Part(condition: context.condition(.swarm, .false, "NotMember", "this engine is not in the swarm; waiting for a token to join it"))
        case .leave(let id):
            if swarm.state == .inactive || swarm.state == .absent { return .nothing }
            if isForeign(swarm, ours: id) { return .nothing }
            return context.pending(.swarm, [.leaveSwarm(force: true)], reason: "Leaving", doing: "leaving the swarm")
        }
    }

    /// Whether the engine is in a swarm that this node was never told to make or join, as far as it remembers.
    private func isForeign(_ swarm: SwarmStatus, ours: String?) -> Bool {
        guard swarm.state == .active || swarm.state == .locked else { return false }
        if context.spec.knows(swarm) { return false }
        // A manager's engine knows its swarm's id: an agent that was purged and installed anew finds itself at home.
        guard let remembered else { return ours == nil || swarm.swarmID != ours }
        if remembered == ours || remembered.hasPrefix("making:") { return false }
        return swarm.swarmID.map { $0 != remembered } ?? false
    }

    private func foreign(_ swarm: SwarmStatus) -> Part {
        let name = swarm.swarmID.map { " \($0)" } ?? ""
        return Part(
            condition: context.condition(
                .swarm, .false, Self.foreignReason,
                "this engine is in a swarm\(name) that Skep did not make, and is left alone; take it out with `docker swarm leave` there, or give Skep another machine"
            ))
    }

    private func waiting(_ swarm: SwarmStatus) -> Part {
        let words: String
        switch swarm.state {
        case .absent: words = "the Docker Engine is not there yet"
        case .locked: words = "the swarm is locked: run `docker swarm unlock` on this node"
        case .pending: words = "the engine is still joining"
        default: words = swarm.error ?? "the engine says \(swarm.state.rawValue)"
        }
        return Part(condition: context.condition(.swarm, .false, "Waiting", words))
    }

    private func member(_ words: String) -> Part { Part(condition: context.condition(.swarm, .true, "Member", words)) }
}

extension NodeSpec {
    /// Whether the engine is the member of our swarm that the coordinator knows.
    func knows(_ swarm: SwarmStatus) -> Bool { knownMember != nil && knownMember == swarm.nodeID }
}
