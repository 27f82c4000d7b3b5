public import SkepCrypto
internal import SkepHTTP

/// What this node shows to the coordinator, and whom it believes.
public struct Credentials: Sendable {
    /// A certificate with those above it.
    public struct Chain: Sendable {
        public let pem: String
        public let leaf: Certificate
        public let above: [Certificate]

        /// Leaf first.
        public init(pem: String) throws(CryptoError) {
            let all = try Certificate.all(pem: pem)
            self.pem = pem
            leaf = all[0]
            above = Array(all.dropFirst())
        }
    }

    public var key: P256Key
    public var keyPEM: String
    public var current: Chain
    /// Renewed and not yet used; new connections show it.
    public var next: Chain?
    public var rootsPEM: String
    public var roots: [Certificate]

    /// What a new connection shows.
    public var shown: Chain { next ?? current }

    var tls: TLSOptions {
        TLSOptions(trust: .authorityPEM(rootsPEM), identity: .pem(certificate: shown.pem, key: keyPEM))
    }
}
