public import CoordinatorCore
public import SkepModel

/// All that is kept of a cluster and needed to go on after a start.
public struct StoredCluster: Sendable {
    public var name: ClusterName
    public var generation: StoredGeneration
    public var record: ClusterRecord
    public var nodes: [Snapshot.Node]
    /// The open ones and the newest ended ones, oldest first.
    public var operations: [Operation]
    /// What was last given to each node.
    public var revisions: [NodeID: SpecRevision]
    /// The newest event of each node that is in the ledger.
    public var sequences: [NodeID: Int]
}

/// An accepted cluster file; kept for ever.
public struct StoredGeneration: Sendable {
    public var number: Generation
    public var spec: ClusterSpec
    public var fileName: String
    public var file: String
    /// What the stacks refer to, sealed by the caller.
    public var sealedFiles: [UInt8]
    public var actor: String
    public var at: Instant
    public init(
        number: Generation, spec: ClusterSpec, fileName: String, file: String, sealedFiles: [UInt8], actor: String, at: Instant
    ) {
        self.number = number
        self.spec = spec
        self.fileName = fileName
        self.file = file
        self.sealedFiles = sealedFiles
        self.actor = actor
        self.at = at
    }
}

/// The number and content's digest of the node spec that a node was last given; the number never goes back.
public struct SpecRevision: Hashable, Sendable {
    public var number: Int
    public var digest: String
    public init(number: Int, digest: String) {
        self.number = number
        self.digest = digest
    }
}

/// What one pass of the planner changes; stored in one transaction.
public struct ClusterChange: Sendable {
    public var cluster: ClusterName
    /// Who must hold the cluster's lease.
    public var holder: String
    public var record: ClusterRecord?
    public var operations: [Operation]
    public var events: [Event]
    public init(
        cluster: ClusterName, holder: String, record: ClusterRecord? = nil, operations: [Operation] = [], events: [Event] = []
    ) {
        self.cluster = cluster
        self.holder = holder
        self.record = record
        self.operations = operations
        self.events = events
    }
}

/// A node's newest report, as it is kept over a restart.
public struct StoredStatus: Sendable {
    public var node: NodeID
    public var seen: Instant
    public var status: NodeStatus
    public init(node: NodeID, seen: Instant, status: NodeStatus) {
        self.node = node
        self.seen = seen
        self.status = status
    }
}
