import SkepModel

/// A member whose address changes (swarmkit#642): a swarm goes on with the one that was advertised at the join. Firewall sets, exports and mounts follow at
/// once; then it leaves and joins anew, a manager after it laid down its role, one node at a time.
extension Planning {
    /// An address may be gone for a moment, as when a network is restarted: milliseconds before it counts.
    static let moveDelay: Int64 = 10_000

    mutating func readdress() {
        followReaddressing()
        var gone = record.moved ?? [:]
        for participant in participants {
            guard let move = move(of: participant) else {
                gone[participant.id] = nil
                takeBack(participant)
                continue
            }
            let since = gone[participant.id] ?? now
            gone[participant.id] = since
            guard open?.nodes.contains(participant.id) != true else { continue }
            beginReaddressing(participant, from: move.from, to: move.to, since)
        }
        record.moved = gone.isEmpty ? nil : gone
    }

    /// It has the address again that it is a member by: whatever was decided meanwhile and did not come about.
    private mutating func takeBack(_ participant: Participant) {
        guard isMember(participant), participant.liveness == .live, !isReaddressed(participant), let own = participant.status?.swarm.address,
            let decided = record.addresses[participant.id], decided != own,
            participant.status?.facts.addresses.contains(where: { $0.address == own }) == true
        else { return }
        record.addresses[participant.id] = own
        note(.transition, "has \(own) again, and is a member by it", node: participant.entry.name)
    }

    /// What a member was advertised as and has no more, and what it has now.
    private func move(of participant: Participant) -> (from: IPAddress, to: IPAddress?)? {
        guard isMember(participant), participant.liveness == .live, let from = advertised(participant),
            let mine = participant.status?.facts.addresses.map(\.address), !mine.isEmpty, !mine.contains(from)
        else { return nil }
        // one that lost its network and is heard over another stays: its peers need not reach it there
        let to = nearAddress(of: participant).flatMap { address in isAmongNodes(address) ? address : nil }
        return (from, to)
    }

    /// In the ranges of `nodes`, or in a network that another node is advertised in.
    private func isAmongNodes(_ address: IPAddress) -> Bool {
        if (spec.audiences[.nodes] ?? []).contains(where: { $0.contains(address) }) { return true }
        return participants.contains { other in
            guard let advertised = record.addresses[other.id] else { return false }
            return other.status?.facts.addresses.contains {
                $0.address == advertised && CIDR(advertised, prefix: $0.prefix)?.contains(address) == true
            }
                ?? false
        }
    }

    /// As its engine says it, which the record no longer does once the new one is decided.
    private func advertised(_ participant: Participant) -> IPAddress? { participant.status?.swarm.address ?? record.addresses[participant.id] }

    private mutating func beginReaddressing(_ participant: Participant, from: IPAddress, to: IPAddress?, _ since: Instant) {
        let name = participant.entry.name
        guard let to else {
            return wait("\(name)", for: "an address in the ranges of 'nodes' that only it has: it was \(from) and has it no more")
        }
        // so that it can speak to the others at all
        if record.addresses[participant.id] != to, now.since(since) >= Self.moveDelay {
            record.addresses[participant.id] = to
            note(.transition, "has \(to) instead of \(from): firewall sets, exports and mounts follow", node: name)
        }
        let what = "\(name), which was \(from) and is \(to) now, to be a member by that"
        if let view, let member = member(participant), member.role == .manager, let reason = whyNotDemote(member, view) {
            let isOnly = !view.members.contains { $0.role == .manager && $0.id != member.id }
            return wait(
                what,
                for: isOnly
                    ? "\(from) to come back: it is the only manager, and a swarm cannot follow its last one; give it the address again, or make the "
                        + "cluster anew (skep cluster down, skep apply)" : reason)
        }
        if let why = recentFailure(.readdress, of: participant.id) { return wait(what, for: "another try, because \(why)") }
        guard now.since(since) >= Self.moveDelay, open == nil else {
            return wait(what, for: open == nil ? "the change to last" : "the operation that is open")
        }
        begin(.readdress, nodes: [participant.id], "\(name) is \(to) instead of \(from), and joins anew")
        step("address", "\(from) is \(to) now")
    }

    private mutating func followReaddressing() {
        guard let operation = open, operation.kind == .readdress, let id = operation.nodes.first else { return }
        guard let participant = participants.first(where: { $0.id == id }) else {
            return end("the change of address", failed: "\(name(id)) is no longer here")
        }
        if participant.status?.swarm.state == .inactive {
            step("left", "\(participant.entry.name) has left, and may join by its new address")
            return end("\(participant.entry.name) may join by its new address")
        }
        if let member = member(participant), member.role == .worker, participant.entry.role == .manager {
            step("role", "\(participant.entry.name) laid its role down")
        }
        if now.since(operation.started) > snapshot.settings.joinDeadline {
            return end(
                "the change of address", failed: "\(participant.entry.name) did not leave the swarm in \(snapshot.settings.joinDeadline / 1000) s")
        }
        amend { $0.waitsFor = "\(participant.entry.name) to leave the swarm" }
    }

    /// Whether the node lays its role down, or leaves, to join by another address.
    func isReaddressed(_ participant: Participant) -> Bool { open?.kind == .readdress && open?.nodes == [participant.id] }

    /// Once it is no manager, by the acting manager's word: its own engine may not hear of it any more.
    func leavesToBeReaddressed(_ participant: Participant) -> Bool { isReaddressed(participant) && member(participant)?.role != .manager }

    /// In a network that other nodes are advertised in, if it can be.
    func nearAddress(of participant: Participant) -> IPAddress? {
        let candidates = candidateAddresses(participant)
        let prefixes = participant.status?.facts.addresses ?? []
        let known = record.addresses.filter { $0.key != participant.id }.sorted { $0.key < $1.key }.map(\.value)
        let near = candidates.first { candidate in
            prefixes.contains {
                $0.address == candidate && CIDR(candidate, prefix: $0.prefix).map { range in known.contains { range.contains($0) } } ?? false
            }
        }
        return near ?? candidates.first
    }
}
