public import SkepModel

/// `POST /v1/apply` on 7443: a cluster file with what it refers to.
public struct ApplyRequest: Codable, Sendable {
    public var version: Int
    /// The cluster file's name as the operator gave it, for messages.
    public var name: String
    public var file: String
    /// Files that the stacks refer to, by path relative to the cluster file, each value base64.
    public var files: [String: String]
    /// Show what would change and change nothing.
    public var planOnly: Bool
    public init(version: Int = WireProtocol.version, name: String, file: String, files: [String: String], planOnly: Bool) {
        self.version = version
        self.name = name
        self.file = file
        self.files = files
        self.planOnly = planOnly
    }
}

public struct ApplyAnswer: Codable, Sendable {
    public var cluster: ClusterName
    public var generation: Generation
    /// False when the file says what is already wanted.
    public var changed: Bool
    /// A line for each thing that differs from the generation before.
    public var changes: [String]
    /// What is allowed but deserves a word.
    public var warnings: [String]
    public init(cluster: ClusterName, generation: Generation, changed: Bool, changes: [String], warnings: [String] = []) {
        self.cluster = cluster
        self.generation = generation
        self.changed = changed
        self.changes = changes
        self.warnings = warnings
    }
}

/// `POST /v1/clusters/NAME/invitations`.
public struct InviteRequest: Codable, Sendable {
    /// Binds the token to this name.
    public var name: NodeName?
    /// Seconds; 600 by default, at most 7 days, longer than 600 only with a name or approval.
    public var seconds: Int?
    public init(name: NodeName?, seconds: Int?) {
        self.name = name
        self.seconds = seconds
    }
}

public struct InviteAnswer: Codable, Sendable {
    /// Shown once; stored hashed.
    public var token: String
    public var expires: Instant
    /// SHA-256 pin of the authority, as in the token.
    public var fingerprint: String
    /// Where machines reach 7443, `https://host:port`.
    public var url: String
    /// `sha256//…` of the server's key, as curl's --pinnedpubkey takes it.
    public var pin: String
    public init(token: String, expires: Instant, fingerprint: String, url: String, pin: String) {
        self.token = token
        self.expires = expires
        self.fingerprint = fingerprint
        self.url = url
        self.pin = pin
    }
}

/// `POST /v1/login`: exchanges the first login, or a token, for a session.
public struct LoginRequest: Codable, Sendable {
    public var code: String
    public var name: String?
    public init(code: String, name: String?) {
        self.code = code
        self.name = name
    }
}

public struct LoginAnswer: Codable, Sendable {
    public var operatorName: String
    public var role: String
    /// Shown once; stored hashed.
    public var token: String
    public init(operatorName: String, role: String, token: String) {
        self.operatorName = operatorName
        self.role = role
        self.token = token
    }
}

/// `POST /v1/clusters/NAME/down`.
public struct DownRequest: Codable, Sendable {
    /// Packages that Skep installed are removed as well.
    public var purge: Bool
    public init(purge: Bool) { self.purge = purge }
}

/// `POST /v1/clusters/NAME/drill`: breaks something on purpose.
public struct DrillRequest: Codable, Sendable {
    /// A ``DrillName``.
    public var drill: String
    public var node: NodeName
    /// Only of `address-change`: an address in the node's own network that nobody has.
    public var address: IPAddress?
    public init(drill: String, node: NodeName, address: IPAddress? = nil) {
        self.drill = drill
        self.node = node
        self.address = address
    }
}

/// That, and `GET /v1/clusters/NAME/drill`: the drill under way, or the last one.
public struct DrillAnswer: Codable, Sendable {
    public var run: DrillRun
    public init(run: DrillRun) { self.run = run }
}

/// `POST /v1/operators`: a new operator, and the token that is shown once.
public struct OperatorRequest: Codable, Sendable {
    public var name: String
    /// `viewer`, `operator`, `admin`.
    public var role: String
    public init(name: String, role: String) {
        self.name = name
        self.role = role
    }
}
