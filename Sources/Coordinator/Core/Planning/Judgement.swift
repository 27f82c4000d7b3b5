import SkepModel

/// Says how the cluster stands, in one word and in conditions.
extension Planning {
    mutating func judge() {
        var problems: [String] = []
        for participant in participants where !isExcused(participant) {
            let name = participant.entry.name.rawValue
            if participant.liveness == .down {
                problems.append("\(name) has not been heard for \(Self.span(now.since(participant.node.seen ?? now)))")
            }
            // nearly always all are true: the first look copies nothing
            if let conditions = participant.status?.conditions, !conditions.allSatisfy({ $0.status == .true }) {
                for condition in conditions where condition.status != .true { problems.append("\(name): \(condition.message)") }
            }
            if participant.status?.generation != snapshot.generation {
                problems.append("\(name) has not taken over generation \(snapshot.generation) yet")
            }
        }
        let notReady = plan.stacks.filter { !$0.ready }
        let joined = spec.nodes.filter { !record.deferred.contains($0.name) }.allSatisfy { entry in
            byName[entry.name].map { isMember($0) && $0.status?.swarm.isManager == (entry.role == .manager) } ?? false
        }
        let traffic = trafficFindings()
        plan.ready = problems.isEmpty && notReady.isEmpty && joined && passes(traffic) && !traffic.isPending && open == nil && plan.waits.isEmpty
        plan.phase = phase(joined: joined, stacksReady: notReady.isEmpty, isTrying: problems.isEmpty && traffic.isPending && passes(traffic))
        plan.conditions = [
            condition("SwarmReady", joined, record.swarm.map { "the swarm \($0)" } ?? "no swarm yet", "not all nodes of the file are in the swarm"),
            condition("NodesReady", problems.isEmpty, "every node is as the file says", problems.first ?? ""),
            condition("StacksReady", notReady.isEmpty, "every stack runs", notReady.first.map { "\($0.name): \($0.reason ?? "")" } ?? ""),
            portsCondition(), availabilityCondition(), diskCondition(),
        ]
        if record.swarm != nil { plan.conditions += trafficConditions(traffic) }
    }

    private func passes(_ traffic: TrafficFindings) -> Bool { traffic.failingPaths.isEmpty && traffic.failingPorts.isEmpty }

    private func phase(joined: Bool, stacksReady: Bool, isTrying: Bool) -> String {
        if plan.ready { return "ready" }
        if record.decisions == nil {
            return participants.count < spec.nodes.count - record.deferred.count ? "waiting for machines" : "looking at the machines"
        }
        if record.swarm == nil { return "making the swarm" }
        if !joined { return "joining" }
        if view == nil { return "no manager answers" }
        if !stacksReady { return "deploying stacks" }
        if isTrying { return "trying the traffic" }
        return "not as wanted"
    }

    private func portsCondition() -> Condition {
        let closed = unnamedPorts()
        return condition(
            "PortsNamed", closed.isEmpty, "every published port is opened by a table or `expose`",
            "published but closed, because nothing opens them: \(closed.joined(separator: ", ")); add `expose` to the stack")
    }

    private func diskCondition() -> Condition {
        let filling = participants.compactMap { participant -> String? in
            guard let used = participant.status?.facts.diskUsed, used >= NodeFacts.diskWarning else { return nil }
            return "\(participant.entry.name) (\(used) %)"
        }
        return condition(
            "DisksHaveRoom", filling.isEmpty, "no disk with Docker's data is fuller than \(NodeFacts.diskWarning) %",
            "disks with Docker's data fill up: \(filling.joined(separator: ", ")); `docker system df -v` there shows what holds them")
    }

    /// Members that somebody drained or paused are shown, and left so unless the file asks for more (`drained-by-hand`).
    private func availabilityCondition() -> Condition {
        let idle = participants.compactMap { participant -> String? in
            guard let member = member(participant), member.availability != "active" else { return nil }
            return "\(participant.entry.name) (\(member.availability))"
        }
        return condition(
            "NodesAvailable", idle.isEmpty, "every member takes tasks",
            "somebody had these take no tasks: \(idle.joined(separator: ", ")); `docker node update --availability active NODE` on a manager ends it")
    }

    private func condition(_ type: String, _ holds: Bool, _ good: String, _ bad: String) -> Condition {
        Condition(
            .init(rawValue: type), holds ? .true : .false, reason: holds ? "AsWanted" : "NotAsWanted", message: holds ? good : bad, since: now,
            generation: snapshot.generation)
    }
}
