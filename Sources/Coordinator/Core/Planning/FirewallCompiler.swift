import SkepModel

/// Compiles the tables of ports, the audiences and the stacks' exposure into what one node lets in.
struct FirewallCompiler {
    let planning: Planning

    private var spec: ClusterSpec { planning.spec }

    private let audiences: [Audience: [CIDR]]
    private let departed: [IPAddress]
    /// What nodes' rules differ in.
    private struct Variation: Hashable {
        var servesShares: Bool
        var coordinates: Bool
        var servesAPI: Bool
        var closed: Set<Exposure>
    }

    /// Nearly all nodes get the same, so each is compiled once.
    private var known: [Variation: FirewallSpec] = [:]

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
        for participant in planning.participants {
            let variation = variation(of: participant)
            if known[variation] == nil { known[variation] = compile(variation) }
        }
    }

    func compile(for participant: Planning.Participant) -> FirewallSpec {
        let variation = variation(of: participant)
        var compiled = known[variation] ?? compile(variation)
        compiled.attempt = planning.record.firewallAttempts[participant.id] ?? 0
        return compiled
    }

    private func variation(of participant: Planning.Participant) -> Variation {
        Variation(
            servesShares: participant.entry.name == spec.nfs?.server, coordinates: participant.id == planning.snapshot.coordinatorNode,
            servesAPI: spec.docker.tlsAPI && participant.entry.role == .manager,
            closed: Set(
                spec.stacks.flatMap { stack in
                    stack.expose.map { Exposure(stack: stack.name, opening: $0) }.filter { !isPublished($0, on: participant) }
                }))
    }

    /// Whether what an opening is for can be reached on the node: the mesh is on every one, a port of the machine itself only where its service may run.
    private func isPublished(_ exposure: Exposure, on participant: Planning.Participant) -> Bool {
        let publications = (planning.snapshot.bundles[exposure.stack]?.publications ?? []).filter {
            exposure.opening.transports.contains($0.transport) && $0.port.first <= exposure.opening.ports.last
                && $0.port.last >= exposure.opening.ports.first
        }
        return publications.isEmpty || publications.contains { !$0.host || planning.mayRun($0.constraints ?? [], on: participant) }
    }

    private func compile(_ variation: Variation) -> FirewallSpec {
        compile(
            planning.ports.rules(
                servesShares: variation.servesShares, coordinates: variation.coordinates, servesAPI: variation.servesAPI, closed: variation.closed))
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
