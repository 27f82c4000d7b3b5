public import SkepModel

/// Who a certificate speaks for: `skep://CLUSTER/node/ID`.
public struct NodeIdentity: Hashable, Sendable, CustomStringConvertible {
    public let cluster: ClusterName
    public let node: NodeID

    public init(cluster: ClusterName, node: NodeID) {
        self.cluster = cluster
        self.node = node
    }

    /// Reads the URI of a certificate.
    public init?(uri: String) {
        let parts = uri.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 5, parts[0] == "skep:", parts[1].isEmpty, parts[3] == "node",
            let cluster = ClusterName(rawValue: String(parts[2])), let node = NodeID(rawValue: String(parts[4]))
        else { return nil }
        self.init(cluster: cluster, node: node)
    }

    public var description: String { "skep://\(cluster)/node/\(node)" }
}
