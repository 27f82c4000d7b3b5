/// What stops the agent or one of its commands, in an operator's words.
public struct AgentError: Error, CustomStringConvertible, Equatable {
    /// What kind of failure it is; tests and callers compare this.
    public enum Code: String, Sendable {
        case usage, badToken, wrongAuthority, wrongClock, refused, unreachable, notEnrolled, enrolledElsewhere, badAnswer, badState, evicted
        case tooLate, busy
    }

    /// The kind of failure.
    public let code: Code
    /// The cause and the next thing to do.
    public let message: String

    /// An error of `code`.
    public init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    /// The message.
    public var description: String { message }

    /// Errors are equal by their code.
    public static func == (one: AgentError, other: AgentError) -> Bool { one.code == other.code }
}
