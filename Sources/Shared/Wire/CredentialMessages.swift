public import SkepModel

/// `GET /v1/clusters/NAME/credentials`: who may use Docker's API over TLS.
public struct CredentialsAnswer: Codable, Sendable {
    public struct Row: Codable, Sendable {
        public var name: String
        public var made: Instant
        public var ends: Instant
        /// The operator who made it.
        public var maker: String
        public var revoked: Instant?
        public init(name: String, made: Instant, ends: Instant, maker: String, revoked: Instant?) {
            self.name = name
            self.made = made
            self.ends = ends
            self.maker = maker
            self.revoked = revoked
        }

        /// Whether it opens anything.
        public func isGood(at now: Instant) -> Bool { revoked == nil && ends > now }
    }
    public var credentials: [Row]
    public init(credentials: [Row]) { self.credentials = credentials }
}

/// `POST /v1/clusters/NAME/credentials`.
public struct CredentialRequest: Codable, Sendable {
    public var name: String
    /// How long it is good, seconds.
    public var seconds: Int64
    /// PKCS #10, PEM: the key stays with whoever asks.
    public var request: String
    public init(name: String, seconds: Int64, request: String) {
        self.name = name
        self.seconds = seconds
        self.request = request
    }
}

/// Its answer.
public struct CredentialAnswer: Codable, Sendable {
    /// PEM.
    public var certificate: String
    /// Of the authority that signed it and the managers' certificates, PEM.
    public var authority: String
    public var ends: Instant
    /// Where managers serve the API: `tcp://ADDRESS:2376`.
    public var endpoints: [String]
    public init(certificate: String, authority: String, ends: Instant, endpoints: [String]) {
        self.certificate = certificate
        self.authority = authority
        self.ends = ends
        self.endpoints = endpoints
    }
}
