public import SkepModel

/// Who this node is and where its coordinator is.
public struct NodeIdentity: Codable, Hashable, Sendable {
    public var cluster: ClusterName
    public var node: NodeID
    public var name: NodeName
    /// `https://host:port` of the listener for enrolment and late renewal.
    public var coordinator: String
    /// `host:port` of the agents' listener.
    public var agentEndpoint: String
    /// The server's name in its certificates.
    public var serverName: String

    public init(cluster: ClusterName, node: NodeID, name: NodeName, coordinator: String, agentEndpoint: String, serverName: String) {
        self.cluster = cluster
        self.node = node
        self.name = name
        self.coordinator = coordinator
        self.agentEndpoint = agentEndpoint
        self.serverName = serverName
    }

    /// The one name that a node's certificate carries.
    public static func uri(_ cluster: ClusterName, _ node: NodeID) -> String { "skep://\(cluster)/node/\(node)" }
}
