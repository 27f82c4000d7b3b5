import SkepModel

/// Compiles the tables of ports, the audiences and the stacks' exposure into what one node lets in.
struct FirewallCompiler {
    let planning: Planning

    private var spec: ClusterSpec { planning.spec }

    private let audiences: [Audience: [CIDR]]
    private let departed: [IPAddress]
    /// What a node gets that is neither the shares' server nor the coordinator's nor serves Docker's API: nearly all of them, so it is compiled once.
    private var ordinary: FirewallSpec?

    init(planning: Planning) {
        self.planning = planning
        let addresses = Self.clusterAddresses(planning)
        var audiences = planning.spec.audiences
        audiences[.cluster] = addresses.compactMap { CIDR($0, prefix: $0.width) }
        for (audience, ranges) in audiences { audiences[audience] = CIDR.merged(ranges) }
        self.audiences = audiences
        let left = planning.snapshot.nodes.filter(\.evicted)
            .flatMap { node in planning.record.addresses[node.id].map { [$0] } ?? node.status?.facts.addresses.map(\.address) ?? [] }
            .filter { !addresses.contains($0) && !$0.isLinkLocal && !$0.isLoopback }
        departed = Set(left).sorted()
        ordinary = compile(planning.ports.rules(servesShares: false, coordinates: false, servesAPI: false))
    }

    func compile(for participant: Planning.Participant) -> FirewallSpec {
        let servesShares = participant.entry.name == spec.nfs?.server
        let coordinates = participant.id == planning.snapshot.coordinatorNode
        let servesAPI = spec.docker.tlsAPI && participant.entry.role == .manager
        var compiled: FirewallSpec
        if !servesShares, !coordinates, !servesAPI, let ordinary {
            compiled = ordinary
        } else {
            compiled = compile(planning.ports.rules(servesShares: servesShares, coordinates: coordinates, servesAPI: servesAPI))
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
    private static func clusterAddresses(_ planning: Planning) -> Set<IPAddress> {
        let all = (planning.participants + planning.leaving.filter(planning.isLingering)).flatMap { participant in
            planning.record.addresses[participant.id].map { [$0] } ?? planning.candidateAddresses(participant)
        }
        return Set(all)
    }
}
