import SkepModel

/// Plans what the acting manager does for the swarm.
struct DutyPlanner {
    let context: PlanningContext
    let sealed: [NodeID: ManagerView.SealedToken]
    let peers: [NodeID: Peer]
    let drift: StackDrift
    let pending: PendingBook

    /// The node label that names the labels which are ours, so that one that is dropped from the file can be told from an operator's own.
    static let ownLabels = "skep.labels"

    struct Duties {
        var members = Part.nothing
        var tokens = Part.nothing
        var networks = Part.nothing
        var stacks = Part.nothing
        /// Stacks that go; they wait for their tasks, and nobody else does. What is said of them is with the stacks.
        var removals = Part.nothing
        /// The swarm was not seen, or this manager must not act yet: nothing can be said of what it would do.
        var isBlind = false
    }

    func plan() -> Duties {
        guard let wanted = context.spec.duties else { return Duties() }
        guard case .seen(let view)? = context.observation.manager else {
            var words = "this node is not a manager that answers"
            if case .failed(let error)? = context.observation.manager { words = error }
            return Duties(
                members: Part(condition: context.condition(.duties, .unknown, "NotObserved", "the swarm could not be read: \(words)")),
                isBlind: true)
        }
        guard wanted.term >= view.term else {
            return Duties(
                members: Part(
                    condition: context.condition(
                        .duties, .unknown, "Superseded", "another manager acts for the swarm now (number \(view.term), this one was \(wanted.term))")),
                isBlind: true)
        }
        if wanted.term > view.term {
            let part = context.pending(
                .duties, [.takeOver(term: wanted.term)], reason: "TakingOver", doing: "recording that this manager acts for the swarm")
            return Duties(members: part, isBlind: true)
        }
        let (members, held) = memberActions(wanted, view)
        let tokens = tokenActions(wanted, view)
        let networks = networkActions(wanted, view)
        let stacks = stackActions(wanted, view)
        let all = members + tokens + networks
        var duties = Duties()
        duties.members =
            if !all.isEmpty {
                context.pending(.duties, all, reason: "Working", doing: "setting members, labels and networks")
            } else if !held.isEmpty {
                Part(
                    condition: context.condition(
                        .duties, .false, "Waiting", "\(held.joined(separator: ", ")) stays a manager until a majority is reachable without it"))
            } else {
                Part(condition: context.condition(.duties, .true, "Done", "members, labels and networks are as wanted"))
            }
        duties.members.actions = members
        duties.members.causes = causes(members, view)
        duties.tokens.actions = tokens
        duties.networks.actions = networks
        duties.networks.causes = causes(networks, view)
        duties.networks.condition = addresses(view)
        if !stacks.isEmpty {
            let causes = causes(stacks, view)
            let words = stacks.map { Self.words($0) + (causes[$0].map { " again, as \($0.words)" } ?? "") }
            duties.stacks = context.pending(.stacks, stacks, reason: "Deploying", doing: words.joined(separator: "; "))
            duties.stacks.causes = causes
            duties.stacks.actions = stacks.filter { $0.lane == .stacks }
            duties.removals.actions = stacks.filter { $0.lane == .removals }
        } else if let back = view.stacks.first(where: { stack in wanted.stacks.contains { stack.takenBack == $0.attempt } }) {
            duties.stacks = Part(condition: context.condition(.stacks, .false, "TakenBack", back.failure ?? "the swarm took \(back.name) back"))
        } else if !wanted.stacks.isEmpty {
            duties.stacks = Part(condition: context.condition(.stacks, .true, "Handed", "the swarm has every stack that may run now"))
        }
        return duties
    }

    /// What to do, and whose demotion waits.
    private func memberActions(_ wanted: ManagerDuties, _ view: ManagerView) -> (actions: [AgentAction], held: [String]) {
        var held: [String] = []
        var actions: [AgentAction] = wanted.remove.filter { id in view.members.contains { $0.id == id } }.sorted().map { .removeMember(id: $0) }
        for want in wanted.members.sorted(by: { $0.name < $1.name }) {
            guard let seen = view.members.first(where: { $0.id == want.id }) else { continue }
            var labels = want.labels
            labels[Self.ownLabels] = want.labels.keys.sorted().joined(separator: ",")
            let former = seen.labels[Self.ownLabels]?.split(separator: ",").map(String.init) ?? []
            let dropped = former.filter { labels[$0] == nil && seen.labels[$0] != nil }.sorted()
            let changed = labels.filter { seen.labels[$0.key] != $0.value }
            var role = seen.role == want.role ? nil : want.role
            if role == .worker, !Self.mayDemote(seen, view) {
                held.append(want.name.rawValue)
                role = nil
            }
            let activate = want.activate == true && seen.availability != "active"
            if role != nil || !changed.isEmpty || !dropped.isEmpty || activate {
                actions.append(.updateMember(id: want.id, role: role, labels: changed, removeLabels: dropped, activate: activate))
            }
        }
        return (actions, held)
    }

    /// A demotion must leave a majority of reachable managers; the coordinator has asked the same, of what it knew then.
    private static func mayDemote(_ member: ManagerView.Member, _ view: ManagerView) -> Bool {
        let left = view.managers(without: member.id)
        return left.reachable * 2 > left.all
    }

    private func tokenActions(_ wanted: ManagerDuties, _ view: ManagerView) -> [AgentAction] {
        let due = wanted.sealings.filter { sealed[$0.node]?.epoch != view.tokenEpoch }.sorted { $0.node < $1.node }
        if !due.isEmpty { return due.map { .sealToken($0, expectedKey: peers[$0.node]?.key ?? "") } }
        if wanted.sealings.isEmpty, view.tokenEpoch < wanted.tokenEpoch { return [.rotateTokens(epoch: wanted.tokenEpoch)] }
        return []
    }

    private func networkActions(_ wanted: ManagerDuties, _ view: ManagerView) -> [AgentAction] {
        var actions: [AgentAction] = []
        if let mtu = wanted.ingressMTU, view.ingressMTU != mtu, view.stacks.isEmpty { actions.append(.rebuildIngress(mtu: mtu)) }
        let names = Set(view.networks.map(\.name))
        actions += wanted.networks.filter { !names.contains($0.name.rawValue) }.map { .createNetwork($0) }
        let kept = Set(wanted.networks.map(\.name.rawValue))
        actions += view.networks.filter { $0.ours && !kept.contains($0.name) }.map(\.name).sorted().map { .removeNetwork($0) }
        return actions
    }

    /// What an operator is to make room for, in one that is full.
    static let noAddresses = "Exhausted"

    private func addresses(_ view: ManagerView) -> Condition? {
        guard let all = view.addresses, !all.isEmpty else { return nil }
        func words(_ uses: [ManagerView.AddressUse]) -> String {
            uses.map { "\($0.network) \($0.free) of \($0.size)" }.joined(separator: ", ")
        }
        let full = all.filter { $0.free == 0 }
        guard full.isEmpty else {
            return context.condition(
                .addresses, .false, Self.noAddresses,
                "no address is left for another task in \(full.map(\.network).joined(separator: ", ")): run less on it, or make it anew with a larger subnet"
            )
        }
        let scarce = all.filter { $0.free * 10 < $0.size }
        guard scarce.isEmpty else { return context.condition(.addresses, .true, "Scarce", "few addresses are free: \(words(scarce))") }
        return context.condition(.addresses, .true, "Left", "free: \(words(all))")
    }

    private func stackActions(_ wanted: ManagerDuties, _ view: ManagerView) -> [AgentAction] {
        var actions: [AgentAction] = []
        let names = Set(view.networks.map(\.name))
        for bundle in wanted.stacks where bundle.networks.allSatisfy({ names.contains($0.rawValue) }) {
            // what the swarm took back is not forced upon it: the coordinator says when to try again
            if view.stacks.first(where: { $0.name == bundle.name.rawValue })?.takenBack == bundle.attempt { continue }
            if !Self.isDeployed(bundle, view) || !drifted(bundle, view).isEmpty { actions.append(.deployStack(bundle)) }
        }
        let kept = Set(wanted.stacks.map(\.name.rawValue) + wanted.keep.map(\.rawValue))
        if actions.isEmpty {
            // a service that is gone since was not seen again
            let there = view.stacks.filter { $0.ours && kept.contains($0.name) }.flatMap(\.services)
            actions += pending.due(now: context.now).filter { name in there.contains { $0.name == name && $0.stuck == true } }.map {
                .nudge(service: $0)
            }
        }
        actions += view.stacks.filter { $0.ours && !kept.contains($0.name) }.map(\.name).sorted().map { .removeStack($0) }
        return actions
    }

    /// Whether the swarm has exactly the bundle's services, each made from it.
    static func isDeployed(_ bundle: StackBundle, _ view: ManagerView) -> Bool {
        guard let stack = view.stacks.first(where: { $0.name == bundle.name.rawValue }) else { return bundle.services.isEmpty }
        let wanted = Set(bundle.services.map { "\(bundle.name)_\($0)" })
        return Set(stack.services.map(\.name)) == wanted
            && stack.services.allSatisfy { $0.bundle == bundle.digest && $0.attempt ?? 0 == bundle.attempt.number }
    }

    private func drifted(_ bundle: StackBundle, _ view: ManagerView) -> [String] {
        view.stacks.first { $0.name == bundle.name.rawValue }.map { drift.services(of: bundle, $0) } ?? []
    }

    /// What each action mends, where something was there before.
    private func causes(_ actions: [AgentAction], _ view: ManagerView) -> [AgentAction: Cause] {
        Dictionary(actions.compactMap { action in cause(action, view).map { (action, $0) } }) { $1 }
    }

    private func cause(_ action: AgentAction, _ view: ManagerView) -> Cause? {
        switch action {
        case .deployStack(let bundle):
            let names = drifted(bundle, view)
            if !names.isEmpty { return Cause(.serviceChanged, "somebody changed \(names.joined(separator: ", "))") }
            guard let known = drift.deployed[bundle.name.rawValue], known.bundle == bundle.digest, known.number ?? 0 == bundle.attempt.number else {
                return nil
            }
            let there = view.stacks.first { $0.name == bundle.name.rawValue }?.services.map(\.name) ?? []
            let gone = known.services.keys.filter { !there.contains($0) }.sorted()
            return gone.isEmpty ? nil : Cause(.serviceGone, "\(gone.joined(separator: ", ")) was gone")
        case .updateMember(let id, let role, let labels, _, let activate):
            guard let seen = view.members.first(where: { $0.id == id }) else { return nil }
            let found = labels.keys.filter { $0 != Self.ownLabels }.sorted().map { "\($0) was \(seen.labels[$0] ?? "missing")" }
            let all =
                (role == nil ? [] : ["it was a \(seen.role.rawValue)"]) + (activate ? ["its availability was \(seen.availability)"] : []) + found
            return all.isEmpty ? nil : Cause(.memberChanged, all.joined(separator: ", "))
        case .nudge(let service):
            let since = pending.services[service].map { context.now.since($0.since) / 1000 } ?? 0
            return Cause(.tasksPending, "a task was pending for \(since) s although a node would take it")
        case .createNetwork: return Cause(.networkGone, "it was gone")
        default: return nil
        }
    }

    private static func words(_ action: AgentAction) -> String {
        switch action {
        case .deployStack(let bundle): "deploying \(bundle.name)"
        case .nudge(let service): "having \(service) placed"
        case .removeStack(let name): "removing \(name)"
        default: ""
        }
    }
}
