public import SkepCrypto
public import SkepSystem

/// Key, certificates, roots and identity in the agent's folder, which only root may enter.
public struct IdentityStore: Sendable {
    private let paths: AgentPaths

    /// A store at `paths`; the folder is made.
    public init(_ paths: AgentPaths) throws(SystemError) {
        self.paths = paths
        try Files.makeDirectory(paths.state, mode: 0o700)
    }

    /// The identity, nil before the enrolment. Throws ``AgentError/Code/badState``.
    public func identity() throws(AgentError) -> NodeIdentity? {
        do {
            guard let bytes = try Files.readIfPresent(paths.identity) else { return nil }
            return try JSON.decode(NodeIdentity.self, bytes)
        } catch {
            throw AgentError(.badState, "\(paths.identity) cannot be read (\(JSON.reason(error))): enrol this node again with `skep node invite`")
        }
    }

    /// The key; made at the first call and never changed by renewals, because peers pin it.
    public func key() throws -> P256Key {
        if let bytes = try Files.readIfPresent(paths.key) { return try P256Key(pem: String(decoding: bytes, as: UTF8.self)) }
        let key = try P256Key.generate()
        try AtomicFile.write(paths.key, try key.pem(), mode: 0o600)
        return key
    }

    /// All that a connection needs; throws when something is missing or does not fit together.
    public func credentials() throws -> Credentials {
        let key = try P256Key(pem: try Files.readText(paths.key))
        let current = try certificate(paths.certificate)
        guard let current, current.leaf.matches(key) else {
            throw AgentError(.badState, "key and certificate in \(paths.state) do not belong together: enrol this node again with `skep node invite`")
        }
        var next = try? certificate(paths.nextCertificate)
        if let found = next, !found.leaf.matches(key) { next = nil }
        let rootsText = try Files.readText(paths.roots)
        return Credentials(
            key: key, keyPEM: try key.pem(), current: current, next: next, rootsPEM: rootsText, roots: try Certificate.all(pem: rootsText))
    }

    /// What an enrolment brought; the identity is written last, because it is what says that the node is enrolled.
    public func enrolled(_ identity: NodeIdentity, certificate: String, roots: String) throws {
        try Files.remove(paths.nextCertificate)
        try AtomicFile.write(paths.roots, roots, mode: 0o644)
        try AtomicFile.write(paths.certificate, certificate, mode: 0o644)
        try AtomicFile.write(paths.identity, try JSON.encode(identity), mode: 0o600)
    }

    /// A renewed certificate waits to be used.
    public func renewed(certificate: String, roots: String) throws {
        if !roots.isEmpty { _ = try AtomicFile.writeIfChanged(paths.roots, roots, mode: 0o644) }
        try AtomicFile.write(paths.nextCertificate, certificate, mode: 0o644)
    }

    /// The renewed certificate was used: the old one goes.
    public func promote(_ certificate: String) throws {
        try AtomicFile.write(paths.certificate, certificate, mode: 0o644)
        try Files.remove(paths.nextCertificate)
    }

    /// The renewed certificate was refused: the old one stays.
    public func dropNext() throws { try Files.remove(paths.nextCertificate) }

    private func certificate(_ path: String) throws -> Credentials.Chain? {
        guard let bytes = try Files.readIfPresent(path) else { return nil }
        return try Credentials.Chain(pem: String(decoding: bytes, as: UTF8.self))
    }
}
