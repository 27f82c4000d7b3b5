import SkepModel

/// One line of a table of conditions.
struct ConditionRow: View {
    let type: String
    let mark: Mark
    let met: Bool
    let reason: String
    let message: String
    let since: Moment
    let age: Age

    init(_ condition: Condition, now: Instant, stale: Bool) {
        type = condition.type.rawValue
        let present = Mark(condition.status)
        mark = stale ? present.past : present
        met = condition.status == .true
        reason = condition.reason
        message = condition.message
        since = Moment(condition.since, now: now)
        age = Age(condition.since, now: now)
    }

    /// Those that are not met first; of a machine that is not heard, they are told as past.
    static func rows(_ conditions: [Condition], now: Instant, stale: Bool = false) -> [ConditionRow] {
        conditions.sorted { (rank($0.status), $0.type) < (rank($1.status), $1.type) }.map { ConditionRow($0, now: now, stale: stale) }
    }

    private static func rank(_ truth: Truth) -> Int {
        switch truth {
        case .false: 0
        case .unknown: 1
        case .true: 2
        }
    }
}
