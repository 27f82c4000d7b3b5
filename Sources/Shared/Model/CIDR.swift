/// A range of addresses: the network's address and the length of its prefix. The host's bits are kept apart: `CIDR` has none.
public struct CIDR: Hashable, Sendable, Comparable {
    public let address: IPAddress
    public let prefix: Int

    /// The range of so many leading bits that the address lies in.
    public init?(_ address: IPAddress, prefix: Int) {
        guard (0...address.width).contains(prefix) else { return nil }
        self.prefix = prefix
        self.address = Self.masked(address, prefix)
    }

    /// Reads `10.0.0.0/8`, `fd00::/8` or a single address; set host bits are an error, because they are nearly always a mistake.
    public init?(_ text: String) {
        let parts = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        guard let first = parts.first, let address = IPAddress(String(first)) else { return nil }
        var prefix = address.width
        if parts.count == 2 {
            guard parts[1].utf8.allSatisfy({ (0x30...0x39).contains($0) }), let number = Int(parts[1]), (0...address.width).contains(number)
            else { return nil }
            prefix = number
        }
        guard Self.masked(address, prefix) == address else { return nil }
        self.prefix = prefix
        self.address = address
    }

    /// Whether the address lies in the range.
    public func contains(_ other: IPAddress) -> Bool {
        other.isV4 == address.isV4 && Self.masked(other, prefix) == address
    }

    /// Whether the two ranges have an address in common.
    public func overlaps(_ other: CIDR) -> Bool {
        prefix <= other.prefix ? contains(other.address) : other.contains(address)
    }

    public static func < (left: Self, right: Self) -> Bool { (left.address, left.prefix) < (right.address, right.prefix) }

    private static func masked(_ address: IPAddress, _ prefix: Int) -> IPAddress {
        func mask(_ bits: Int) -> UInt64 { bits <= 0 ? 0 : bits >= 64 ? .max : ~(.max >> UInt64(bits)) }
        switch address {
        case .v4(let value): return .v4(value & UInt32(truncatingIfNeeded: mask(prefix + 32)))
        case .v6(let high, let low): return .v6(high & mask(min(prefix, 64)), low & mask(prefix - 64))
        }
    }
}

extension CIDR: Codable, CustomStringConvertible {
    public var description: String { "\(address)/\(prefix)" }

    public init(from decoder: any Decoder) throws {
        let text = try decoder.singleValueContainer().decode(String.self)
        guard let value = CIDR(text) else {
            throw DecodingError.dataCorrupted(.init(codingPath: decoder.codingPath, debugDescription: "'\(text)' is not an address range"))
        }
        self = value
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }
}

extension CIDR {
    /// Sorted, without ranges that lie in another one of them.
    public static func merged(_ ranges: [CIDR]) -> [CIDR] {
        var result: [CIDR] = []
        for range in ranges.sorted() {
            if let last = result.last, last.overlaps(range) { continue }
            result.append(range)
        }
        return result
    }
}
