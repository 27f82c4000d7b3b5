internal import SkepCrypto
public import SkepModel

/// What an invitation carries: `skep1.<cluster>.<secret>.<SHA-256 of the authority's public key, hexadecimal>`.
///
/// It is read from a file or from standard input, never from arguments, and is in no log.
public struct EnrolmentToken: Sendable, CustomStringConvertible {
    /// The whole text, for the request's body.
    public let text: String
    /// The cluster that invites.
    public let cluster: ClusterName
    /// SHA-256 of the authority's public key (SubjectPublicKeyInfo), 32 bytes.
    public let authority: [UInt8]

    /// Reads a token; white space around it is ignored. Throws ``AgentError/Code/badToken``.
    public init(_ text: String) throws(AgentError) {
        let trimmed = String(text.drop { $0.isWhitespace }.reversed().drop { $0.isWhitespace }.reversed())
        let parts = trimmed.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 4, parts[0] == "skep1", !parts[2].isEmpty else {
            throw AgentError(.badToken, "this is no invitation's token (it begins with skep1. and has four parts): make one with `skep node invite`")
        }
        guard let cluster = ClusterName(rawValue: String(parts[1])) else {
            throw AgentError(.badToken, "the token's cluster name is none (\(ClusterName.rule)): make one with `skep node invite`")
        }
        guard let authority = Bytes.fromHex(String(parts[3])), authority.count == 32 else {
            throw AgentError(.badToken, "the token's fingerprint is cut or altered: copy the whole line of `skep node invite`")
        }
        self.text = trimmed
        self.cluster = cluster
        self.authority = authority
    }

    /// Without the secret.
    public var description: String { "skep1.\(cluster).(secret)" }
}
