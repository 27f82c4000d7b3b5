public import SkepModel

/// What an agent must still know after a restart; it is on disk before an action that depends on it begins.
public struct AgentMemory: Codable, Hashable, Sendable {
    /// A table on trial, or the verdict on the last one.
    public struct Firewall: Codable, Hashable, Sendable {
        public struct Table: Codable, Hashable, Sendable {
            public var text: String
            /// Digest of the listing that nft gave right after it was installed; nil until then.
            public var listing: String?
            /// What decides whether it needs a trial: rules and fixed audiences, without the nodes' own addresses.
            public var key: String
            /// What it was rendered from; rendered again when nodes or bridges come and go.
            public var spec: FirewallSpec
            public init(text: String, listing: String? = nil, key: String, spec: FirewallSpec) {
                self.text = text
                self.listing = listing
                self.key = key
                self.spec = spec
            }
        }
        public struct Trial: Codable, Hashable, Sendable {
            public var table: Table
            /// The start of the machine (`boot_id`) in which it stands; after another it begins anew.
            public var boot: String
            /// When it is undone; nil until the table stands.
            public var until: Instant?
            public var outbound: Bool
            public var inbound: Bool
            public init(table: Table, boot: String, until: Instant? = nil, outbound: Bool = false, inbound: Bool = false) {
                self.table = table
                self.boot = boot
                self.until = until
                self.outbound = outbound
                self.inbound = inbound
            }
        }
        /// The last table that was proven.
        public var proven: Table?
        public var trial: Trial?
        /// The key that was undone, when, and what was missing.
        public var undone: String?
        public var undoneAt: Instant?
        public var missing: String?
        /// Set when a ruleset was undone and the coordinator had not been reached, which may have been away: once it answers, the ruleset is tried again.
        public var isInDoubt: Bool
        /// How often that was done since a ruleset was proven.
        public var excused: Int
        public init(proven: Table? = nil, trial: Trial? = nil) {
            self.proven = proven
            self.trial = trial
            isInDoubt = false
            excused = 0
        }
    }

    /// A stack's services as they were deployed, so that what someone changes later is told from what was deployed.
    public struct Deployed: Codable, Hashable, Sendable {
        public var bundle: String
        /// For the how manieth time it was asked for; nil for the first.
        public var number: Int?
        /// The engine's version: another one may show the same specification with more fields.
        public var engine: String
        /// By service, the digest of its specification.
        public var services: [String: String]
        public init(bundle: String, number: Int? = nil, engine: String, services: [String: String]) {
            self.bundle = bundle
            self.number = number
            self.engine = engine
            self.services = services
        }
    }

    public var firewall: Firewall
    /// The text of daemon.json before we touched it; `originalDaemonConfigKnown` tells a missing file from one not looked at.
    public var originalDaemonConfig: String?
    public var originalDaemonConfigKnown: Bool
    public var originalSysctls: [String: String]
    /// Packages that were not there before us.
    public var packages: [String]
    /// Packages that we put on hold.
    public var held: [String]
    /// The swarm that this node was told to join or made.
    public var swarm: String?
    /// By stack, what its services were right after this manager, or one before it, had deployed them; nil in the memory of an agent that did not record it.
    public var deployed: [String: Deployed]?
    /// Repairs under way and of late; nil in the memory of an agent that kept none.
    var repairBook: RepairBook?
    /// Whether shares can be relied on; nil in the memory of an agent that did not say.
    var steadiness: ShareSteadiness?
    /// Where the file systems of the folders that stacks bind are mounted, by the folder's path, as they were when it was there: what is mounted nowhere now
    /// must not be taken for what is gone. Nil in the memory of an agent that did not look.
    var folderMounts: [String: String]?
    /// Services whose tasks wait although a node would take them; nil in the memory of an agent that did not look for them.
    var pendingBook: PendingBook?
    /// When what is unused was last removed, for want of room on the disk.
    var prunedAt: Instant?
    /// This node's end in the swarm's ingress network, as it was last known: the others go on trying it while an agent that just began finds out.
    var ingress: IPAddress?
    /// The Docker Engine's version when it was last seen.
    var engineVersion: String?
    /// The drill that was last asked for.
    var drill: DrillBook?
    /// The public key of each peer, as first seen, with its enrolment count.
    public var peers: [NodeID: Peer]
    public var sequence: Int
    /// Events that the coordinator has not acknowledged, oldest first; at most 500.
    public var events: [NodeEvent]

    var repairs: RepairBook {
        get { repairBook ?? RepairBook() }
        set { repairBook = newValue }
    }

    /// Nothing of Skep's was put on this machine, nor a swarm made or joined.
    var isUntouched: Bool {
        firewall.proven == nil && firewall.trial == nil && !originalDaemonConfigKnown && originalSysctls.isEmpty && packages.isEmpty
            && held.isEmpty && swarm == nil
    }

    public init() {
        firewall = Firewall()
        originalDaemonConfigKnown = false
        originalSysctls = [:]
        packages = []
        held = []
        peers = [:]
        sequence = 0
        events = []
    }
}
