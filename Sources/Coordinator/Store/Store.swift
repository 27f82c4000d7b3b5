public import CoordinatorCore
public import SkepModel

/// The coordinator's memory: what it has answered for is in here before the answer goes out.
///
/// No type of a database shows in it, so that another one can stand behind it.
public protocol Store: Sendable {
    // MARK: Clusters

    func clusterNames() async throws -> [ClusterName]
    func cluster(_ name: ClusterName) async throws -> StoredCluster?
    /// Makes the generation the current one, and the cluster when it is the first; the record is replaced if one is given, and the
    /// sealed values that were made for it are kept.
    func accept(
        _ generation: StoredGeneration, record: ClusterRecord?, generated: [String: [UInt8]], events: [Event]
    ) async throws -> [Event]
    /// Stores what a pass of the planner changed, in one transaction, if the lease is still held.
    func commit(_ change: ClusterChange) async throws -> [Event]
    /// Without the sealed files; newest first.
    func generations(of cluster: ClusterName) async throws -> [StoredGeneration]
    func generation(_ number: Generation, of cluster: ClusterName) async throws -> StoredGeneration?
    /// Takes or renews the lease; false while another holder's has not run out.
    func takeLease(_ cluster: ClusterName, holder: String, now: Instant, until: Instant) async throws -> Bool
    func saveRevisions(_ revisions: [NodeID: SpecRevision]) async throws

    // MARK: Nodes

    /// Writes what is known of the node but its status, and the events that belong to the change.
    func saveNode(_ node: Snapshot.Node, cluster: ClusterName, events: [Event]) async throws -> [Event]
    /// Without a guarantee over a power cut: the next report repairs it.
    func saveStatuses(_ statuses: [StoredStatus]) async throws
    /// Adds a node's own events to the ledger, once each.
    func recordEvents(_ events: [NodeEvent], of node: NodeID, named: NodeName, cluster: ClusterName) async throws -> (Int, [Event])

    // MARK: Enrolment

    func add(_ invitation: Invitation, event: Event) async throws -> [Event]
    func invitation(hash: String) async throws -> Invitation?
    /// Uses the invitation, writes the node, revokes its certificates where asked to and adds the new one, in one transaction.
    func enrol(
        _ node: Snapshot.Node, cluster: ClusterName, invitation: Invitation, certificate: NodeCertificate?, revokeOthers: Bool,
        events: [Event]
    ) async throws -> [Event]

    // MARK: Certificates

    func add(_ certificate: NodeCertificate) async throws
    func certificate(serial: String) async throws -> NodeCertificate?
    /// Notes the first use and revokes the node's older certificates.
    func markUsed(serial: String, at: Instant) async throws
    func revokeCertificates(of node: NodeID) async throws
    /// Forgets certificates that ended before then.
    func prune(certificatesBefore: Instant, now: Instant) async throws

    // MARK: Operators

    func operators() async throws -> [StoredOperator]
    /// Makes the operator, or gives an existing one a new token and role; sessions of the old token end. This and a removal throw `lastAdmin`
    /// when nobody would be left with the role `admin`.
    func save(_ person: StoredOperator, tokenHash: String, event: Event) async throws -> [Event]
    func removeOperator(_ name: String, event: Event) async throws -> [Event]
    func operatorWithToken(hash: String) async throws -> StoredOperator?
    func addSession(hash: String, operator name: String, expires: Instant) async throws
    func operatorWithSession(hash: String, now: Instant) async throws -> StoredOperator?
    func removeSession(hash: String) async throws
    func addFirstLogin(hash: String, expires: Instant) async throws
    /// True once, while it has not run out.
    func useFirstLogin(hash: String, now: Instant) async throws -> Bool

    // MARK: Ledger and values

    func append(_ events: [Event]) async throws -> [Event]
    /// Events after that id, oldest first; without an id, the newest ones. Of one cluster, or of all.
    func events(of cluster: ClusterName?, after: Int64?, limit: Int) async throws -> [Event]
    /// Repairs of the cluster's nodes from then on, oldest first; the newest of them, where there are more than `limit`.
    func repairs(of cluster: ClusterName, since: Instant, limit: Int) async throws -> [Event]
    /// A value that was made once and sealed by the caller.
    func generated(_ name: String, of cluster: ClusterName) async throws -> [UInt8]?
    func saveGenerated(_ sealed: [UInt8], name: String, of cluster: ClusterName) async throws
}
