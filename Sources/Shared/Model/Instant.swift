/// A moment, in milliseconds since 1970-01-01 UTC; whoever decides is given one and reads no clock.
public struct Instant: Codable, Hashable, Comparable, Sendable {
    /// Milliseconds since 1970-01-01 UTC.
    public var milliseconds: Int64

    public init(milliseconds: Int64) { self.milliseconds = milliseconds }

    public init(from decoder: any Decoder) throws { milliseconds = try decoder.singleValueContainer().decode(Int64.self) }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(milliseconds)
    }

    public static func < (left: Self, right: Self) -> Bool { left.milliseconds < right.milliseconds }

    /// The moment so many milliseconds later; the last one there is, rather than an overflow, as moments come from other machines too.
    public func advanced(by span: Int64) -> Instant {
        let (sum, overflow) = milliseconds.addingReportingOverflow(span)
        return Instant(milliseconds: overflow ? (span > 0 ? .max : .min) : sum)
    }

    /// Milliseconds from an earlier moment to this one, at most `Int64.max` either way.
    public func since(_ earlier: Instant) -> Int64 {
        let (span, overflow) = milliseconds.subtractingReportingOverflow(earlier.milliseconds)
        return overflow ? (milliseconds > earlier.milliseconds ? .max : -.max) : max(span, -.max)
    }
}

/// The number of an accepted cluster specification; each accepted change is the next one.
public struct Generation: Codable, Hashable, Comparable, Sendable, CustomStringConvertible {
    public var number: Int
    public init(_ number: Int) { self.number = number }
    public init(from decoder: any Decoder) throws { number = try decoder.singleValueContainer().decode(Int.self) }
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(number)
    }
    public static func < (left: Self, right: Self) -> Bool { left.number < right.number }
    public var description: String { String(number) }
}
