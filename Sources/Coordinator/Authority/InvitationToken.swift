public import SkepModel

/// The text that lets one machine enrol: `skep1.CLUSTER.RANDOM.FINGERPRINT`.
///
/// The fingerprint is the SHA-256 of the root's public key (SPKI), hexadecimal: the agent trusts nobody else.
public struct InvitationToken: Sendable, Equatable {
    public let cluster: ClusterName
    public let text: String

    /// Makes a new one.
    public init(cluster: ClusterName, fingerprint: String) {
        self.cluster = cluster
        text = "skep1.\(cluster).\(Secret.text()).\(fingerprint)"
    }

    /// Reads one; nil when the text cannot be a token.
    public init?(_ text: String) {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        guard text.utf8.count <= 256, parts.count == 4, parts[0] == "skep1", let cluster = ClusterName(rawValue: String(parts[1])),
            parts[2].utf8.count == 43, parts[3].utf8.count == 64
        else { return nil }
        self.cluster = cluster
        self.text = text
    }

    /// What is stored.
    public var hash: String { Secret.hash(text) }
}
