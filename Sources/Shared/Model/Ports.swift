/// TCP or UDP.
public enum Transport: String, Codable, Hashable, Sendable, CaseIterable { case tcp, udp }

/// Ports from first to last, both included, 1 to 65535.
public struct PortRange: Codable, Hashable, Comparable, Sendable, CustomStringConvertible {
    public let first: UInt16
    public let last: UInt16

    public init?(_ first: Int, _ last: Int) {
        guard (1...65535).contains(first), (first...65535).contains(last) else { return nil }
        self.first = UInt16(first)
        self.last = UInt16(last)
    }

    /// A single port; nil for 0.
    public init?(_ port: Int) { self.init(port, port) }

    /// Whether this is one port.
    public var isSingle: Bool { first == last }

    public func contains(_ port: UInt16) -> Bool { first <= port && port <= last }

    public func overlaps(_ other: PortRange) -> Bool { first <= other.last && other.first <= last }

    public var description: String { isSingle ? "\(first)" : "\(first)-\(last)" }

    public static func < (left: Self, right: Self) -> Bool { (left.first, left.last) < (right.first, right.last) }
}
