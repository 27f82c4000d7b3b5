public import SkepModel

/// The integer version of what agent and coordinator say to each other.
///
/// 1 (2026-11): first.
public enum WireProtocol {
    public static let version = 1
    /// The largest body that either side reads, bytes.
    public static let bodyLimit = 4 * 1024 * 1024
}

/// `POST /v1/report` on 7444: what the agent observed; the answer may be held.
public struct ReportRequest: Codable, Sendable {
    public var version: Int
    public var status: NodeStatus
    /// The revision of the node spec that the agent holds; 0 for none.
    public var holds: Int
    /// Answer at once, without waiting for a newer spec.
    public var urgent: Bool
    public init(version: Int = WireProtocol.version, status: NodeStatus, holds: Int, urgent: Bool = false) {
        self.version = version
        self.status = status
        self.holds = holds
        self.urgent = urgent
    }
}

/// The answer: a newer spec, or none when the agent's is the newest.
public struct ReportAnswer: Codable, Sendable {
    public var version: Int
    public var revision: Int
    public var spec: NodeSpec?
    /// Events up to this sequence number are recorded.
    public var acknowledged: Int
    /// The coordinator's clock when it answered.
    public var now: Instant
    public init(version: Int = WireProtocol.version, revision: Int, spec: NodeSpec?, acknowledged: Int, now: Instant) {
        self.version = version
        self.revision = revision
        self.spec = spec
        self.acknowledged = acknowledged
        self.now = now
    }
}

/// `POST /v1/enrol` on 7443, with the token in the body; the connection is pinned to the authority that the token names.
public struct EnrolRequest: Codable, Sendable {
    public var version: Int
    public var token: String
    /// PKCS#10, PEM, of a P-256 key made on the node.
    public var csr: String
    public var machineID: String
    public var hostname: String
    /// The name asked for, when the invitation is not bound to one.
    public var name: NodeName?
    public init(version: Int = WireProtocol.version, token: String, csr: String, machineID: String, hostname: String, name: NodeName?) {
        self.version = version
        self.token = token
        self.csr = csr
        self.machineID = machineID
        self.hostname = hostname
        self.name = name
    }
}

/// The node's identity, or the word that an operator has yet to approve it (then the same request is made again).
public struct EnrolAnswer: Codable, Sendable {
    public var cluster: ClusterName
    public var node: NodeID
    public var name: NodeName
    /// PEM, leaf first, then the issuing authority; nil while approval is awaited.
    public var certificate: String?
    /// PEM of the trusted roots.
    public var roots: String
    /// Where the agents' listener is, `host:port`.
    public var agentEndpoint: String
    /// Server name in its certificate.
    public var serverName: String
    public init(
        cluster: ClusterName, node: NodeID, name: NodeName, certificate: String?, roots: String, agentEndpoint: String, serverName: String
    ) {
        self.cluster = cluster
        self.node = node
        self.name = name
        self.certificate = certificate
        self.roots = roots
        self.agentEndpoint = agentEndpoint
        self.serverName = serverName
    }
}

/// `POST /v1/renew` on 7444: a new certificate for a new or the same key; the old one stays good until the new one is used.
public struct RenewRequest: Codable, Sendable {
    public var version: Int
    public var csr: String
    public init(version: Int = WireProtocol.version, csr: String) {
        self.version = version
        self.csr = csr
    }
}

public struct RenewAnswer: Codable, Sendable {
    /// PEM, leaf first, then the issuing authority.
    public var certificate: String
    public var roots: String
    public init(certificate: String, roots: String) {
        self.certificate = certificate
        self.roots = roots
    }
}

/// `POST /v1/renew/challenge` on 7443: asks for a nonce for a late renewal.
public struct ChallengeRequest: Codable, Sendable {
    public var node: NodeID
    public init(node: NodeID) { self.node = node }
}

public struct ChallengeAnswer: Codable, Sendable {
    /// Base64, good once, for two minutes.
    public var nonce: String
    public init(nonce: String) { self.nonce = nonce }
}

/// `POST /v1/renew/late` on 7443: up to 30 days after expiry, the old key signs `nonce || csr`.
public struct LateRenewRequest: Codable, Sendable {
    public var version: Int
    public var node: NodeID
    public var nonce: String
    public var csr: String
    /// The expired certificate, PEM.
    public var certificate: String
    /// ECDSA with SHA-256 over the bytes of nonce (its base64 text) followed by the CSR's PEM; DER, base64.
    public var signature: String
    public init(version: Int = WireProtocol.version, node: NodeID, nonce: String, csr: String, certificate: String, signature: String) {
        self.version = version
        self.node = node
        self.nonce = nonce
        self.csr = csr
        self.certificate = certificate
        self.signature = signature
    }
}

/// What every refusal carries.
public struct WireError: Codable, Sendable, Error {
    /// One CamelCase word, for programs.
    public var code: String
    /// What is wrong, where, and how to mend it.
    public var message: String
    /// 1-based place in a file, where it is one.
    public var file: String?
    public var line: Int?
    public var column: Int?
    /// All that is wrong in the files that were sent, where more than one thing is.
    public var diagnostics: [FileDiagnostic]?
    public init(
        code: String, message: String, file: String? = nil, line: Int? = nil, column: Int? = nil, diagnostics: [FileDiagnostic]? = nil
    ) {
        self.code = code
        self.message = message
        self.file = file
        self.line = line
        self.column = column
        self.diagnostics = diagnostics
    }
}
