public import SkepHTTP
public import SkepWire

/// Why the coordinator gave no usable answer.
public enum CoordinatorError: Error, Sendable, CustomStringConvertible {
    /// No connection, or it was lost.
    case transport(HTTPError)
    /// It said no, in words.
    case refused(status: Int, WireError)
    /// It answered something that this agent does not understand.
    case badAnswer(String)

    /// What an operator reads.
    public var description: String {
        switch self {
        case .transport(let error): error.message
        case .refused(let status, let error): "\(error.message) (\(status) \(error.code))"
        case .badAnswer(let reason): "the coordinator's answer cannot be read (\(reason)): is it much newer? update skep-agent"
        }
    }

    /// Whether asking again in a while may help.
    public var isPassing: Bool {
        switch self {
        case .transport: true
        case .refused(let status, _): status >= 500 || status == 429 || status == 408
        case .badAnswer: true
        }
    }

    /// Whether the node was put out of its cluster.
    public var isEviction: Bool {
        if case .refused(_, let error) = self { ["Evicted", "CertificateRevoked", "UnknownNode"].contains(error.code) } else { false }
    }
}
