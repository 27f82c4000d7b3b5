/// Repairs of one class of faults, counted.
public struct RepairSummary: Codable, Hashable, Sendable {
    /// How many repairs took at most so many seconds, and longer than the bucket before.
    public struct Bucket: Codable, Hashable, Sendable {
        /// Nil for whatever took longer than all bounds.
        public var seconds: Double?
        public var count: Int
        public init(seconds: Double?, count: Int) {
            self.seconds = seconds
            self.count = count
        }
    }

    /// Upper bounds of the buckets, seconds.
    public static let bounds: [Double] = [0.05, 0.1, 0.5, 1, 5, 20, 60, 300]

    public var fault: Repair.Fault
    public var count: Int
    /// On how many nodes.
    public var nodes: Int
    /// Actions that failed on the way, of all of them.
    public var failures: Int
    public var median: Double
    public var longest: Double
    public var last: Instant
    public var histogram: [Bucket]

    /// One for each class among the repairs of `events`, the most frequent first; other events are left aside.
    public static func summaries(of events: [Event]) -> [RepairSummary] {
        var byFault: [Repair.Fault: [(event: Event, repair: Repair)]] = [:]
        for event in events { if let repair = event.repair { byFault[repair.fault, default: []].append((event, repair)) } }
        return byFault.map { fault, all in
            let seconds = all.map { $0.event.seconds ?? 0 }.sorted()
            let middle = seconds.count / 2
            return RepairSummary(
                fault: fault, count: all.count, nodes: Set(all.compactMap(\.event.node)).count, failures: all.reduce(0) { $0 + $1.repair.failures },
                median: seconds.count % 2 == 1 ? seconds[middle] : (seconds[middle - 1] + seconds[middle]) / 2, longest: seconds.last ?? 0,
                last: all.map(\.event.at).max() ?? Instant(milliseconds: 0), histogram: histogram(seconds))
        }.sorted { ($1.count, $0.fault) < ($0.count, $1.fault) }
    }

    private static func histogram(_ seconds: [Double]) -> [Bucket] {
        var from = -1.0
        let buckets = bounds.map { bound in
            defer { from = bound }
            return Bucket(seconds: bound, count: seconds.count { $0 > from && $0 <= bound })
        }
        return buckets + [Bucket(seconds: nil, count: seconds.count { $0 > from })]
    }
}
