/// How soon after an event a glance may begin: at once as a rule, and later and later while one follows the other, so that whoever changes something
/// ten thousand times costs little.
public struct GlancePace: Sendable {
    /// An event that comes longer after the last glance is a new matter, milliseconds.
    static let calm: Int64 = 300
    static let longest: Int64 = 1000

    private var gap: Int64 = 0
    private var ended: Int64?

    public init() {}

    /// Milliseconds to wait from `now` until a glance may begin, by a clock that never goes back.
    public mutating func delay(_ now: Int64) -> Int64 {
        guard let ended, now - ended < gap + Self.calm else {
            gap = 0
            return 0
        }
        gap = gap == 0 ? 10 : min(gap * 2, Self.longest)
        return max(0, ended + gap - now)
    }

    /// A glance ended at `now`.
    public mutating func glanced(_ now: Int64) { ended = now }
}
