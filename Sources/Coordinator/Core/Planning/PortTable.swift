import SkepModel

/// An opening of a stack's own.
struct Exposure: Hashable {
    let stack: StackName
    let opening: ClusterSpec.Opening
}

/// The table of ports: what the file, the kind of cluster and its stacks open, and to whom.
struct PortTable {
    let spec: ClusterSpec
    /// The one that is decided; before that all that are tried, as a probe cannot answer through a closed one.
    let dataPathPorts: [UInt16]

    /// Single ports first.
    /// `closed` are stacks' own openings that are of no use on the node.
    func rules(servesShares: Bool, coordinates: Bool, servesAPI: Bool, closed: Set<Exposure> = []) -> [FirewallSpec.Rule] {
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
        if servesAPI { open(Int(DockerAPISpec.port), to: [spec.kind == .target ? .nuvla : .management], "docker api over tls") }
        open(2377, to: [.cluster], "swarm management")
        open(7946, nil, [.tcp, .udp], to: [.cluster], "swarm gossip")
        for port in dataPathPorts { open(Int(port), nil, [.udp], to: [.cluster], "swarm data path") }
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
        for stack in spec.stacks {
            for opening in stack.expose where !closed.contains(Exposure(stack: stack.name, opening: opening)) {
                add(opening, service: "stack \(stack.name)", nodesToo: true, to: &rules)
            }
        }
        return rules.filter(\.ports.isSingle) + rules.filter { !$0.ports.isSingle }
    }

    private func add(_ opening: ClusterSpec.Opening, service: String, nodesToo: Bool, to rules: inout [FirewallSpec.Rule]) {
        for transport in opening.transports {
            rules.append(.init(ports: opening.ports, transport: transport, audiences: opening.audiences, nodesToo: nodesToo, service: service))
        }
    }
}

extension Planning {
    var ports: PortTable { PortTable(spec: spec, dataPathPorts: record.decisions.map { [$0.dataPathPort] } ?? triedDataPathPorts) }
}
