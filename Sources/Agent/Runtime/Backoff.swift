/// How long to wait after failures in a row: doubling from the first to the last, each shortened by chance.
public struct Backoff: Sendable, Equatable {
    /// After the first failure, milliseconds.
    public let first: Int64
    /// Never more, milliseconds.
    public let last: Int64
    /// Failures since the last success.
    public private(set) var failures = 0

    /// From one second to thirty unless said otherwise.
    public init(first: Int64 = 1000, last: Int64 = 30_000) {
        self.first = first
        self.last = last
    }

    /// Counts a failure; milliseconds to wait, with `chance` from 0 to 1: between half and all of the step.
    public mutating func failed(chance: Double) -> Int64 {
        let step = failures >= 30 ? last : min(last, first << Int64(failures))
        failures = min(failures + 1, 1000)
        return step - Int64(Double(step) / 2 * min(max(chance, 0), 1))
    }

    /// All is well again.
    public mutating func succeeded() { failures = 0 }
}
