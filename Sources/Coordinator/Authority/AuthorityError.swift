/// What the authority refuses or fails at.
public struct AuthorityError: Error, Equatable, CustomStringConvertible {
    public enum Code: String, Sendable {
        /// What was sent is not a certificate, a request or a token.
        case malformed
        /// The key is not of the one kind that is accepted.
        case weakKey
        /// A signature is not by whom it says.
        case forged
        /// The state folder cannot be read or written.
        case state
    }

    public let code: Code
    public let message: String
    public init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    public static func == (left: Self, right: Self) -> Bool { left.code == right.code }
    public var description: String { message }
}
