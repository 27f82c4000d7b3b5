/// The coordinator's listener for operators and enrolment, as an operator writes it.
public struct CoordinatorAddress: Sendable, Equatable, CustomStringConvertible {
    /// Name or address; IPv6 in brackets.
    public let host: String
    public let port: UInt16

    /// The name that the coordinator's certificates carry wherever it is reached.
    public static let serverName = "coordinator.skep.internal"

    /// Reads `https://host:port`, `host:port` or `host`; without a port it is 7443. Throws ``AgentError/Code/usage``.
    public init(_ text: String) throws(AgentError) {
        func wrong(_ reason: String) -> AgentError {
            AgentError(.usage, "the coordinator's address '\(text)' is wrong: \(reason); write https://HOST:7443")
        }
        guard !text.hasPrefix("http://") else { throw wrong("it speaks only https") }
        var rest = text.hasPrefix("https://") ? text.dropFirst(8) : text[...]
        while rest.hasSuffix("/") { rest = rest.dropLast() }
        guard !rest.isEmpty, !rest.contains(where: { $0 == "/" || $0 == "@" || $0 == "?" || $0 == "#" || $0.isWhitespace }) else {
            throw wrong("it is a host and a port, nothing else")
        }
        var name = rest
        var port: UInt16 = 7443
        if rest.hasPrefix("[") {
            guard let end = rest.firstIndex(of: "]") else { throw wrong("the bracket is not closed") }
            name = rest[...end]
            let after = rest[rest.index(after: end)...]
            if !after.isEmpty {
                guard after.hasPrefix(":"), let number = UInt16(after.dropFirst()), number > 0 else { throw wrong("the port is none") }
                port = number
            }
        } else if let colon = rest.firstIndex(of: ":") {
            guard let number = UInt16(rest[rest.index(after: colon)...]), number > 0 else {
                throw wrong("the port is none (IPv6 addresses stand in brackets)")
            }
            name = rest[..<colon]
            port = number
        }
        guard !name.isEmpty else { throw wrong("the host is missing") }
        host = String(name)
        self.port = port
    }

    /// `host:port`.
    public var endpoint: String { "\(host):\(port)" }
    /// `https://host:port`.
    public var description: String { "https://\(endpoint)" }
}
