internal import SkepModel

/// Repairs under way, and those that ended lately: what tells a repair from a step of the bring-up, and one that keeps coming back from one that holds.
///
/// A repair begins when a lane that was as specified is found to be otherwise, and ends when it is seen to be as specified again; it outlives the
/// agent's own end.
public struct RepairBook: Codable, Hashable, Sendable {
    struct Episode: Codable, Hashable, Sendable {
        var fault: Repair.Fault
        var evidence: String
        var before: String
        var noticed: Instant
        var actions: [String] = []
        var failures = 0
    }

    /// How many repairs of one fault begin at once; those after them wait, each longer than the one before.
    static let free = 3
    /// So many within ``window``, and a person is asked for.
    static let alarming = 5
    /// A repair that ended longer ago does not count any more, milliseconds.
    static let window: Int64 = 600_000
    /// The longest wait, milliseconds.
    static let longest: Int64 = 300_000

    /// The revision for which all lanes were seen to be as specified: what is otherwise after a restart of the agent, broke meanwhile.
    var settledRevision: Int?
    private(set) var open: [Lane: Episode] = [:]
    /// When repairs of a fault ended, oldest first.
    private var ended: [Repair.Fault: [Instant]] = [:]
    /// How many repairs of each fault there ever were; nil for none.
    private(set) var totals: [Repair.Fault: Int]?

    init() {}

    /// What a lane is about to do is a repair if it was as specified before (`isSettled`), and something broke.
    mutating func begin(_ lane: Lane, _ cause: Cause?, isSettled: Bool, noticed: Instant) {
        guard let cause, let fault = cause.fault else { return }
        if let episode = open[lane] {
            if !episode.evidence.contains(cause.words) { open[lane]?.evidence += "; \(cause.words)" }
        } else if isSettled {
            open[lane] = Episode(fault: fault, evidence: cause.words, before: cause.before ?? cause.words, noticed: noticed)
        }
    }

    /// Milliseconds for which the lane's repair still waits, because it was done often of late; 0 for one that is under way. A firewall never waits, as it
    /// may stand open meanwhile: a storm of changes is spread by ``GlancePace``.
    func pause(_ lane: Lane, _ cause: Cause?, now: Instant) -> Int64 {
        guard lane != .firewall, let episode = open[lane], episode.fault == cause?.fault, episode.actions.isEmpty, episode.failures == 0 else {
            return 0
        }
        let recent = recent(episode.fault, now)
        guard recent.count >= Self.free, let last = recent.last else { return 0 }
        let wait = min(1000 << Int64(min(recent.count - Self.free, 10)), Self.longest)
        // not the same for all nodes whose clocks and faults agree
        let jitter = UInt64(bitPattern: last.milliseconds) &* 0x9e37_79b9_7f4a_7c15 >> 32
        return max(0, last.advanced(by: wait - Int64(jitter % 200) * wait / 1000).since(now))
    }

    /// Repairs under way are none any more: a new node spec came.
    mutating func dropOpen() { open = [:] }

    /// An action of the lane ended; false if it is no part of a repair.
    mutating func note(_ lane: Lane, _ action: String, failed: Bool) -> Bool {
        guard open[lane] != nil else { return false }
        if failed {
            open[lane]?.failures += 1
        } else if open[lane]?.actions.last != action, (open[lane]?.actions.count ?? 0) < 8 {
            open[lane]?.actions.append(action)
        }
        return true
    }

    /// The lane is as specified: ends its repair, if there is one. `after` is how it stands.
    mutating func settle(_ lane: Lane, after: String, now: Instant) -> Repair? {
        guard let episode = open.removeValue(forKey: lane) else { return nil }
        if !episode.actions.isEmpty {
            ended[episode.fault] = Array((recent(episode.fault, now) + [now]).suffix(16))
            totals = (totals ?? [:]).merging([episode.fault: 1]) { $0 &+ $1 }
        }
        return Repair(
            fault: episode.fault, evidence: episode.evidence, actions: episode.actions, failures: episode.failures, before: episode.before,
            after: after, noticed: episode.noticed)
    }

    /// Faults that came back so often that a person is asked for, with how often each was mended within ``window``.
    func returning(_ now: Instant) -> [(fault: Repair.Fault, count: Int)] {
        ended.keys.sorted().map { ($0, recent($0, now).count) }.filter { $0.1 >= Self.alarming }
    }

    mutating func clockStepped(by span: Int64) {
        open = open.mapValues { episode in
            var episode = episode
            episode.noticed = episode.noticed.advanced(by: span)
            return episode
        }
        ended = ended.mapValues { $0.map { $0.advanced(by: span) } }
    }

    private func recent(_ fault: Repair.Fault, _ now: Instant) -> [Instant] { ended[fault, default: []].filter { now.since($0) < Self.window } }
}
