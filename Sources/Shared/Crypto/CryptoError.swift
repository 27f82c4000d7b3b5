internal import COpenSSL

/// What OpenSSL refused, with its own reason.
public struct CryptoError: Error, CustomStringConvertible {
    /// What kind of failure it is; tests and callers compare this.
    public enum Code: String, Sendable, Equatable {
        case malformed, mismatch, untrusted, expired, notYetValid, undecryptable, failed
    }

    /// The kind of failure.
    public let code: Code
    /// What was being done.
    public let message: String
    /// OpenSSL's own words; empty when it gave none.
    public let reason: String

    /// An error of `code`.
    public init(_ code: Code, _ message: String, reason: String = "") {
        self.code = code
        self.message = message
        self.reason = reason
    }

    /// Takes this thread's OpenSSL errors, which it clears.
    static func last(_ code: Code, _ message: String) -> CryptoError {
        var reasons: [String] = []
        var buffer = [CChar](repeating: 0, count: 256)
        while cossl_next_error(&buffer, buffer.count) != 0 {
            let reason = String(decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
            if reasons.last != reason { reasons.append(reason) }
        }
        return CryptoError(code, message, reason: reasons.joined(separator: "; "))
    }

    /// The message and the reason.
    public var description: String {
        reason.isEmpty ? message : "\(message): \(reason)"
    }
}

extension CryptoError: Equatable {
    /// Errors are equal by their code.
    public static func == (one: CryptoError, other: CryptoError) -> Bool {
        one.code == other.code
    }
}
