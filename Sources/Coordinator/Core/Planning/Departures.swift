import SkepModel

/// Machines that go: dropped from the file, or evicted. A manager lays its role down first, guarded by the quorum, and only then leaves.
extension Planning {
    /// Whether a machine that leaves is still one of the swarm's managers, by its own word or the acting manager's: then it goes on as it is.
    func isLingering(_ leaving: Participant) -> Bool {
        guard let own = leaving.status?.swarm else { return false }
        if own.state == .unknown { return true }
        guard own.state == .active, own.swarmID == nil || own.swarmID == record.swarm else { return false }
        return own.isManager || acting == nil || member(leaving)?.role == .manager
    }

    mutating func departures() {
        guard let view else { return }
        followDeparture(view)
        for leaving in leaving {
            guard open == nil, let member = member(leaving), member.role == .manager else { continue }
            if let reason = whyNotDemote(member, view) ?? recentFailure(.remove, of: leaving.id).map({ "another try, because \($0)" }) {
                wait("\(leaving.entry.name), which is not in the file, to leave", for: reason)
            } else {
                begin(.remove, nodes: [leaving.id], "\(leaving.entry.name) lays down its role, to leave")
            }
        }
        for member in departedMembers(view) where member.role == .manager {
            if let reason = whyNotDemote(member, view) { wait("\(member.hostname), which was evicted, to be removed from the swarm", for: reason) }
        }
        for leaving in leaving where isMember(leaving) && !(isLingering(leaving) && leaving.isHeard) {
            wait(
                "\(leaving.entry.name), which is not in the file", for: "it to leave the swarm",
                command: leaving.isHeard ? nil : "skep node evict \(leaving.entry.name)")
        }
        for id in staleMembers() {
            wait(
                "the swarm",
                for:
                    "the entry of \(view.members.first { $0.id == id && !$0.hostname.isEmpty }?.hostname ?? id), which stands for nobody any more, to be removed"
            )
        }
    }

    private mutating func followDeparture(_ view: ManagerView) {
        guard let operation = open, operation.kind == .remove, let id = operation.nodes.first else { return }
        guard let leaving = leaving.first(where: { $0.id == id }), let member = member(leaving), member.role == .manager else {
            step("role \(name(id))", "a manager no more")
            end("\(name(id)) may leave")
            return
        }
        if now.since(operation.started) > snapshot.settings.joinDeadline {
            end("the departure of \(name(id))", failed: "it did not lay down its role in \(snapshot.settings.joinDeadline / 1000) s")
        } else {
            let reason = whyNotDemote(member, view) ?? "\(name(id)) to become a worker"
            amend { $0.waitsFor = reason }
        }
    }

    /// The one manager that lays its role down to leave, as it should be.
    func departingMember() -> ManagerDuties.Member? {
        guard let view, let operation = open, operation.kind == .remove,
            let leaving = leaving.first(where: { $0.id == operation.nodes.first }),
            let member = member(leaving), whyNotDemote(member, view) == nil
        else { return nil }
        return .init(id: member.id, name: leaving.entry.name, role: .worker, labels: [:])
    }

    /// What a node is told that is to be left as it was found.
    func bare(_ leaving: Participant) -> NodeSpec {
        var wanted = NodeSpec(
            cluster: spec.name, node: leaving.id, name: leaving.entry.name, generation: snapshot.generation, role: .worker, peers: [],
            beat: snapshot.settings.beat)
        if let swarm = record.swarm { wanted.swarm = .leave(swarm: swarm) }
        wanted.knownMember = knownMember(leaving)
        return wanted
    }

    /// What a node is told that leaves, while it is a manager: to go on as it is.
    func lingering(_ leaving: Participant, _ peers: [Peer], _ firewall: FirewallCompiler) -> NodeSpec {
        var wanted = base(leaving, peers)
        wanted.docker = docker
        wanted.firewall = firewall.compile(for: leaving)
        wanted.swarm = record.swarm.map { .member(swarm: $0) } ?? .undecided
        return wanted
    }

    /// Entries of the swarm that stand for nobody any more: a node that rejoined, one that left, one that was evicted.
    func staleMembers() -> [String] {
        guard let view else { return [] }
        let silent = view.members.filter { $0.state != "ready" && ($0.role == .worker || whyNotDemote($0, view) == nil) }
        let current = silent.isEmpty ? [] : currentMembers
        let gone = departedMembers(view).filter { $0.role == .worker || whyNotDemote($0, view) == nil }.map(\.id)
        let down = silent.filter { $0.state == "down" && !current.contains($0.id) }
        return Set(gone + (down.isEmpty ? [] : superseded(down)) + stillborn(silent.filter { !current.contains($0.id) })).sorted()
    }

    /// Entries that a join left which was begun again: Docker makes one with the certificate, and another try gets another. They have no host name.
    private func stillborn(_ silent: [ManagerView.Member]) -> [String] {
        let nameless = silent.filter(\.hostname.isEmpty)
        guard !nameless.isEmpty, open?.kind != .join else { return [] }
        let isSettled = (participants + leaving).allSatisfy { isMember($0) || $0.status?.swarm.state == .inactive }
        return isSettled ? nameless.map(\.id) : []
    }

    /// Those of the swarm's dead entries whose machine is elsewhere now: in the swarm by another entry, or out of it.
    private func superseded(_ down: [ManagerView.Member]) -> [String] {
        let elsewhere = participants.filter { isMember($0) } + leaving.filter { $0.status?.swarm.state == .inactive }
        let names = Set(elsewhere.map(\.entry.name.rawValue))
        // two machines may have one host name: it tells who an entry was only where no label does, and one machine has it
        let owners = Dictionary(grouping: (participants + leaving).compactMap { $0.status?.facts.hostname }) { $0 }
        let hostnames = Set(elsewhere.compactMap { $0.status?.facts.hostname }.filter { owners[$0]?.count == 1 })
        return down.filter { $0.labels["skep.node"].map { names.contains($0) } ?? hostnames.contains($0.hostname) }.map(\.id)
    }

    /// Docker's ids of the nodes that are in the swarm now.
    private var currentMembers: Set<String> {
        Set((participants + leaving).compactMap { isMember($0) ? $0.status?.swarm.nodeID : nil })
    }

    /// By Docker's id where it is known, else by the label that names the node: a machine may be evicted before it was heard again.
    func departedMembers(_ view: ManagerView) -> [ManagerView.Member] {
        let evicted = snapshot.nodes.filter(\.evicted)
        if evicted.isEmpty { return [] }
        let ids = Set(evicted.compactMap { $0.status?.swarm.nodeID })
        let names = Set(evicted.map(\.name.rawValue)).subtracting(snapshot.nodes.filter { !$0.evicted }.map(\.name.rawValue))
        let current = currentMembers
        return view.members.filter { member in
            guard !current.contains(member.id) else { return false }
            return ids.contains(member.id) || member.labels["skep.node"].map { names.contains($0) } ?? false
        }
    }
}
