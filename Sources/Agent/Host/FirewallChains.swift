internal import FoundationEssentials
internal import SkepSystem

/// All chains of nftables on this machine, of which some are Docker's, and some may drop what our table opens.
struct FirewallChains: Equatable, Sendable {
    struct Listing: Decodable {
        struct Item: Decodable { var chain: Chain? }
        var nftables: [Item]
    }

    struct Chain: Decodable, Equatable, Sendable {
        var family: String
        var table: String
        var name: String
        var hook: String?
        var policy: String?
    }

    var chains: [Chain]

    /// From `nft -j list chains`.
    init(_ json: [UInt8]) { chains = ((try? JSONDecoder().decode(Listing.self, from: Data(json)))?.nftables ?? []).compactMap(\.chain) }

    /// Asked anew when anything has changed; nil where nft is not there or does not answer.
    @LoopActor static func read(_ layout: HostLayout, _ cache: RulesetCache) async -> FirewallChains? {
        guard layout.nft.isInstalled else { return nil }
        return await cache.chains(layout) {
            guard let result = try? await run(layout.nft("-j", "list", "chains")), result.succeeded else { return nil }
            return FirewallChains(result.stdout)
        }
    }

    /// The chains by which Docker publishes ports: of iptables-nft, or of its own backend (moby: `DOCKER` in ip nat, tables named `docker-bridges`).
    var hasDockers: Bool {
        chains.contains { $0.table == "nat" && $0.family == "ip" && $0.name == "DOCKER" || $0.table.hasPrefix("docker-") }
    }

    /// Tables that are not ours and not Docker's, with a dropping base chain that a packet from outside meets.
    func dropping(hasUfw: Bool) -> [String] {
        let found = chains.filter { chain in
            guard let hook = chain.hook, ["prerouting", "input", "forward"].contains(hook), chain.policy == "drop" else { return false }
            guard chain.table != "skep", chain.table != "firewalld", !chain.table.hasPrefix("docker-") else { return false }
            // iptables-nft keeps its rules in ip and ip6 filter: Docker sets FORWARD's policy to drop there (moby: firewall_linux.go).
            let isIptables = ["ip", "ip6"].contains(chain.family) && chain.table == "filter"
            let hasDocker = chains.contains { $0.family == chain.family && $0.table == chain.table && $0.name.hasPrefix("DOCKER") }
            if isIptables, hook == "forward", hasDocker { return false }
            return !(isIptables && hasUfw)
        }
        return Set(found.map { "nft table \($0.family) \($0.table)" }).sorted()
    }
}
