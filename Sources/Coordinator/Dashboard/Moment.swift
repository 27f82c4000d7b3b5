import FoundationEssentials
import SkepModel

/// A time of day as it is shown: by the clock for people, in full for machines.
struct Moment: View {
    /// `2026-11-21T14:03:22Z`
    let machine: String
    /// `14:03:22`, with the day before it when that is not today's.
    let clock: String

    init(_ instant: Instant, now: Instant) {
        machine = Self.iso(instant)
        let day = machine.prefix(10)
        let time = machine.dropFirst(11).prefix(8)
        clock = day == Self.iso(now).prefix(10) ? String(time) : "\(day) \(time.prefix(5))"
    }

    private static func iso(_ instant: Instant) -> String {
        Date(timeIntervalSince1970: Double(instant.milliseconds / 1000)).formatted(.iso8601)
    }
}
