import Logging
import SkepModel
import Synchronization

/// Logs refusals once a minute for each caller and reason, and blocks a caller whose guesses are too many.
final class RefusalLog: Sendable {
    private struct Entry {
        var since: Instant
        var count: Int
    }

    private static let window: Int64 = 60_000
    private static let callers = 4096
    /// Refusals of credentials in a minute after which a caller waits.
    static let limit = 60

    private let entries = Mutex<[String: Entry]>([:])
    private let logger: Logger
    private let clock: WallClock

    init(logger: Logger, clock: WallClock) {
        self.logger = logger
        self.clock = clock
    }

    /// Counts a refusal; the first of a minute is logged.
    func note(_ code: String, caller: String) {
        let key = "\(caller) \(code)"
        let now = clock.now()
        let (isFirst, before) = entries.withLock { entries -> (Bool, Int) in
            if let entry = entries[key], now.since(entry.since) < Self.window {
                entries[key]?.count += 1
                return (false, 0)
            }
            if entries.count >= Self.callers {
                entries = entries.filter { now.since($0.value.since) < Self.window }
                // More callers than are counted: they are many, and it is not worth the memory to tell them apart.
                if entries.count >= Self.callers { return (false, 0) }
            }
            let before = entries[key]?.count ?? 0
            entries[key] = Entry(since: now, count: 1)
            return (true, before)
        }
        guard isFirst else { return }
        logger.notice(
            "refused a caller; further ones of this kind are counted for a minute",
            metadata: ["caller": "\(caller)", "code": "\(code)", "before": "\(before)"])
    }

    /// Whether the caller was refused so often that it is not heard for the rest of the minute.
    func isBlocked(_ code: String, caller: String) -> Bool {
        let now = clock.now()
        return entries.withLock { entries in
            guard let entry = entries["\(caller) \(code)"] else { return false }
            return now.since(entry.since) < Self.window && entry.count >= Self.limit
        }
    }
}
