internal import SkepModel

/// Services of which a task stays pending although a node would take it: the swarm does not always look again when a node or a label is back
/// (moby#36699, #31014, #53722). Such a service is nudged, by an update that changes nothing, after a while and then with growing pauses.
struct PendingBook: Codable, Hashable, Sendable {
    struct Entry: Codable, Hashable, Sendable {
        var since: Instant
        var nudges = 0
        var nudged: Instant?
    }

    /// How long one is left to the swarm itself, milliseconds.
    static let patience: Int64 = 30_000
    /// The longest pause between two nudges, milliseconds.
    static let longestPause: Int64 = 600_000

    private(set) var services: [String: Entry] = [:]

    /// The services that a look found so.
    mutating func saw(_ stuck: [String], now: Instant) {
        services = services.filter { stuck.contains($0.key) }
        for name in stuck where services[name] == nil { services[name] = Entry(since: now) }
    }

    /// Those whose turn it is, by name.
    func due(now: Instant) -> [String] {
        services.filter { _, entry in
            guard let last = entry.nudged else { return now.since(entry.since) >= Self.patience }
            return now.since(last) >= min(60_000 << Int64(min(entry.nudges, 5) - 1), Self.longestPause)
        }.keys.sorted()
    }

    mutating func nudged(_ name: String, now: Instant) {
        services[name]?.nudges += 1
        services[name]?.nudged = now
    }
}
