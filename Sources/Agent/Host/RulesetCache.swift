internal import CLinux
internal import SkepSystem

/// What nft said of this machine's ruleset, good for as long as the kernel counts the same generation of it: nft is a program to start, the
/// generation one short message, and a ruleset hardly ever changes.
@LoopActor final class RulesetCache {
    private var listing: (generation: Int64, digest: String?)?
    private var chains: (generation: Int64, found: FirewallChains)?

    /// The generation that is current; nil where it cannot be asked, or where nft runs in another network namespace than this process.
    static func generation(_ layout: HostLayout) -> Int64? {
        guard layout.nft.arguments.isEmpty else { return nil }
        let number = clinux_nft_generation()
        return number < 0 ? nil : number
    }

    /// The table's digest, nil when there is none; asked anew when anything has changed.
    func listing(_ layout: HostLayout, _ ask: @LoopActor () async throws -> String?) async rethrows -> String? {
        // Read before nft is: a change in between makes the next look ask again.
        let now = Self.generation(layout)
        if let now, let listing, listing.generation == now { return listing.digest }
        let digest = try await ask()
        listing = now.map { ($0, digest) }
        return digest
    }

    /// The chains of all tables; asked anew when anything has changed.
    func chains(_ layout: HostLayout, _ ask: @LoopActor () async -> FirewallChains?) async -> FirewallChains? {
        let now = Self.generation(layout)
        if let now, let chains, chains.generation == now { return chains.found }
        let found = await ask()
        chains = now.flatMap { number in found.map { (number, $0) } }
        return found
    }
}
