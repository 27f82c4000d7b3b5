public import SkepModel

/// All that the planner decides from; nothing else is looked at.
public struct Snapshot: Sendable {
    /// A machine that has enrolled.
    public struct Node: Codable, Hashable, Sendable {
        public var id: NodeID
        public var name: NodeName
        public var machineID: String
        /// PEM, leaf first, then the issuing authority.
        public var certificate: String
        /// SHA-256 of the public key (SPKI), hexadecimal.
        public var key: String
        /// Counts its enrolments.
        public var enrolment: Int
        /// False while an operator's approval is awaited.
        public var approved: Bool
        public var evicted: Bool
        /// By the coordinator's clock, of the last report; nil before the first.
        public var seen: Instant?
        public var status: NodeStatus?
        public init(
            id: NodeID, name: NodeName, machineID: String, certificate: String, key: String, enrolment: Int = 1, approved: Bool = true,
            evicted: Bool = false, seen: Instant? = nil, status: NodeStatus? = nil
        ) {
            self.id = id
            self.name = name
            self.machineID = machineID
            self.certificate = certificate
            self.key = key
            self.enrolment = enrolment
            self.approved = approved
            self.evicted = evicted
            self.seen = seen
            self.status = status
        }

        /// Milliseconds since a moment that the node told of by its own clock: its age in the report, and the report's.
        public func age(of moment: Instant, now: Instant) -> Int64? {
            guard let status, let seen else { return nil }
            return max(0, status.observed.since(moment)) + max(0, now.since(seen))
        }
    }

    public var spec: ClusterSpec
    public var generation: Generation
    /// The bundle of each stack of the spec that could be made.
    public var bundles: [StackName: StackBundle]
    public var record: ClusterRecord
    public var nodes: [Node]
    /// Open operations, and the ended ones that are still shown; newest last.
    public var operations: [Operation]
    public var settings: Settings
    /// Where agents reach the coordinator when it lives on a node of this cluster: the node's ports are opened.
    public var coordinatorNode: NodeID?
    /// Images that somebody wants to have looked up now.
    public var images: ImageRequest?

    public init(
        spec: ClusterSpec, generation: Generation, bundles: [StackName: StackBundle] = [:], record: ClusterRecord = ClusterRecord(),
        nodes: [Node] = [], operations: [Operation] = [], settings: Settings = Settings(), coordinatorNode: NodeID? = nil
    ) {
        self.spec = spec
        self.generation = generation
        self.bundles = bundles
        self.record = record
        self.nodes = nodes
        self.operations = operations
        self.settings = settings
        self.coordinatorNode = coordinatorNode
    }
}

/// Times that steer what is shown and what waits, in milliseconds; some times as long on slow machines.
public struct Settings: Codable, Hashable, Sendable {
    public var beat: Int
    public var suspectAfter: Int64
    public var downAfter: Int64
    /// A deployment that has not converged by then is said to have failed.
    public var deployDeadline: Int64
    public var joinDeadline: Int64
    public var trialSeconds: Int
    /// Of the swarm's members, for a swarm that is made from now on; nil for Docker's own.
    public var swarmHeartbeat: Int64?
    public init(
        beat: Int = 5000, suspectAfter: Int64 = 10_000, downAfter: Int64 = 15_000, deployDeadline: Int64 = 600_000,
        joinDeadline: Int64 = 300_000, trialSeconds: Int = 60, swarmHeartbeat: Int64? = nil
    ) {
        self.beat = beat
        self.suspectAfter = suspectAfter
        self.downAfter = downAfter
        self.deployDeadline = deployDeadline
        self.joinDeadline = joinDeadline
        self.trialSeconds = trialSeconds
        self.swarmHeartbeat = swarmHeartbeat
    }
}

/// What was decided for a cluster and must never be decided anew.
public struct ClusterRecord: Codable, Hashable, Sendable {
    /// What cannot be changed once the swarm stands, chosen from the facts of all nodes.
    public struct Decisions: Codable, Hashable, Sendable {
        public var addressPool: CIDR
        public var mtu: Int
        public var dataPathPort: UInt16
        /// The one node that initialises the swarm.
        public var initialiser: NodeID
        public init(addressPool: CIDR, mtu: Int, dataPathPort: UInt16, initialiser: NodeID) {
            self.addressPool = addressPool
            self.mtu = mtu
            self.dataPathPort = dataPathPort
            self.initialiser = initialiser
        }
    }

    /// How far a teardown has come; each stage is recorded before the next begins.
    public enum Lifecycle: Codable, Hashable, Sendable {
        case up
        case down(Teardown)
    }

    /// Who may use Docker's API over TLS, and what the managers show there.
    public struct DockerAPI: Codable, Hashable, Sendable {
        /// The certificate that a manager shows.
        public struct Server: Codable, Hashable, Sendable {
            /// The node's request that it answers, PEM.
            public var request: String
            /// Host names and addresses that it is for.
            public var names: [String]
            /// PEM.
            public var certificate: String
            public var notBefore: Instant
            public var notAfter: Instant
            public init(request: String, names: [String], certificate: String, notBefore: Instant, notAfter: Instant) {
                self.request = request
                self.names = names
                self.certificate = certificate
                self.notBefore = notBefore
                self.notAfter = notAfter
            }
        }

        /// What somebody was given to use the API.
        public struct Credential: Codable, Hashable, Sendable {
            public var name: String
            /// PEM.
            public var certificate: String
            public var made: Instant
            public var ends: Instant
            /// The operator who made it.
            public var maker: String
            public var revoked: Instant?
            public init(name: String, certificate: String, made: Instant, ends: Instant, maker: String) {
                self.name = name
                self.certificate = certificate
                self.made = made
                self.ends = ends
                self.maker = maker
            }

            /// Whether it opens anything.
            public func isGood(at now: Instant) -> Bool { revoked == nil && ends > now }
        }

        /// PEM.
        public var authority: String
        public var servers: [NodeID: Server]
        /// Oldest first.
        public var credentials: [Credential]
        public init(authority: String, servers: [NodeID: Server] = [:], credentials: [Credential] = []) {
            self.authority = authority
            self.servers = servers
            self.credentials = credentials
        }
    }

    public struct Teardown: Codable, Hashable, Sendable {
        public enum Stage: String, Codable, Hashable, Sendable, CaseIterable, Comparable {
            case stacks, networks, mounts, exports, workers, managers, hosts, gone
            public static func < (left: Self, right: Self) -> Bool {
                (allCases.firstIndex(of: left) ?? 0) < (allCases.firstIndex(of: right) ?? 0)
            }
        }
        public var stage: Stage
        public var purge: Bool
        public init(stage: Stage = .stacks, purge: Bool = false) {
            self.stage = stage
            self.purge = purge
        }
    }

    public var lifecycle: Lifecycle
    /// Nodes of the spec that an operator said not to wait for.
    public var deferred: [NodeName]
    /// The probe round that is asked for; 0 before any.
    public var probeRound: Int
    /// The nodes that the round was asked of.
    public var probeNodes: [NodeID]
    public var decisions: Decisions?
    /// Advertised address by node; a node that enrols later is added.
    public var addresses: [NodeID: IPAddress]
    /// TCP ports of the ingress mesh that the members try; nil in the record of a coordinator that did not have them tried.
    public var meshPorts: [UInt16]?
    /// Set when a manager was first seen with it; from then on nobody is told to initialise.
    public var swarm: String?
    /// The images of a bundle that ran.
    public struct Pins: Codable, Hashable, Sendable {
        /// The bundle's digest.
        public var bundle: String
        /// By image as the compose file names it, the same with its digest.
        public var images: [String: String]
        public init(bundle: String, images: [String: String]) {
            self.bundle = bundle
            self.images = images
        }
    }
    /// The number that the swarm's token epoch should reach.
    public var tokenEpoch: Int
    /// The manager that acts for the swarm, and how often that has changed.
    public var actingManager: NodeID?
    public var term: Int
    /// Set when the server was first seen to export every share; from then on the others mount them.
    public var sharesServed: Bool
    /// The file-system id of each share that there ever was (`fsid` of exports(5)): clients' handles carry it, so it is never another share's.
    public var shareNumbers: [ShareName: Int]
    /// Counts, by node, an operator's requests to try the firewall again.
    public var firewallAttempts: [NodeID: Int]
    /// How often an operator asked for a stack again after its deployment had failed; nil for never.
    public var stackAttempts: [StackName: Int]?
    /// The digests of images that ran, of each stack's latest bundles, newest last; nil for none.
    public var pins: [StackName: [Pins]]?
    /// What the swarm took back last of a stack; nil for nothing.
    public var takenBack: [StackName: StackBundle.Attempt]?
    /// Docker's API over TLS; nil before it was first asked for.
    public var api: DockerAPI?
    /// Since when members are without the address that they are advertised by.
    public var moved: [NodeID: Instant]?
    /// The drill under way, or the last one.
    public var drill: DrillRun?

    public init(
        lifecycle: Lifecycle = .up, deferred: [NodeName] = [], probeRound: Int = 0, probeNodes: [NodeID] = [], decisions: Decisions? = nil,
        addresses: [NodeID: IPAddress] = [:], swarm: String? = nil, tokenEpoch: Int = 0, actingManager: NodeID? = nil, term: Int = 0,
        sharesServed: Bool = false, shareNumbers: [ShareName: Int] = [:], firewallAttempts: [NodeID: Int] = [:]
    ) {
        self.lifecycle = lifecycle
        self.deferred = deferred
        self.probeRound = probeRound
        self.probeNodes = probeNodes
        self.decisions = decisions
        self.addresses = addresses
        self.swarm = swarm
        self.tokenEpoch = tokenEpoch
        self.actingManager = actingManager
        self.term = term
        self.sharesServed = sharesServed
        self.shareNumbers = shareNumbers
        self.firewallAttempts = firewallAttempts
    }
}
