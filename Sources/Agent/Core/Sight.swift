/// What is known of the machine: the last complete look, with each part as new as the newest glance at it. Looks and glances run beside each other
/// and end in any order.
public struct Sight: Sendable {
    /// Nil until the first complete look.
    public private(set) var observation: Observation?
    private var begun = 0
    /// By aspect, the number of the look or glance that it was taken from.
    private var freshness: [Aspect: Int] = [:]

    public init() {}

    /// A look or a glance begins: its number.
    public mutating func begin() -> Int {
        begun += 1
        return begun
    }

    /// A complete look ended; what was glanced at since it began stays.
    public mutating func looked(_ look: Observation, number: Int) {
        var look = look
        for aspect in Aspect.allCases {
            if let observation, freshness[aspect] ?? 0 > number { look.take(aspect, from: observation) } else { freshness[aspect] = number }
        }
        observation = look
    }

    /// A glance ended; false, and nothing is taken over, if something newer is known.
    public mutating func glanced(_ aspect: Aspect, _ look: Observation, number: Int) -> Bool {
        guard number > freshness[aspect] ?? 0, observation != nil else { return false }
        observation?.take(aspect, from: look)
        freshness[aspect] = number
        return true
    }
}
