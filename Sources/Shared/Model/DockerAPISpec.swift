/// Docker's API over TLS, as a manager should serve it: for credentials that the coordinator gave out, and for nobody else.
public struct DockerAPISpec: Codable, Hashable, Sendable {
    /// The port that Docker's clients expect: docs.docker.com/engine/security/protect-access.
    public static let port: UInt16 = 2376

    /// For the key whose request the node reported, PEM, leaf first; nil until it is there.
    public var certificate: String?
    /// The certificate of the authority for this API alone, PEM.
    public var authority: String
    /// The certificates that are let in, PEM; a credential that was revoked or has ended is not among them.
    public var clients: [String]

    public init(certificate: String?, authority: String, clients: [String]) {
        self.certificate = certificate
        self.authority = authority
        self.clients = clients
    }
}
