import SkepModel

/// Compiles the tables of ports, the audiences and the stacks' exposure into what one node lets in.
struct FirewallCompiler {
    let planning: Planning

    private var spec: ClusterSpec { planning.spec }
    private var dataPathPort: Int { Int(planning.record.decisions?.dataPathPort ?? 4789) }

    private let audiences: [Audience: [CIDR]]
    private let departed: [IPAddress]
    /// What a node gets that is neither the shares' server nor the coordinator's: nearly all of them, so it is compiled once.
    private var ordinary: FirewallSpec?

    init(planning: Planning) {
        self.planning = planning
        let addresses = Self.clusterAddresses(planning)
        var audiences = planning.spec.audiences
        audiences[.cluster] = addresses.compactMap { CIDR($0, prefix: $0.width) }
        for (audience, ranges) in audiences { audiences[audience] = CIDR.merged(ranges) }
        self.audiences = audiences
        let current = Set(addresses)
        let left = planning.snapshot.nodes.filter(\.evicted)
            .flatMap { node in planning.record.addresses[node.id].map { [$0] } ?? node.status?.facts.addresses.map(\.address) ?? [] }
            .filter { !current.contains($0) && !$0.isLinkLocal && !$0.isLoopback }
        departed = Set(left).sorted()
        ordinary = compile(rules(servesShares: false, coordinates: false))
    }

    func compile(for participant: Planning.Participant) -> FirewallSpec {
        let servesShares = participant.entry.name == spec.nfs?.server
        let coordinates = participant.id == planning.snapshot.coordinatorNode
        var compiled: FirewallSpec
        if !servesShares, !coordinates, let ordinary {
            compiled = ordinary
        } else {
            compiled = compile(rules(servesShares: servesShares, coordinates: coordinates))
        }
        compiled.attempt = planning.record.firewallAttempts[participant.id] ?? 0
        return compiled
    }

    private func compile(_ rules: [FirewallSpec.Rule]) -> FirewallSpec {
        FirewallSpec(
            audiences: audiences, rules: rules, departed: departed,
            clusterPorts: Set(rules.filter { $0.audiences == [.cluster] }.map(\.ports)).sorted(),
            encrypted: spec.networks.contains(where: \.encrypted),
            localPortRange: spec.kind == .target && !(spec.audiences[.users] ?? []).isEmpty, trialSeconds: planning.snapshot.settings.trialSeconds)
    }

    /// The enrolled nodes: what is advertised once it is decided, else the addresses that only one of them has.
    private static func clusterAddresses(_ planning: Planning) -> [IPAddress] {
        let all = (planning.participants + planning.leaving.filter(planning.isLingering)).flatMap { participant in
            planning.record.addresses[participant.id].map { [$0] } ?? planning.candidateAddresses(participant)
        }
        return Set(all).sorted()
    }

    /// Single ports first.
    func rules(servesShares: Bool, coordinates: Bool) -> [FirewallSpec.Rule] {
        var rules: [FirewallSpec.Rule] = []
        func open(
            _ port: Int, _ last: Int? = nil, _ transports: [Transport] = [.tcp], to audiences: [Audience], nodesToo: Bool = false,
            published: Bool = false, _ service: String
        ) {
            guard let range = PortRange(port, last ?? port) else { return }
            for transport in transports {
                rules.append(
                    .init(ports: range, transport: transport, audiences: audiences, nodesToo: nodesToo, publishedOnly: published, service: service))
            }
        }
        open(22, to: [.management], "ssh")
        open(8080, to: [.management], "traefik dashboard")
        open(2377, to: [.cluster], "swarm management")
        open(7946, nil, [.tcp, .udp], to: [.cluster], "swarm gossip")
        open(dataPathPort, nil, [.udp], to: [.cluster], "swarm data path")
        let web: [Audience] = spec.kind == .target ? [.nuvla, .users] : [.management, .users]
        open(80, to: web, nodesToo: true, "http")
        open(443, to: web, nodesToo: true, "https")
        if spec.kind == .target {
            if let nfs = spec.nfs, servesShares {
                open(2049, nil, nfs.v3 ? [.tcp, .udp] : [.tcp], to: [.cluster], "nfs")
                if nfs.v3 { for port in [111, 33333, 33334, 33336] { open(port, nil, [.tcp, .udp], to: [.cluster], "nfs v3") } }
            }
            open(30000, 32767, to: [.users], published: true, "users' applications")
        }
        if coordinates {
            open(7443, to: [.management, .nodes], "skep operators and enrolment")
            open(7444, to: [.nodes], "skep agents")
        }
        for opening in spec.allow { add(opening, service: "allowed by the file", nodesToo: false, to: &rules) }
        for stack in spec.stacks { for opening in stack.expose { add(opening, service: "stack \(stack.name)", nodesToo: true, to: &rules) } }
        return rules.filter(\.ports.isSingle) + rules.filter { !$0.ports.isSingle }
    }

    private func add(_ opening: ClusterSpec.Opening, service: String, nodesToo: Bool, to rules: inout [FirewallSpec.Rule]) {
        for transport in opening.transports {
            rules.append(.init(ports: opening.ports, transport: transport, audiences: opening.audiences, nodesToo: nodesToo, service: service))
        }
    }
}
