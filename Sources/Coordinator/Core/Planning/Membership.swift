import SkepModel

/// Who is in the swarm: made once, joined in batches by sealed tokens, promoted one by one.
extension Planning {
    mutating func membership() {
        guard record.decisions != nil else { return }
        followInitialisation()
        guard record.swarm != nil else { return }
        guard acting != nil else {
            wait("the swarm", for: "a manager that answers; nothing is changed meanwhile")
            return
        }
        endDeferrals()
        followJoin()
        followPromotion()
        readdress()
        if open == nil { beginJoin() }
        if open == nil { beginPromotion() }
        restarts()
        departures()
        sayWhoIsMissing()
    }

    private mutating func followInitialisation() {
        guard record.swarm == nil, let decisions = record.decisions else { return }
        if open == nil { begin(.initialise, nodes: [decisions.initialiser], "the swarm is made on \(name(decisions.initialiser))") }
        guard open?.kind == .initialise else { return }
        guard let participant = participants.first(where: { $0.id == decisions.initialiser }) else {
            wait(
                "the swarm", for: "\(name(decisions.initialiser)), which was chosen to make it and is no longer here; begin anew",
                command: "skep cluster down, then skep apply")
            return
        }
        let isOurs = participant.status?.condition(.swarm)?.status == .true
        if isOurs, let made = participant.status?.manager?.swarmID {
            record.swarm = made
            findActing()
            step("made", "the swarm \(made) stands on \(participant.entry.name)")
            end("the swarm is made")
            return
        }
        let reason = whyNotReadyToJoin(participant) ?? "\(participant.entry.name) to make it"
        amend { $0.waitsFor = reason }
        wait("the swarm", for: reason)
    }

    /// Why a node cannot be brought into a swarm yet; nil when it can.
    func whyNotReadyToJoin(_ participant: Participant) -> String? {
        let name = participant.entry.name
        guard let status = participant.status, participant.isHeard else { return "\(name), which is not heard" }
        if let condition = status.condition(.swarm), condition.reason == "ForeignSwarm" || condition.reason == "SwarmLost" {
            return "\(name): \(condition.message)"
        }
        for type in [Condition.Kind.docker, .daemonConfig] {
            guard let condition = status.condition(type) else { return "\(name) to look at its \(type.rawValue)" }
            if condition.status == .true { continue }
            // why the engine is not there yet; other packages may come while the swarm is made
            let packages = status.condition(.packages).flatMap { $0.status == .true ? nil : $0.message }
            return "\(name): \(type == .docker ? packages ?? condition.message : condition.message)"
        }
        if status.firewall?.installed == nil { return "\(name): \(status.condition(.firewall)?.message ?? "its firewall")" }
        return nil
    }

    /// Who was deferred and is in now is waited for like all others.
    private mutating func endDeferrals() {
        for participant in participants where isDeferred(participant) && participant.liveness == .live && isMember(participant) {
            record.deferred.removeAll { $0 == participant.entry.name }
            note(.transition, "in the swarm, and no longer deferred", node: participant.entry.name)
        }
    }

    /// Those that are waited for join first: a deferred machine that cannot join holds nobody up.
    private mutating func beginJoin() {
        let able = participants.filter { participant in
            guard record.addresses[participant.id] != nil, !isMember(participant), whyNotReadyToJoin(participant) == nil else { return false }
            return participant.status?.swarm.state == .inactive && recentFailure(.join, of: participant.id) == nil
        }
        let awaited = able.filter { !isDeferred($0) }
        let candidates = awaited.isEmpty ? able : awaited
        guard !candidates.isEmpty else { return }
        begin(.join, nodes: candidates.map(\.id), "\(candidates.map { $0.entry.name.rawValue }.joined(separator: ", ")) join the swarm")
    }

    private mutating func followJoin() {
        guard let operation = open, operation.kind == .join, let view else { return }
        var waiting: [String] = []
        for id in operation.nodes {
            guard let participant = participants.first(where: { $0.id == id }) else { continue }
            if isMember(participant), member(participant) != nil {
                step("joined \(participant.entry.name)", "a member as \(participant.status?.swarm.nodeID ?? "")")
            } else {
                let refused = view.refusedSealings[id]
                waiting.append(refused.map { "\(participant.entry.name): \($0)" } ?? "\(participant.entry.name)\(joinWords(participant))")
            }
        }
        let late = now.since(operation.started) > snapshot.settings.joinDeadline
        guard waiting.isEmpty || late else {
            amend { $0.waitsFor = waiting.joined(separator: "; ") }
            return
        }
        if !operation.has("rotate") {
            record.tokenEpoch = view.tokenEpoch + 1
            step("rotate", "the join tokens are rotated")
        }
        guard view.tokenEpoch >= record.tokenEpoch else {
            amend { $0.waitsFor = "the join tokens to be rotated" }
            return
        }
        let words = operation.nodes.map { name($0) }.joined(separator: ", ")
        end(
            "\(words) joined",
            failed: waiting.isEmpty ? nil : "not joined in \(snapshot.settings.joinDeadline / 1000) s: \(waiting.joined(separator: "; "))")
    }

    private func joinWords(_ participant: Participant) -> String {
        if sealedToken(participant.id) == nil { return " waits for its sealed token" }
        guard let condition = participant.status?.condition(.swarm), condition.status != .true else { return "" }
        return ": \(condition.message)"
    }

    func sealedToken(_ id: NodeID) -> String? {
        guard let view else { return nil }
        return view.sealed.first { $0.node == id && $0.epoch == view.tokenEpoch }?.sealed
    }

    /// Nodes of the open join that are not in yet: a token is sealed to each.
    var joining: [Participant] {
        guard let operation = open, operation.kind == .join, !operation.has("rotate") else { return [] }
        return participants.filter { operation.nodes.contains($0.id) && !isMember($0) }
    }

    private mutating func beginPromotion() {
        guard let view else { return }
        for participant in participants where isMember(participant) && participant.liveness == .live {
            guard let member = member(participant), member.role != participant.entry.role else { continue }
            if let failure = recentFailure(.promote, of: participant.id) {
                wait("\(participant.entry.name) as a \(participant.entry.role.rawValue)", for: "another try, because \(failure)")
                continue
            }
            if participant.entry.role == .worker, let reason = whyNotDemote(member, view) {
                wait("\(participant.entry.name) as a worker", for: reason)
                continue
            }
            begin(.promote, nodes: [participant.id], "\(participant.entry.name) becomes a \(participant.entry.role.rawValue)")
            return
        }
    }

    /// A demotion must leave a majority of the remaining managers reachable.
    func whyNotDemote(_ member: ManagerView.Member, _ view: ManagerView) -> String? {
        let left = view.managers(without: member.id)
        if left.reachable * 2 > left.all { return nil }
        return "a majority of managers without it (\(left.reachable) of \(left.all) reachable)"
    }

    /// An evicted manager is cut off before it can be demoted: until then it counts, and so do those that were evicted before it.
    func whyNotCutOff(_ member: ManagerView.Member, _ view: ManagerView) -> String? {
        let gone = Set(departedMembers(view).map(\.id)).union([member.id])
        let managers = view.members.filter { $0.role == .manager }
        let left = managers.count { !gone.contains($0.id) && $0.reachable && $0.state == "ready" }
        return left * 2 > managers.count ? nil : "the swarm needs a majority of its managers (\(left) of \(managers.count) would be reachable)"
    }

    private mutating func followPromotion() {
        guard let operation = open, operation.kind == .promote, let id = operation.nodes.first else { return }
        guard let participant = participants.first(where: { $0.id == id }), let member = member(participant) else {
            end("the change of role", failed: "\(name(id)) is not in the swarm any more")
            return
        }
        let wanted = participant.entry.role
        if member.role == wanted, participant.status?.swarm.isManager == (wanted == .manager), wanted == .worker || member.reachable {
            step("role \(participant.entry.name)", "a \(wanted.rawValue) now")
            end("\(participant.entry.name) is a \(wanted.rawValue)")
        } else if now.since(operation.started) > snapshot.settings.joinDeadline {
            end(
                "the change of role",
                failed: "\(participant.entry.name) did not become a \(wanted.rawValue) in \(snapshot.settings.joinDeadline / 1000) s")
        } else {
            amend { $0.waitsFor = "\(participant.entry.name) to become a \(wanted.rawValue)" }
        }
    }

    private mutating func sayWhoIsMissing() {
        for entry in spec.nodes where !record.deferred.contains(entry.name) {
            guard let participant = byName[entry.name] else {
                let unapproved = snapshot.nodes.contains { $0.name == entry.name && !$0.approved && !$0.evicted }
                if unapproved {
                    wait("\(entry.name)", for: "an operator's approval", command: "skep node approve \(entry.name)")
                } else {
                    wait("\(entry.name)", for: "a machine to enrol under that name", command: "skep node invite \(entry.name)")
                }
                continue
            }
            if isMember(participant) { continue }
            if let reason = whyNotReadyToJoin(participant) {
                wait("\(entry.name) in the swarm", for: reason)
            } else if open?.nodes.contains(participant.id) ?? false {
                continue
            } else if let failure = recentFailure(.join, of: participant.id) {
                wait("\(entry.name) in the swarm", for: "another try, because \(failure)", command: "skep node defer \(entry.name)")
            } else if participant.status?.swarm.state != .inactive {
                let state = participant.status?.swarm.state.rawValue ?? "unknown"
                wait(
                    "\(entry.name) in the swarm",
                    for: "\(entry.name): \(participant.status?.condition(.swarm)?.message ?? "its engine says \(state)")")
            } else {
                wait("\(entry.name) in the swarm", for: "the operation that is open to end")
            }
        }
    }
}
