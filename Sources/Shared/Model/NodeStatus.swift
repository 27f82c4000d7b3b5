/// What an agent observed; nobody else writes it.
public struct NodeStatus: Codable, Hashable, Sendable {
    public var node: NodeID
    /// Changes with every start of the machine.
    public var bootID: String
    public var agentVersion: String
    /// When it was observed, by the node's clock.
    public var observed: Instant
    /// The revision of the node spec that it speaks of; 0 for none.
    public var revision: Int
    public var generation: Generation?
    public var facts: NodeFacts
    public var swarm: SwarmStatus
    /// Only from managers.
    public var manager: ManagerView?
    public var probe: ProbeReport?
    public var conditions: [Condition]
    /// What is being done now, in words; nil when all is as it should be.
    public var progress: String?
    /// Since the last report that was answered.
    public var events: [NodeEvent]
    public var firewall: FirewallStatus?
    /// By share that this node has, whether tasks can rely on it, slow to change; without those of which nothing is known yet. Nil from an agent
    /// that does not say.
    public var shares: [ShareName: ShareVerdict]?
    /// What was found of the images that were asked for; nil where none are.
    public var images: ImageReport?
    /// Of the folders that stacks bind, those that are there; nil where none is asked for.
    public var folders: [String]?
    /// How far the drill is that it was told.
    public var drill: DrillReport?
    /// What passes through the swarm's own networks; nil from an agent that does not try.
    public var canary: CanaryReport?

    public init(
        node: NodeID, bootID: String, agentVersion: String, observed: Instant, revision: Int, generation: Generation?, facts: NodeFacts,
        swarm: SwarmStatus, manager: ManagerView? = nil, probe: ProbeReport? = nil, conditions: [Condition] = [], progress: String? = nil,
        events: [NodeEvent] = [], firewall: FirewallStatus? = nil, shares: [ShareName: ShareVerdict]? = nil
    ) {
        self.node = node
        self.bootID = bootID
        self.agentVersion = agentVersion
        self.observed = observed
        self.revision = revision
        self.generation = generation
        self.facts = facts
        self.swarm = swarm
        self.manager = manager
        self.probe = probe
        self.conditions = conditions
        self.progress = progress
        self.events = events
        self.firewall = firewall
        self.shares = shares
    }

    /// The condition of that kind.
    public func condition(_ type: Condition.Kind) -> Condition? { conditions.first { $0.type == type } }
}

/// Whether tasks can rely on a share: the value of the node's label `skep.share.<name>`.
public enum ShareVerdict: String, Codable, Hashable, Sendable { case ok, bad }

/// Facts that decisions are made from.
public struct NodeFacts: Codable, Hashable, Sendable {
    public struct Address: Codable, Hashable, Sendable {
        public var interface: String
        public var address: IPAddress
        public var prefix: Int
        public var mtu: Int
        public init(interface: String, address: IPAddress, prefix: Int, mtu: Int) {
            self.interface = interface
            self.address = address
            self.prefix = prefix
            self.mtu = mtu
        }
    }

    public var machineID: String
    public var hostname: String
    /// `PRETTY_NAME` of /etc/os-release.
    public var system: String
    public var kernel: String
    /// Debian's word: amd64, arm64.
    public var architecture: String
    public var addresses: [Address]
    public var routes: [CIDR]
    /// Milliseconds that the node's clock is ahead of the coordinator's; nil when not known.
    public var clockOffset: Int64?
    public var memoryBytes: Int64
    /// Free bytes where Docker keeps its data.
    public var diskFreeBytes: Int64
    public var diskTotalBytes: Int64
    /// Docker's version; nil when it is not there or does not answer.
    public var docker: String?
    /// `net.ipv4.ip_local_port_range`.
    public var localPorts: PortRange?
    /// Names of other tables or services that filter: ufw, firewalld.
    public var otherFirewalls: [String]
    /// The request for a certificate for the node's key of Docker's API over TLS, PEM; nil for none.
    public var apiRequest: String?

    public init(
        machineID: String, hostname: String, system: String = "", kernel: String = "", architecture: String = "amd64",
        addresses: [Address] = [], routes: [CIDR] = [], clockOffset: Int64? = nil, memoryBytes: Int64 = 0, diskFreeBytes: Int64 = 0,
        diskTotalBytes: Int64 = 0, docker: String? = nil, localPorts: PortRange? = nil, otherFirewalls: [String] = []
    ) {
        self.machineID = machineID
        self.hostname = hostname
        self.system = system
        self.kernel = kernel
        self.architecture = architecture
        self.addresses = addresses
        self.routes = routes
        self.clockOffset = clockOffset
        self.memoryBytes = memoryBytes
        self.diskFreeBytes = diskFreeBytes
        self.diskTotalBytes = diskTotalBytes
        self.docker = docker
        self.localPorts = localPorts
        self.otherFirewalls = otherFirewalls
    }
}

extension NodeFacts {
    /// Percent of the disk with Docker's data from which is warned.
    public static let diskWarning = 80

    /// How much of the disk with Docker's data is used, percent; nil when it is not known.
    public var diskUsed: Int? {
        guard diskTotalBytes > 0, (0...diskTotalBytes).contains(diskFreeBytes) else { return nil }
        return Int((Double(diskTotalBytes - diskFreeBytes) / Double(diskTotalBytes) * 100).rounded(.down))
    }
}

/// A node's own place in a swarm, as its engine says it.
public struct SwarmStatus: Codable, Hashable, Sendable {
    /// Docker's `LocalNodeState`; `absent` when there is no engine, `unknown` when one has not answered since the agent began.
    public struct State: RawRepresentable, Codable, Hashable, Sendable {
        public let rawValue: String
        public init(rawValue: String) { self.rawValue = rawValue }
        public static let absent = State(rawValue: "absent")
        public static let unknown = State(rawValue: "unknown")
        public static let inactive = State(rawValue: "inactive")
        public static let pending = State(rawValue: "pending")
        public static let active = State(rawValue: "active")
        public static let error = State(rawValue: "error")
        public static let locked = State(rawValue: "locked")
    }

    public var state: State
    /// Docker's node id.
    public var nodeID: String?
    /// The swarm's id; workers do not know it, so they say the one they were told when they joined.
    public var swarmID: String?
    public var isManager: Bool
    public var address: IPAddress?
    /// Docker's own words when it failed.
    public var error: String?
    public init(
        state: State, nodeID: String? = nil, swarmID: String? = nil, isManager: Bool = false, address: IPAddress? = nil, error: String? = nil
    ) {
        self.state = state
        self.nodeID = nodeID
        self.swarmID = swarmID
        self.isManager = isManager
        self.address = address
        self.error = error
    }
}

/// The state of the firewall table.
public struct FirewallStatus: Codable, Hashable, Sendable {
    public enum Trial: Codable, Hashable, Sendable {
        case none
        /// On trial until then; what is still missing.
        case running(until: Instant, outboundSeen: Bool, inboundSeen: Bool)
        /// It was not proven in time and the former rules are back.
        case undone(at: Instant, missing: String)
    }
    /// Digest of the table that is installed.
    public var installed: String?
    public var trial: Trial
    public init(installed: String?, trial: Trial) {
        self.installed = installed
        self.trial = trial
    }
}

/// One line that an agent adds to the ledger.
public struct NodeEvent: Codable, Hashable, Sendable {
    /// Counts up over the agent's life on this node; what was acknowledged is not sent again.
    public var sequence: Int
    public var at: Instant
    public var kind: Event.Kind
    public var message: String
    public var seconds: Double?
    /// Of what kind ``Event/Kind/repair`` is.
    public var repair: Repair?
    public init(sequence: Int, at: Instant, kind: Event.Kind, message: String, seconds: Double? = nil, repair: Repair? = nil) {
        self.sequence = sequence
        self.at = at
        self.kind = kind
        self.message = message
        self.seconds = seconds
        self.repair = repair
    }
}
