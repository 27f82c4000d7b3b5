import Crypto
import Foundation

/// Random values, and the digests under which they are kept.
public enum Secret {
    /// So many random bytes from the system.
    public static func bytes(_ count: Int) -> [UInt8] {
        var generator = SystemRandomNumberGenerator()
        return (0..<count).map { _ in UInt8.random(in: .min ... .max, using: &generator) }
    }

    /// A random text of 32 bytes, base64url without padding.
    public static func text() -> String { base64URL(bytes(32)) }

    /// SHA-256 of the text, hexadecimal: what is stored instead of a token.
    public static func hash(_ text: String) -> String { hash(Array(text.utf8)) }

    /// SHA-256 of the bytes, hexadecimal.
    public static func hash(_ bytes: some Sequence<UInt8>) -> String { hex(SHA256.hash(data: Array(bytes))) }

    static func hex(_ bytes: some Sequence<UInt8>) -> String {
        let digits = Array("0123456789abcdef".utf8)
        var text: [UInt8] = []
        for byte in bytes {
            text.append(digits[Int(byte >> 4)])
            text.append(digits[Int(byte & 15)])
        }
        return String(decoding: text, as: UTF8.self)
    }

    static func base64URL(_ bytes: [UInt8]) -> String {
        String(
            Data(bytes).base64EncodedString().compactMap { character in
                switch character {
                case "+": "-"
                case "/": "_"
                case "=": nil
                default: character
                }
            })
    }
}
