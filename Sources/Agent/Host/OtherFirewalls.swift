internal import FoundationEssentials
internal import SkepSystem

/// Finds what else on this machine drops packets: ufw, firewalld, and foreign base chains whose policy is drop.
enum OtherFirewalls {
    struct Listing: Decodable {
        struct Item: Decodable { var chain: Chain? }
        struct Chain: Decodable {
            var family: String
            var table: String
            var name: String
            var hook: String?
            var policy: String?
        }
        var nftables: [Item]
    }

    @LoopActor static func read(_ layout: HostLayout, _ cache: RulesetCache) async -> [String] {
        var names: [String] = []
        let ufw = (try? Files.readText(layout.ufwSettings)) ?? ""
        let hasUfw = ufw.split(separator: "\n").contains { $0.filter { !$0.isWhitespace }.lowercased() == "enabled=yes" }
        let hasFirewalld = Files.exists(layout.firewalldPIDFile)
        if hasUfw { names.append("ufw") }
        if hasFirewalld { names.append("firewalld") }
        guard layout.nft.isInstalled else { return names }
        return names
            + (await cache.others(layout) {
                guard let result = try? await run(layout.nft("-j", "list", "chains")), result.succeeded else { return nil }
                return chains(result.stdout, hasUfw: hasUfw)
            })
    }

    /// Tables that are not ours and not Docker's, with a dropping base chain that a packet from outside meets.
    static func chains(_ json: [UInt8], hasUfw: Bool) -> [String] {
        let all = ((try? JSONDecoder().decode(Listing.self, from: Data(json)))?.nftables ?? []).compactMap(\.chain)
        let found = all.filter { chain in
            guard let hook = chain.hook, ["prerouting", "input", "forward"].contains(hook), chain.policy == "drop" else { return false }
            guard chain.table != "skep", chain.table != "firewalld", !chain.table.hasPrefix("docker-") else { return false }
            // iptables-nft keeps its rules in ip and ip6 filter: Docker sets FORWARD's policy to drop there (moby: firewall_linux.go).
            let isIptables = ["ip", "ip6"].contains(chain.family) && chain.table == "filter"
            let hasDocker = all.contains { $0.family == chain.family && $0.table == chain.table && $0.name.hasPrefix("DOCKER") }
            if isIptables, hook == "forward", hasDocker { return false }
            return !(isIptables && hasUfw)
        }
        return Set(found.map { "nft table \($0.family) \($0.table)" }).sorted()
    }
}
