internal import COpenSSL

/// Bytes as text, and their comparison.
public enum Bytes {
    /// Lower-case hexadecimal digits.
    public static func hex(_ bytes: [UInt8]) -> String {
        let digits = Array("0123456789abcdef".utf8)
        return String(decoding: bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
    }

    /// The bytes of hexadecimal digits, nil for anything else.
    public static func fromHex(_ text: String) -> [UInt8]? {
        let nibbles = text.utf8.map { byte -> UInt8? in
            switch byte {
            case 48...57: byte - 48
            case 65...70: byte - 55
            case 97...102: byte - 87
            default: nil
            }
        }
        guard nibbles.count % 2 == 0 else { return nil }
        var bytes: [UInt8] = []
        for index in stride(from: 0, to: nibbles.count, by: 2) {
            guard let high = nibbles[index], let low = nibbles[index + 1] else { return nil }
            bytes.append(high << 4 | low)
        }
        return bytes
    }

    /// Base64 of RFC 4648, padded, in one line.
    public static func base64(_ bytes: [UInt8]) -> String {
        var text = [UInt8](repeating: 0, count: (bytes.count + 2) / 3 * 4 + 1)
        let count = EVP_EncodeBlock(&text, bytes, Int32(bytes.count))
        return String(decoding: text[..<Int(max(0, count))], as: UTF8.self)
    }

    /// Base64 for URLs and file names, without padding.
    public static func base64URL(_ bytes: [UInt8]) -> String {
        String(
            decoding: base64(bytes).utf8.compactMap { byte -> UInt8? in
                switch byte {
                case 43: 45
                case 47: 95
                case 61: nil
                default: byte
                }
            }, as: UTF8.self)
    }

    /// The bytes of base64 for URLs without padding, nil for anything else.
    public static func fromBase64URL(_ text: String) -> [UInt8]? {
        var bytes: [UInt8] = []
        var bits: UInt32 = 0
        var count = 0
        for byte in text.utf8 {
            let value: UInt8
            switch byte {
            case 65...90: value = byte - 65
            case 97...122: value = byte - 71
            case 48...57: value = byte + 4
            case 45: value = 62
            case 95: value = 63
            default: return nil
            }
            bits = bits << 6 | UInt32(value)
            count += 6
            if count >= 8 {
                count -= 8
                bytes.append(UInt8(truncatingIfNeeded: bits >> UInt32(count)))
            }
        }
        // One letter alone says nothing, and bits left over must be zero: each value has one text.
        guard count < 6, bits & ((1 << UInt32(count)) - 1) == 0 else { return nil }
        return bytes
    }

    /// Whether both are the same, in a time that depends on their length only.
    public static func equalConstantTime(_ one: [UInt8], _ other: [UInt8]) -> Bool {
        one.count == other.count && CRYPTO_memcmp(one, other, one.count) == 0
    }
}

/// The hash that everything here uses.
public enum SHA256 {
    /// Its 32 bytes.
    public static func hash(_ bytes: [UInt8]) -> [UInt8] {
        var digest = [UInt8](repeating: 0, count: 32)
        // It cannot fail for a digest that is built in, and a wrong hash must never be taken for a right one.
        guard EVP_Digest(bytes, bytes.count, &digest, nil, EVP_sha256(), nil) == 1 else { fatalError("SHA-256 is not available") }
        return digest
    }

    /// Its 64 digits.
    public static func hex(_ bytes: [UInt8]) -> String {
        Bytes.hex(hash(bytes))
    }
}
