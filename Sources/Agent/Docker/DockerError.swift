internal import SkepHTTP

/// Why the engine did not do or say what was asked, in Docker's own words where it had any.
public struct DockerError: Error, CustomStringConvertible {
    /// What kind of failure it is; callers and tests compare this.
    public enum Code: String, Sendable, Equatable {
        /// Nothing listens on the socket.
        case unreachable
        /// No answer in time.
        case timeout
        /// The answer is larger than the limit.
        case tooLarge
        /// The engine speaks no version of the API that Skep knows.
        case unsupported
        /// The answer is not Docker's.
        case invalid
        /// Docker knows no such thing.
        case notFound
        /// It exists already, or is in use.
        case conflict
        /// The engine cannot do it now, or not in its part of the swarm.
        case unavailable
        /// The request is not acceptable.
        case refused
        case failed
    }

    public let code: Code
    public let message: String

    public init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    public var description: String { message }

    /// The error of an answer with a status of 400 and up.
    init(status: Int, message: String) {
        let code: Code
        switch status {
        case 404: code = .notFound
        case 409: code = .conflict
        case 503, 406: code = .unavailable
        case 500 where Self.isCutOff(message): code = .unavailable
        case 400..<500: code = .refused
        default: code = .failed
        }
        self.init(code, message)
    }

    /// A manager that asks the leader, and is cut off from it in the midst, as one is that has just been demoted, answers with a status of 500
    /// and gRPC's words. Source: moby, which has a status of its own for gRPC's Unavailable (503) and none for Canceled; seen with 20.10.
    private static func isCutOff(_ message: String) -> Bool { message.contains("rpc error: code = Canceled") }

    /// The error of a request without an answer.
    init(_ error: HTTPError, socket: String) {
        switch error.code {
        case .unreachable: self.init(.unreachable, "nothing listens on \(socket)")
        case .timeout: self.init(.timeout, "Docker does not answer on \(socket) in time")
        case .tooLarge: self.init(.tooLarge, "Docker's answer is too large: \(error.message)")
        case .protocol: self.init(.invalid, "what answers on \(socket) is not Docker: \(error.message)")
        case .interrupted, .canceled, .tls: self.init(.failed, "the connection to Docker was lost: \(error.message)")
        }
    }

    /// Docker's words in any error, for an operator.
    static func words(_ error: any Error) -> String {
        switch error {
        case let error as DockerError: error.message
        case is CancellationError: "it was called off"
        default: "\(error)"
        }
    }

    /// Whether somebody else changed the object between the reading and the writing.
    var isOutOfSequence: Bool { message.contains("update out of sequence") }
}

extension DockerError: Equatable {
    /// Errors are equal by their code.
    public static func == (one: DockerError, other: DockerError) -> Bool { one.code == other.code }
}
