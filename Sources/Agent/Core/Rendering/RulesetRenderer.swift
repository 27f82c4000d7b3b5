public import SkepModel

/// Renders the table `inet skep` as one nft transaction: what was there goes, what is wanted comes, nothing in between.
///
/// The base chain hooks at prerouting, priority mangle (-150): after conntrack (-200), before Docker's DNAT (-100), so that it sees the
/// port that the client asked for and governs published ports and the ingress mesh as well (netfilter hook order, nft(8)).
public struct RulesetRenderer: Sendable {
    public let spec: FirewallSpec
    /// Interfaces of Docker's bridges, `docker0` and `docker_gwbridge` always among them.
    public let bridges: [String]
    /// `net.ipv4.ip_local_port_range`, when the spec opens it to users.
    public let localPorts: PortRange?

    public init(spec: FirewallSpec, bridges: [String], localPorts: PortRange?) {
        self.spec = spec
        self.bridges = Set(bridges).union(["docker0", "docker_gwbridge"]).sorted()
        self.localPorts = localPorts
    }

    /// What decides whether a table needs a trial: all but the addresses of the nodes themselves and of Docker's bridges, and what is open to the
    /// nodes alone, which keeps neither the coordinator nor management out.
    public static func trialKey(_ spec: FirewallSpec) -> String {
        let audiences = spec.audiences.filter { $0.key != .cluster }.sorted { $0.key < $1.key }
            .map { "\($0.key.rawValue)=\($0.value.map(\.description).joined(separator: ","))" }
        let rules = spec.rules.filter { $0.audiences != [.cluster] || $0.nodesToo }.map { rule in
            "\(rule.transport)/\(rule.ports):\(rule.audiences.map(\.rawValue).joined(separator: ",")):\(rule.nodesToo):\(rule.publishedOnly)"
        }
        return (["attempt \(spec.attempt)"] + audiences + rules).joined(separator: "; ")
    }

    /// The text for `nft -f -`.
    public func render() -> String {
        var lines = ["add table inet skep", "delete table inet skep", "table inet skep {", "    counter management {", "    }"]
        for audience in spec.audiences.keys.sorted() { lines += sets(audience.rawValue, spec.audiences[audience] ?? []) }
        lines += sets("departed", spec.departed.compactMap { CIDR($0, prefix: $0.width) })
        lines += prerouting() + services() + input() + ["}", ""]
        return lines.joined(separator: "\n")
    }

    private func sets(_ name: String, _ ranges: [CIDR]) -> [String] {
        [("4", "ipv4_addr", true), ("6", "ipv6_addr", false)].flatMap { family, type, isV4 in
            // A range that is everything is written as a rule without a set: an interval of the whole space is refused by older nft.
            let elements = CIDR.merged(ranges.filter { $0.address.isV4 == isV4 && $0.prefix > 0 })
            return ["    set \(name)\(family) {", "        type \(type)", "        flags interval"]
                + (elements.isEmpty ? [] : ["        elements = { \(elements.map(\.description).joined(separator: ", ")) }"]) + ["    }"]
        }
    }

    private var bridgeSet: String { "{ \(bridges.map { "\"\($0)\"" }.joined(separator: ", ")) }" }

    private func portSet(_ ports: [PortRange]) -> String { "{ \(ports.map(\.description).joined(separator: ", ")) }" }

    private func prerouting() -> [String] {
        var rules = ["type filter hook prerouting priority mangle; policy accept;", "iifname \"lo\" accept"]
        if !spec.clusterPorts.isEmpty {
            let ports = portSet(spec.clusterPorts)
            for transport in Transport.allCases {
                for family in ["4", "6"] {
                    let source = family == "4" ? "ip saddr" : "ip6 saddr"
                    rules.append("fib daddr type local \(transport) dport \(ports) \(source) != @cluster\(family) drop comment \"nodes only\"")
                    rules.append("\(source) @departed\(family) \(transport) sport \(ports) drop comment \"left the cluster\"")
                }
            }
        }
        rules += [
            "ct state established,related accept",
            "iifname \(bridgeSet) fib daddr type != local accept comment \"containers outward\"",
            "fib daddr oifname \(bridgeSet) drop comment \"routed straight to a container\"",
            "icmp type { echo-request, destination-unreachable, time-exceeded, parameter-problem } accept",
            "icmpv6 type { echo-request, destination-unreachable, packet-too-big, time-exceeded, parameter-problem, nd-router-solicit, "
                + "nd-router-advert, nd-neighbor-solicit, nd-neighbor-advert, mld-listener-query, mld-listener-report, mld2-listener-report } accept",
            "udp sport 67 udp dport 68 accept comment \"DHCP\"",
            "ip6 saddr fe80::/10 udp sport 547 udp dport 546 accept comment \"DHCPv6\"",
        ]
        if spec.encrypted {
            rules.append("ip saddr @cluster4 meta l4proto esp accept comment \"encrypted networks\"")
            rules.append("ip6 saddr @cluster6 meta l4proto esp accept comment \"encrypted networks\"")
        }
        rules += ["fib daddr type { local, broadcast, multicast } jump services"]
        return chain("prerouting", rules)
    }

    private func services() -> [String] {
        var rules: [String] = []
        let singles = spec.rules.filter { $0.ports.isSingle }.sorted { ($0.ports, $0.transport.rawValue) < ($1.ports, $1.transport.rawValue) }
        for rule in singles {
            rules += accepts(rule)
        }
        let decided = Set(singles.map { "\($0.transport) dport \($0.ports)" }).sorted()
        rules += decided.map { "\($0) drop" }
        for rule in spec.rules.filter({ !$0.ports.isSingle }) + localRange { rules += accepts(rule) }
        rules.append("counter drop")
        return chain("services", rules)
    }

    private var localRange: [FirewallSpec.Rule] {
        guard spec.localPortRange, let localPorts else { return [] }
        return [.init(ports: localPorts, transport: .tcp, audiences: [.users], publishedOnly: true, service: "users' applications")]
    }

    private func accepts(_ rule: FirewallSpec.Rule) -> [String] {
        let port = "\(rule.transport) dport \(rule.ports)"
        var result: [String] = []
        for audience in rule.audiences {
            let seen = audience == .management ? "counter name management " : ""
            let ranges = spec.audiences[audience] ?? []
            for (family, source, isV4) in [("4", "ip saddr", true), ("6", "ip6 saddr", false)] {
                let mine = ranges.filter { $0.address.isV4 == isV4 }
                if mine.contains(where: { $0.prefix == 0 }) {
                    result.append("\(port) meta nfproto \(isV4 ? "ipv4" : "ipv6") \(seen)accept comment \"\(rule.service)\"")
                } else if !mine.isEmpty || audience == .cluster {
                    result.append("\(port) \(source) @\(audience.rawValue)\(family) \(seen)accept comment \"\(rule.service)\"")
                }
            }
        }
        if rule.nodesToo {
            result.append("\(port) ip saddr @cluster4 accept comment \"\(rule.service), nodes\"")
            result.append("\(port) ip6 saddr @cluster6 accept comment \"\(rule.service), nodes\"")
            result.append("\(port) iifname \(bridgeSet) accept comment \"\(rule.service), own containers\"")
        }
        return result
    }

    /// What Docker publishes is rewritten at prerouting and never comes here; what comes here on the ranges listens on the machine itself.
    private func input() -> [String] {
        let ranges = (spec.rules + localRange).filter(\.publishedOnly)
        guard !ranges.isEmpty else { return [] }
        var rules = ["type filter hook input priority filter; policy accept;", "iifname \"lo\" accept", "ct state established,related accept"]
        for transport in Transport.allCases {
            let mine = ranges.filter { $0.transport == transport }.map(\.ports)
            guard !mine.isEmpty else { continue }
            let singles = Set(spec.rules.filter { $0.transport == transport && !$0.publishedOnly && $0.ports.isSingle }.map(\.ports))
                .filter { port in mine.contains { $0.overlaps(port) } }.sorted()
            if !singles.isEmpty { rules.append("\(transport) dport \(portSet(singles)) accept") }
            rules += mine.map { "\(transport) dport \($0) drop comment \"published ports only\"" }
        }
        return chain("input", rules)
    }

    private func chain(_ name: String, _ rules: [String]) -> [String] {
        ["    chain \(name) {"] + rules.map { "        \($0)" } + ["    }"]
    }
}
