import Foundation
public import SkepModel

/// Where the shell of the coordinator reads the time; tests give their own.
public struct WallClock: Sendable {
    public let now: @Sendable () -> Instant
    public init(_ now: @escaping @Sendable () -> Instant) { self.now = now }
    /// The system's.
    public static let system = WallClock { Instant(milliseconds: Int64(Date().timeIntervalSince1970 * 1000)) }
}
