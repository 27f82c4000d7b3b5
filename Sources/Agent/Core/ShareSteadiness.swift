internal import SkepModel

/// Whether tasks can rely on each share here. The swarm takes tasks away at once when a label that they are bound to changes, and they may not come
/// back by themselves (moby#34139, #31014): a verdict changes only after the opposite was seen for a while.
struct ShareSteadiness: Codable, Hashable, Sendable {
    struct Verdict: Codable, Hashable, Sendable {
        /// Nil until it was first good, or bad for a while.
        var isGood: Bool?
        /// Since when the opposite is seen.
        var doubtedSince: Instant?
    }

    /// How long the opposite must be seen, milliseconds.
    static let patience: Int64 = 60_000

    private(set) var verdicts: [ShareName: Verdict] = [:]

    /// The shares of this node as a look found them; nil for one of which it cannot tell.
    mutating func saw(_ shares: [ShareName: Bool?], now: Instant) {
        verdicts = verdicts.filter { shares[$0.key] != nil }
        for (name, seen) in shares {
            var verdict = verdicts[name] ?? Verdict()
            if let isGood = seen {
                if verdict.isGood == isGood || (verdict.isGood == nil && isGood) {
                    verdict = Verdict(isGood: isGood)
                } else if let since = verdict.doubtedSince {
                    if now.since(since) >= Self.patience { verdict = Verdict(isGood: isGood) }
                } else {
                    verdict.doubtedSince = now
                }
            }
            verdicts[name] = verdict
        }
    }

    /// Those of which something is known.
    var known: [ShareName: ShareVerdict] { verdicts.compactMapValues { $0.isGood.map { $0 ? .ok : .bad } } }

    /// An agent begins: what was doubted before, and perhaps before the machine's start, was not watched since.
    mutating func begin() { verdicts = verdicts.mapValues { Verdict(isGood: $0.isGood) } }

    mutating func clockStepped(by span: Int64) {
        verdicts = verdicts.mapValues { Verdict(isGood: $0.isGood, doubtedSince: $0.doubtedSince?.advanced(by: span)) }
    }
}
