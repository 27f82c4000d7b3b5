/// What a drill breaks on purpose.
public enum DrillName: String, Codable, Hashable, Sendable, CaseIterable {
    case firewallFlush = "firewall-flush"
    case firewallEdit = "firewall-edit"
    case shareUnmount = "share-unmount"
    case shareServerStop = "share-server-stop"
    case shareFreeze = "share-freeze"
    case dockerKill = "docker-kill"
    case dockerConfigBroken = "docker-config-broken"
    case swarmLeave = "swarm-leave"
    case addressChange = "address-change"
    case agentKill = "agent-kill"
    case coordinatorStop = "coordinator-stop"
    case clockSkew = "clock-skew"
    case diskFull = "disk-full"

    /// What is done, in an operator's words.
    public var summary: String {
        switch self {
        case .firewallFlush: "all rules of the table inet skep are flushed"
        case .firewallEdit: "a rule that lets everybody in is inserted into the table inet skep"
        case .shareUnmount: "a share is unmounted lazily"
        case .shareServerStop: "the NFS server is stopped"
        case .shareFreeze: "packets to and from the NFS server are dropped for \(hold ?? 0) s"
        case .dockerKill: "dockerd is killed with -9"
        case .dockerConfigBroken: "daemon.json is overwritten with nonsense and the engine restarted; this node's containers restart"
        case .swarmLeave: "the engine leaves the swarm by force; this node's tasks go elsewhere"
        case .addressChange:
            "the node has another address instead of the one that it is advertised by, for \(hold ?? 0) s; it joins the swarm anew, twice"
        case .agentKill: "skep-agent is killed with -9"
        case .coordinatorStop: "the coordinator is stopped for \(hold ?? 0) s, and the table inet skep deleted meanwhile"
        case .clockSkew: "the clock is set two hours ahead for \(hold ?? 0) s"
        case .diskFull:
            "the disk with Docker's data is filled to 93 % for \(hold ?? 0) s; images that no container uses are removed from this node"
        }
    }

    /// Seconds after which what was broken is undone where no agent could mend it.
    public var hold: Int? {
        switch self {
        case .shareFreeze: 40
        case .coordinatorStop: 30
        case .clockSkew: 45
        case .diskFull: 60
        case .addressChange: 180
        case .firewallFlush, .firewallEdit, .shareUnmount, .shareServerStop, .dockerKill, .dockerConfigBroken, .swarmLeave, .agentKill: nil
        }
    }

    /// What tells that it is broken, by not being true, and mended, by all of them being true again.
    public var watched: Set<Condition.Kind> {
        switch self {
        case .firewallFlush, .firewallEdit, .coordinatorStop: [.firewall]
        case .shareUnmount, .shareFreeze: [.mounts]
        case .shareServerStop: [.exports]
        case .dockerKill: [.docker, .swarm]
        case .dockerConfigBroken: [.daemonConfig, .docker, .swarm]
        case .swarmLeave, .addressChange: [.swarm]
        case .agentKill: [.agent, .firewall]
        case .clockSkew: [.clock]
        case .diskFull: [.disk]
        }
    }
}

/// What a node is told to break, once.
public struct Drill: Codable, Hashable, Sendable {
    public var id: String
    /// A ``DrillName``; an agent that does not know it says so.
    public var name: String
    /// The one that the node is advertised by, and the one that it gets instead: of ``DrillName/addressChange``.
    public var from: IPAddress?
    public var to: IPAddress?
    public init(id: String, name: String, from: IPAddress? = nil, to: IPAddress? = nil) {
        self.id = id
        self.name = name
        self.from = from
        self.to = to
    }
    public var known: DrillName? { DrillName(rawValue: name) }
}

/// How far a node's drill is. Milliseconds go from the moment before it was broken.
public struct DrillReport: Codable, Hashable, Sendable {
    public var id: String
    public var isBroken: Bool
    public var detected: Int64?
    public var repaired: Int64?
    /// Why it was not done, or not measured.
    public var failure: String?
    public init(id: String, isBroken: Bool = false, detected: Int64? = nil, repaired: Int64? = nil, failure: String? = nil) {
        self.id = id
        self.isBroken = isBroken
        self.detected = detected
        self.repaired = repaired
        self.failure = failure
    }
}

/// A drill as the coordinator has it; the last one of a cluster is kept.
public struct DrillRun: Codable, Hashable, Sendable {
    public var id: String
    public var name: DrillName
    public var node: NodeID
    public var nodeName: NodeName
    /// Another address for the node, which nobody has.
    public var address: IPAddress?
    /// The one that it is advertised by.
    public var former: IPAddress?
    public var began: Instant
    public var report: DrillReport?
    /// When it was first heard to be broken, by the coordinator's clock.
    public var broken: Instant?
    /// When it was over; nil while it is under way.
    public var ended: Instant?
    /// Why it failed; nil when it passed or is under way.
    public var failure: String?
    public init(id: String, name: DrillName, node: NodeID, nodeName: NodeName, address: IPAddress? = nil, began: Instant) {
        self.id = id
        self.name = name
        self.node = node
        self.nodeName = nodeName
        self.address = address
        self.began = began
    }
    public var passed: Bool { ended != nil && failure == nil }
}
