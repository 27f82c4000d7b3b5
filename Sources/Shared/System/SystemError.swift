internal import Glibc

/// What the operating system refused, in an operator's words.
public struct SystemError: Error, CustomStringConvertible {
    /// What kind of failure it is; tests and callers compare this.
    public enum Code: String, Sendable, Equatable {
        case notFound, exists, permission, noSpace, timeout, stuck, tooLarge, exitStatus, unavailable, invalid, failed
    }

    /// The kind of failure.
    public let code: Code
    /// What was being done and what happened.
    public let message: String
    /// The kernel's error number, where it gave one.
    public let errno: Int32?
    /// The error beneath, where there is one.
    public let cause: (any Error)?

    /// An error of `code`.
    public init(_ code: Code, _ message: String, errno: Int32? = nil, cause: (any Error)? = nil) {
        self.code = code
        self.message = message
        self.errno = errno
        self.cause = cause
    }

    /// The calling thread's errno as an error; `what` says what was tried.
    public static func last(_ what: String) -> SystemError {
        number(Glibc.errno, what)
    }

    /// The error number `number`; `what` says what was tried.
    public static func number(_ number: Int32, _ what: String) -> SystemError {
        let code: Code
        switch number {
        case ENOENT, ENOTDIR: code = .notFound
        case EEXIST: code = .exists
        case EACCES, EPERM, EROFS: code = .permission
        case ENOSPC, EDQUOT: code = .noSpace
        case ETIMEDOUT: code = .timeout
        case EFBIG, EMSGSIZE: code = .tooLarge
        case EINVAL, ENAMETOOLONG: code = .invalid
        case EAGAIN, ECONNREFUSED, ENOTCONN, EMFILE, ENFILE: code = .unavailable
        default: code = .failed
        }
        return SystemError(code, "\(what): \(String(cString: strerror(number)))", errno: number)
    }

    /// The message, and the cause's where there is one.
    public var description: String {
        cause.map { "\(message): \($0)" } ?? message
    }
}

extension SystemError: Equatable {
    /// Errors are equal by their code.
    public static func == (one: SystemError, other: SystemError) -> Bool {
        one.code == other.code
    }
}
