import SkepModel

/// From enrolled machines to the decisions that cannot be taken back: facts, probes, then the choice.
extension Planning {
    /// UDP ports for the data path, in order of preference; Docker's own first (docs: `--data-path-port`, 1024 to 49151).
    static let dataPathPorts: [UInt16] = [4789, 7789, 8789]
    /// A clock that is further off than this makes certificates and joins fail, milliseconds.
    static let clockTolerance: Int64 = 60_000

    /// The file's port, or those of which one is chosen.
    var triedDataPathPorts: [UInt16] { if case .fixed(let port) = spec.docker.dataPathPort { [port] } else { Self.dataPathPorts } }

    mutating func bringUp() {
        for participant in participants where !isExcused(participant) {
            guard let offset = participant.status?.facts.clockOffset, offset.magnitude > Self.clockTolerance else { continue }
            wait(
                "\(participant.entry.name)",
                for: "its clock, which is \(Self.span(Int64(clamping: offset.magnitude))) \(offset > 0 ? "ahead" : "behind")",
                command: "timedatectl set-ntp true   # on \(participant.entry.name)")
        }
        guard record.decisions == nil else {
            adoptLateAddresses()
            return
        }
        guard allFactsAreIn() else { return }
        let awaited = participants.filter { !isDeferred($0) }
        let asked = awaited.map(\.id)
        if record.probeNodes != asked {
            record.probeRound += 1
            record.probeNodes = asked
        }
        let unproven = awaited.filter { $0.status?.probe?.round != record.probeRound || $0.status?.probe?.complete != true }
        guard unproven.isEmpty else {
            wait("the swarm", for: "probes between the nodes: \(unproven.map { $0.entry.name.rawValue }.joined(separator: ", "))")
            return
        }
        decide(awaited)
    }

    private mutating func allFactsAreIn() -> Bool {
        var complete = true
        for entry in spec.nodes where !record.deferred.contains(entry.name) {
            if let participant = byName[entry.name] {
                if participant.status == nil || !participant.isHeard {
                    wait("\(entry.name)", for: "its agent, which has not reported", command: "skep node defer \(entry.name)")
                    complete = false
                } else if participant.status?.condition(.swarm)?.reason == "ForeignSwarm" {
                    wait("\(entry.name)", for: participant.status?.condition(.swarm)?.message ?? "it to leave a foreign swarm")
                    complete = false
                } else if (participant.status?.facts.clockOffset ?? 0).magnitude > Self.clockTolerance {
                    complete = false
                }
                continue
            }
            complete = false
            if snapshot.nodes.contains(where: { $0.name == entry.name && !$0.approved }) {
                wait("\(entry.name)", for: "an operator's approval", command: "skep node approve \(entry.name)")
            } else {
                wait(
                    "\(entry.name)", for: "a machine to enrol under that name",
                    command: "skep node invite \(entry.name), or skep node defer \(entry.name)")
            }
        }
        guard complete else { return false }
        guard participants.contains(where: { $0.entry.role == .manager && !isDeferred($0) }) else {
            wait("the swarm", for: "a manager among the machines that are there")
            return false
        }
        return true
    }

    private mutating func decide(_ participants: [Participant]) {
        var addresses: [NodeID: IPAddress] = [:]
        for participant in participants {
            let candidates = candidateAddresses(participant)
            let reached = candidates.first { address in
                participants.allSatisfy { other in other.id == participant.id || path(from: other, to: participant, address).map(Self.isGood) ?? false
                }
            }
            guard let reached else {
                wait("\(participant.entry.name)", for: "an address that every other node reaches; \(whyUnreached(participant, candidates))")
                continue
            }
            addresses[participant.id] = reached
        }
        guard addresses.count == participants.count else { return }
        let paths = participants.flatMap { from in
            participants.compactMap { to in
                addresses[to.id].flatMap { address in from.id == to.id ? nil : path(from: from, to: to, address) }
            }
        }
        let port: UInt16?
        if case .fixed(let fixed) = spec.docker.dataPathPort {
            port = fixed
        } else {
            port = Self.dataPathPorts.first { candidate in paths.allSatisfy { $0.dataPath.contains(candidate) } }
        }
        guard let port else {
            wait(
                "the swarm",
                for:
                    "a UDP port for the data path that passes between all nodes (tried \(Self.dataPathPorts.map(String.init).joined(separator: ", ")))"
            )
            return
        }
        let mtu: Int
        if case .fixed(let fixed) = spec.docker.mtu { mtu = fixed } else { mtu = paths.compactMap(\.mtu).min() ?? 1500 }
        guard let pool = addressPool() else {
            wait("the swarm", for: "an address pool that no node has a route to; name one: docker.address-pool")
            return
        }
        let managers = participants.filter { $0.entry.role == .manager }
        guard let initialiser = managers.first(where: { $0.liveness == .live }) else {
            wait("the swarm", for: "a manager that answers")
            return
        }
        record.addresses = addresses
        record.decisions = .init(addressPool: pool, mtu: mtu, dataPathPort: port, initialiser: initialiser.id)
        begin(.initialise, nodes: [initialiser.id], "the swarm is made on \(initialiser.entry.name)")
        step("decided", "address pool \(pool), data-path port \(port), MTU \(mtu), made on \(initialiser.entry.name)")
    }

    /// Addresses that could be advertised: not local to a link, not one that two nodes have, those of `nodes` first.
    func candidateAddresses(_ participant: Participant) -> [IPAddress] {
        let ranges = spec.audiences[.nodes] ?? []
        let mine = (participant.status?.facts.addresses.map(\.address) ?? []).filter { !$0.isLoopback && !$0.isLinkLocal && addressOwners[$0] == 1 }
        return Set(mine).sorted { left, right in
            let leftInside = ranges.contains { $0.contains(left) }
            let rightInside = ranges.contains { $0.contains(right) }
            return leftInside == rightInside ? left < right : leftInside
        }
    }

    private func path(from: Participant, to: Participant, _ address: IPAddress) -> ProbeReport.Path? {
        from.status?.probe?.paths.first { $0.node == to.id && $0.address == address }
    }

    private static func isGood(_ path: ProbeReport.Path) -> Bool { path.tcp && path.udp && !path.dataPath.isEmpty }

    private func whyUnreached(_ participant: Participant, _ candidates: [IPAddress]) -> String {
        guard let best = candidates.first else { return "it has none that only it has" }
        for other in participants where other.id != participant.id {
            guard let path = path(from: other, to: participant, best) else { return "\(other.entry.name) did not try \(best)" }
            if Self.isGood(path) { continue }
            let dataPath = triedDataPathPorts.map { "\($0)/udp" }.joined(separator: " and ")
            let missing = [path.tcp ? nil : "7946/tcp", path.udp ? nil : "7946/udp", path.dataPath.isEmpty ? dataPath : nil].compactMap { $0 }
            let occupied = participant.status?.probe?.occupied.sorted { $0.key < $1.key }.map { "\($0.key): \($0.value)" } ?? []
            return "from \(other.entry.name), \(missing.joined(separator: ", ")) of \(best) do not answer"
                + (occupied.isEmpty ? "" : " (taken there: \(occupied.joined(separator: "; ")))")
        }
        return "none of \(candidates.map(\.description).joined(separator: ", ")) is reached by all"
    }

    /// A pool that overlaps no route and no address of any node, nor Docker's own bridges.
    private func addressPool() -> CIDR? {
        if case .fixed(let fixed) = spec.docker.addressPool { return fixed }
        var taken = ["172.17.0.0/16", "172.18.0.0/16"].compactMap { CIDR($0) }
        for participant in participants {
            taken += participant.status?.facts.routes ?? []
            taken += participant.status?.facts.addresses.compactMap { CIDR($0.address, prefix: $0.prefix) } ?? []
        }
        taken += spec.audiences.sorted { $0.key < $1.key }.flatMap(\.value)
        taken += spec.networks.compactMap(\.subnet)
        let inUse = taken.filter { $0.prefix > 0 }
        var candidates = ["10.0.0.0/8"]
        candidates += (Array(100..<256) + Array(1..<100)).map { "10.\($0).0.0/16" }
        candidates += (20..<32).map { "172.\($0).0.0/16" }
        return candidates.compactMap { CIDR($0) }.first { candidate in inUse.allSatisfy { !$0.overlaps(candidate) } }
    }

    /// A node that enrols when the swarm stands is advertised in the network of the others; so is one that has lost its address and is no member.
    private mutating func adoptLateAddresses() {
        for participant in participants where participant.isHeard && participant.status?.swarm.state == .inactive {
            let mine = participant.status?.facts.addresses.map(\.address) ?? []
            guard let old = record.addresses[participant.id], !mine.isEmpty, !mine.contains(old) else { continue }
            record.addresses[participant.id] = nil
            note(.transition, "has \(old) no more; another address is advertised", node: participant.entry.name)
        }
        for participant in participants where record.addresses[participant.id] == nil {
            if let address = nearAddress(of: participant) { record.addresses[participant.id] = address }
        }
    }

    static func span(_ milliseconds: Int64) -> String {
        let seconds = milliseconds / 1000
        return seconds >= 7200 ? "\(seconds / 3600) h" : seconds >= 120 ? "\(seconds / 60) min" : "\(seconds) s"
    }
}
