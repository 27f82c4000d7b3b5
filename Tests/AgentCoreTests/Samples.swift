import AgentCore
import SkepModel

/// A node that is as it should be, and the spec that says so.
enum Samples {
    static func ranges(_ texts: String...) -> [CIDR] { texts.compactMap { CIDR($0) } }

    static func port(_ first: Int, _ last: Int? = nil) -> PortRange {
        guard let range = PortRange(first, last ?? first) else { preconditionFailure("no port") }
        return range
    }

    static var firewall: FirewallSpec {
        FirewallSpec(
            audiences: [
                .management: ranges("10.0.2.0/24"), .cluster: ranges("10.77.0.11/32", "10.77.0.12/32"), .users: ranges("0.0.0.0/0"),
                .nodes: ranges("10.77.0.0/24"),
            ],
            rules: [
                .init(ports: port(22), transport: .tcp, audiences: [.management], service: "ssh"),
                .init(ports: port(443), transport: .tcp, audiences: [.users], nodesToo: true, service: "https"),
                .init(ports: port(2377), transport: .tcp, audiences: [.cluster], service: "swarm management"),
                .init(ports: port(30000, 32767), transport: .tcp, audiences: [.users], publishedOnly: true, service: "users' applications"),
            ], clusterPorts: [port(2377)])
    }

    static func spec(firewall: FirewallSpec? = nil, swarm: NodeSpec.Swarm = .undecided, docker: Bool = true) -> NodeSpec {
        NodeSpec(
            cluster: ClusterName(unchecked: "geneva"), node: NodeID(unchecked: "0000000000000001"), name: NodeName(unchecked: "n1"),
            generation: Generation(3), role: .manager, docker: docker ? .init(package: "docker.io", hold: true) : nil, firewall: firewall,
            swarm: swarm)
    }

    static func observation(
        table: String? = nil, management: Int = 0, kept: String? = nil, boot: String = "b", swarm: SwarmStatus = .init(state: .inactive)
    ) -> Observation {
        Observation(
            facts: NodeFacts(machineID: "m", hostname: "n1", localPorts: port(32768, 60999)),
            packages: .seen(.init(installed: ["nftables", "docker.io", "apparmor"], held: ["docker.io"])),
            engine: .seen(.running(version: "20.10.24", bridges: ["docker0", "docker_gwbridge"])), daemonConfig: .seen(.asWanted),
            sysctls: .seen([:]),
            table: .seen(.init(listing: table, managementConnections: management, kept: kept)), server: .seen(.init()), mounts: .seen([:]),
            swarm: .seen(swarm),
            bootID: boot)
    }
}
