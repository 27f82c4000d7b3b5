/// When a repair that was done, and did not help or not for long, is done again: after a pause that doubles each time.
struct RepairPause: Equatable, Sendable {
    /// The longest pause, milliseconds.
    static let longest: Int64 = 300_000
    /// What held for this long was mended: the next trouble is another one. Milliseconds.
    static let calm: Int64 = 600_000

    /// How often it was done in a row.
    private(set) var count = 0
    private var last: Int64 = 0

    init() {}

    /// Milliseconds that are left of the pause at `now`, by a clock that never goes back.
    func left(_ now: Int64) -> Int64 {
        guard count > 0 else { return 0 }
        let pause: Int64 = 1000 << Int64(min(count, 9))
        return max(0, last + min(pause, Self.longest) - now)
    }

    /// It was done at `now`.
    mutating func done(_ now: Int64) {
        count = now - last > Self.calm ? 1 : count + 1
        last = now
    }
}
