internal import AgentCore
internal import FoundationEssentials
internal import SkepCrypto
internal import SkepSystem

/// The table `inet skep`: installed whole, listed, counted, removed.
@LoopActor struct FirewallActions {
    let layout: HostLayout

    private static let table = ["table", "inet", "skep"]
    private static let counter = "management"
    /// In the place of a digest.
    private static let endless = "endless"

    private struct Counters: Decodable {
        struct Item: Decodable { var counter: Counter? }
        struct Counter: Decodable {
            var name: String
            var packets: Int
        }
        var nftables: [Item]
    }

    init(_ layout: HostLayout) { self.layout = layout }

    /// The connections are counted only where they are asked for: while a ruleset is on trial.
    func look(_ state: HostState, counting: Bool) async throws -> Observation.Table {
        let kept = try Files.readIfPresent(layout.ruleset).map { String(decoding: $0, as: UTF8.self) }
        guard layout.nft.isInstalled else { return Observation.Table(listing: nil, kept: kept) }
        let listing = try await state.ruleset.listing(layout) { try await self.listing() }
        let connections = listing != nil && counting ? try await managementConnections() : 0
        return Observation.Table(listing: listing, managementConnections: connections, kept: kept, changedBy: state.rulesetWatch?.changedBy)
    }

    /// One transaction. The listing is kept with the generation that it made, so that the look that follows need not ask nft.
    func install(_ text: String, _ state: HostState) async throws -> ActionOutcome {
        guard layout.nft.isInstalled else { throw HostFailure("nftables is not installed") }
        let before = RulesetCache.generation(layout)
        try await run(layout.nft("-f", "-", input: Array(text.utf8))).orFail("nft refuses the ruleset")
        let after = RulesetCache.generation(layout)
        // one that is not the next one was made by somebody else, or ours and somebody else's
        if let before, let after, after == before + 1 { state.rulesetWatch?.installed(generation: after) }
        guard let listing = try await state.ruleset.listing(layout, { try await self.listing() }) else {
            throw HostFailure("nft took the ruleset, but there is no table inet skep")
        }
        return .installed(listing: listing)
    }

    /// What is proven is kept, so that the table is there before Docker at the next start; one on trial is not, as it may lock everybody out.
    func keep(_ text: String) throws {
        try Files.makeDirectory(layout.state, mode: 0o700)
        _ = try AtomicFile.writeIfChanged(layout.ruleset, text, mode: 0o600)
    }

    /// The kept text goes first: a crash between the two leaves a table that the next start does not bring back.
    func remove() async throws {
        try Files.remove(layout.ruleset)
        guard layout.nft.isInstalled, try await listing() != nil else { return }
        try await run(layout.nft.command(["delete"] + Self.table)).orFail("nft cannot delete the table inet skep")
    }

    /// SHA-256 of the table as nft prints it without counters' values; nil when there is none. One that is longer than ours can be, or takes longer to be
    /// read than ours could, is known for another by that: somebody who makes it grow must not have it left so.
    private func listing() async throws -> String? {
        let result: CommandResult
        do { result = try await run(layout.nft.command(["--stateless", "list"] + Self.table)) } catch let error as SystemError
            where error.code == .timeout
        {
            return Self.endless
        }
        if !result.succeeded, result.errorOutput.contains("No such file or directory") { return nil }
        try result.orFail("nft cannot list the table inet skep")
        return result.stdoutTruncated ? Self.endless : SHA256.hex(result.stdout)
    }

    /// Packets that the named counter has seen: each began a connection, as established flows are accepted before it.
    private func managementConnections() async throws -> Int {
        let result = try await run(layout.nft.command(["--json", "list", "counters"] + Self.table)).orFail("nft cannot list the counters")
        let items = try JSONDecoder().decode(Counters.self, from: Data(result.stdout)).nftables
        return items.compactMap(\.counter).first { $0.name == Self.counter }?.packets ?? 0
    }
}
