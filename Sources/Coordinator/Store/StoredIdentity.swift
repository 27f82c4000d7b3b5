public import SkepModel

/// Permission for one machine to enrol; the token itself is nowhere.
public struct Invitation: Sendable, Equatable {
    /// SHA-256 of the token, hexadecimal.
    public var hash: String
    public var cluster: ClusterName
    /// The only name that it is good for.
    public var name: NodeName?
    public var expires: Instant
    public var actor: String
    public var usedAt: Instant?
    /// SHA-256 of the public key that used it, hexadecimal: the same key may ask again.
    public var usedKey: String?
    public init(
        hash: String, cluster: ClusterName, name: NodeName?, expires: Instant, actor: String, usedAt: Instant? = nil, usedKey: String? = nil
    ) {
        self.hash = hash
        self.cluster = cluster
        self.name = name
        self.expires = expires
        self.actor = actor
        self.usedAt = usedAt
        self.usedKey = usedKey
    }
}

/// A certificate that was issued to a node.
public struct NodeCertificate: Sendable, Equatable {
    /// Hexadecimal, lower case.
    public var serial: String
    public var node: NodeID
    /// SHA-256 of the public key, hexadecimal.
    public var key: String
    /// Leaf first, then the issuing authority.
    public var pem: String
    public var issued: Instant
    public var notAfter: Instant
    /// When it first opened a connection.
    public var used: Instant?
    public var revoked: Bool
    public init(
        serial: String, node: NodeID, key: String, pem: String, issued: Instant, notAfter: Instant, used: Instant? = nil,
        revoked: Bool = false
    ) {
        self.serial = serial
        self.node = node
        self.key = key
        self.pem = pem
        self.issued = issued
        self.notAfter = notAfter
        self.used = used
        self.revoked = revoked
    }
}

/// A person or program that may use the API.
public struct StoredOperator: Sendable, Equatable {
    public var name: String
    /// `viewer`, `operator`, `admin`.
    public var role: String
    public var created: Instant
    public init(name: String, role: String, created: Instant) {
        self.name = name
        self.role = role
        self.created = created
    }
}
