internal import SkepModel

/// The drill that this node was last told, and what was seen of it. Moments are milliseconds of the clock that nobody sets, as one drill sets the other.
struct DrillBook: Codable, Hashable, Sendable {
    var drill: Drill
    /// When it was first seen to be broken, and then to be right again.
    var seen: Int64?
    var right: Int64?
    var failure: String?

    init(_ drill: Drill, failure: String? = nil) {
        self.drill = drill
        self.failure = failure
    }

    /// What the conditions say now. `isResumed`: the agent began after the drill did. `broken` is when it was broken, once that is known.
    mutating func follow(_ conditions: [Condition], isResumed: Bool, broken: Int64?, now: Int64) {
        guard failure == nil, right == nil, let name = drill.known, let broken else { return }
        guard broken <= now else {
            failure = "the machine was started anew meanwhile"
            return
        }
        let watched = conditions.filter { name.watched.contains($0.type) }
        let isRight = watched.count == name.watched.count && watched.allSatisfy { $0.status == .true }
        if seen == nil, name == .agentKill ? isResumed : !isRight { seen = now }
        if seen != nil, isRight { right = now }
    }

    func report(broken: Int64?) -> DrillReport {
        func after(_ moment: Int64?) -> Int64? { broken.flatMap { broken in moment.map { max(0, $0 - broken) } } }
        return DrillReport(id: drill.id, isBroken: broken != nil, detected: after(seen), repaired: after(right), failure: failure)
    }
}
