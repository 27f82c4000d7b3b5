internal import SkepCrypto
internal import SkepSystem
public import SkepModel

/// Seals a join token to a node that the authority vouches for and that this manager has known, and opens those sealed to this node.
public struct TrustedSealing: Sendable {
    private let cluster: ClusterName
    private let store: IdentityStore

    /// For nodes of `cluster`; roots and key are read from the store when they are needed.
    public init(cluster: ClusterName, store: IdentityStore) {
        self.cluster = cluster
        self.store = store
    }

    /// The token as base64 of a CMS message that only that node can read. `expectedKey` is the SHA-256 of the key that was seen to enrol.
    ///
    /// Throws ``AgentError/Code/refused`` for a certificate of another authority, another node or another key.
    public func seal(_ token: String, to sealing: ManagerDuties.Sealing, expectedKey: String) throws -> String {
        let roots = try store.credentials().roots
        return try Self.seal(
            token, to: sealing, expectedKey: expectedKey, cluster: cluster, roots: roots, now: SystemClock.wallMilliseconds() / 1000)
    }

    static func seal(
        _ token: String, to sealing: ManagerDuties.Sealing, expectedKey: String, cluster: ClusterName, roots: [Certificate], now: Int64
    ) throws -> String {
        let chain = try Credentials.Chain(pem: sealing.certificate)
        do { try chain.leaf.verify(intermediates: chain.above, roots: roots, at: now) } catch {
            throw AgentError(.refused, "no token is sealed to node \(sealing.node): \(error)")
        }
        guard chain.leaf.uris == [NodeIdentity.uri(cluster, sealing.node)] else {
            throw AgentError(
                .refused, "no token is sealed to node \(sealing.node): the certificate is for \(chain.leaf.uris.joined(separator: ", "))")
        }
        guard Bytes.hex(chain.leaf.publicKeySHA256) == expectedKey else {
            throw AgentError(.refused, "no token is sealed to node \(sealing.node): its key is not the one that was seen to enrol")
        }
        return try Sealing.seal(Array(token.utf8), toCertificatePEM: chain.leaf.pem)
    }

    /// The token that was sealed to this node.
    public func open(_ sealed: String) throws -> String {
        let credentials = try store.credentials()
        // A renewal may have come between sealing and opening.
        if let next = credentials.next, let bytes = try? Sealing.open(sealed, keyPEM: credentials.keyPEM, certificatePEM: next.leaf.pem) {
            return String(decoding: bytes, as: UTF8.self)
        }
        let bytes = try Sealing.open(sealed, keyPEM: credentials.keyPEM, certificatePEM: credentials.current.leaf.pem)
        return String(decoding: bytes, as: UTF8.self)
    }
}
