/// An IPv4 or IPv6 address.
public enum IPAddress: Hashable, Sendable {
    case v4(UInt32)
    case v6(UInt64, UInt64)

    /// Reads dotted IPv4 or RFC 4291 text; no zone, no port, no leading zeros in IPv4.
    public init?(_ text: String) {
        if text.utf8.contains(0x3a) {
            guard let groups = Self.groups(of: text) else { return nil }
            let words = groups.map(UInt64.init)
            self = .v6(
                words[0] << 48 | words[1] << 32 | words[2] << 16 | words[3], words[4] << 48 | words[5] << 32 | words[6] << 16 | words[7])
        } else {
            guard let value = Self.dotted(Substring(text)) else { return nil }
            self = .v4(value)
        }
    }

    /// Whether this is an IPv4 address.
    public var isV4: Bool { if case .v4 = self { true } else { false } }

    /// Bits of the address: 32 or 128.
    public var width: Int { isV4 ? 32 : 128 }

    /// 127.0.0.0/8 or ::1.
    public var isLoopback: Bool {
        switch self {
        case .v4(let value): value >> 24 == 127
        case .v6(let high, let low): high == 0 && low == 1
        }
    }

    /// 169.254.0.0/16 or fe80::/10: such an address means nothing outside of its own link.
    public var isLinkLocal: Bool {
        switch self {
        case .v4(let value): value >> 16 == 0xa9fe
        case .v6(let high, _): high >> 54 == 0xfe80 >> 6
        }
    }

    private static func dotted(_ text: Substring) -> UInt32? {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 4 else { return nil }
        var value: UInt32 = 0
        for part in parts {
            guard (1...3).contains(part.utf8.count), part.utf8.allSatisfy({ (0x30...0x39).contains($0) }),
                part.utf8.count == 1 || part.utf8.first != 0x30, let byte = UInt8(part)
            else { return nil }
            value = value << 8 | UInt32(byte)
        }
        return value
    }

    private static func groups(of text: String) -> [UInt16]? {
        func part(_ text: Substring) -> [UInt16]? {
            guard !text.isEmpty else { return [] }
            var result: [UInt16] = []
            let pieces = text.split(separator: ":", omittingEmptySubsequences: false)
            for (index, piece) in pieces.enumerated() {
                if index == pieces.count - 1, piece.utf8.contains(0x2e) {
                    guard let value = dotted(piece) else { return nil }
                    result += [UInt16(value >> 16), UInt16(value & 0xffff)]
                } else {
                    guard (1...4).contains(piece.utf8.count), let group = UInt16(piece, radix: 16), piece.first != "+", piece.first != "-"
                    else { return nil }
                    result.append(group)
                }
            }
            return result
        }
        guard let gap = Self.gap(in: text) else {
            guard let all = part(Substring(text)), all.count == 8 else { return nil }
            return all
        }
        guard let head = part(text[..<gap]), let tail = part(text[text.index(gap, offsetBy: 2)...]), head.count + tail.count < 8
        else { return nil }
        return head + Array(repeating: 0, count: 8 - head.count - tail.count) + tail
    }

    private static func gap(in text: String) -> String.Index? {
        var previous: String.Index?
        for index in text.indices where text[index] == ":" {
            if let previous, text.index(after: previous) == index { return previous }
            previous = index
        }
        return nil
    }
}

extension IPAddress: CustomStringConvertible {
    /// Dotted IPv4, or IPv6 as RFC 5952 writes it.
    public var description: String {
        switch self {
        case .v4(let value):
            return "\(value >> 24).\(value >> 16 & 0xff).\(value >> 8 & 0xff).\(value & 0xff)"
        case .v6(let high, let low):
            let groups = [high, low].flatMap { half in [48, 32, 16, 0].map { UInt16(truncatingIfNeeded: half >> UInt64($0)) } }
            var best = 0..<0
            var index = 0
            while index < 8 {
                var end = index
                while end < 8, groups[end] == 0 { end += 1 }
                if end - index > best.count, end - index > 1 { best = index..<end }
                index = max(end, index + 1)
            }
            func join(_ range: Range<Int>) -> String { groups[range].map { String($0, radix: 16) }.joined(separator: ":") }
            return best.isEmpty ? join(0..<8) : join(0..<best.lowerBound) + "::" + join(best.upperBound..<8)
        }
    }
}

extension IPAddress: Comparable {
    public static func < (left: Self, right: Self) -> Bool {
        switch (left, right) {
        case (.v4(let one), .v4(let two)): one < two
        case (.v4, .v6): true
        case (.v6, .v4): false
        case (.v6(let one, let oneLow), .v6(let two, let twoLow)): (one, oneLow) < (two, twoLow)
        }
    }
}

extension IPAddress: Codable {
    public init(from decoder: any Decoder) throws {
        let text = try decoder.singleValueContainer().decode(String.self)
        guard let value = IPAddress(text) else {
            throw DecodingError.dataCorrupted(.init(codingPath: decoder.codingPath, debugDescription: "'\(text)' is not an IP address"))
        }
        self = value
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }
}
