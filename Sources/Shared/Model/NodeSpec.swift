/// The complete wanted state of one node. What is absent is not wanted: the agent then puts back what it found.
public struct NodeSpec: Codable, Hashable, Sendable {
    public struct Docker: Codable, Hashable, Sendable {
        public var package: String
        public var hold: Bool
        public var mirrors: [String]
        public var insecure: [String]
        /// MTU of docker0 and of networks without one of their own, bytes; nil until it is decided, or where it is Docker's own 1500.
        public var mtu: Int?
        /// Whether the engine of a member may be restarted now, where only that mends it; nil is no.
        public var restart: Bool?
        public init(package: String, hold: Bool, mirrors: [String] = [], insecure: [String] = [], mtu: Int? = nil) {
            self.package = package
            self.hold = hold
            self.mirrors = mirrors
            self.insecure = insecure
            self.mtu = mtu
        }
    }

    /// A share that this node exports.
    public struct Export: Codable, Hashable, Sendable {
        public struct Client: Codable, Hashable, Sendable {
            public var address: IPAddress
            public var write: Bool
            public init(address: IPAddress, write: Bool) {
                self.address = address
                self.write = write
            }
        }
        public var name: ShareName
        public var path: String
        /// Where this node itself finds it: the same path, or a bind mount.
        public var mount: String
        public var owner: String
        public var mode: String
        /// The explicit `fsid=`, 1 and up.
        public var fsid: Int
        public var clients: [Client]
        public init(name: ShareName, path: String, mount: String, owner: String, mode: String, fsid: Int, clients: [Client]) {
            self.name = name
            self.path = path
            self.mount = mount
            self.owner = owner
            self.mode = mode
            self.fsid = fsid
            self.clients = clients
        }
    }

    /// A share that this node mounts over NFS.
    public struct Mount: Codable, Hashable, Sendable {
        public var name: ShareName
        public var server: IPAddress
        public var path: String
        public var mount: String
        public var write: Bool
        public init(name: ShareName, server: IPAddress, path: String, mount: String, write: Bool) {
            self.name = name
            self.server = server
            self.path = path
            self.mount = mount
            self.write = write
        }
    }

    public struct Shares: Codable, Hashable, Sendable {
        public var v3: Bool
        /// Whether this node will mount: its packages are installed before the server's address is known.
        public var client: Bool
        public var exports: [Export]
        public var mounts: [Mount]
        public init(v3: Bool = false, client: Bool = false, exports: [Export] = [], mounts: [Mount] = []) {
            self.v3 = v3
            self.client = client
            self.exports = exports
            self.mounts = mounts
        }
    }

    /// How a swarm is made; none of it can be changed afterwards.
    public struct Initialisation: Codable, Hashable, Sendable {
        /// The operation that asks for it.
        public var operation: String
        public var advertise: IPAddress
        public var addressPool: CIDR
        /// Prefix length of each network taken from the pool.
        public var subnetSize: Int
        public var dataPathPort: UInt16
        /// How often members tell the managers that they live, milliseconds; nil for Docker's own 5 s. After three they count as down and their
        /// tasks are moved, which on slow machines makes more work than it saves.
        public var heartbeat: Int64?
        public init(
            operation: String, advertise: IPAddress, addressPool: CIDR, subnetSize: Int = 24, dataPathPort: UInt16, heartbeat: Int64? = nil
        ) {
            self.operation = operation
            self.advertise = advertise
            self.addressPool = addressPool
            self.subnetSize = subnetSize
            self.dataPathPort = dataPathPort
            self.heartbeat = heartbeat
        }
    }

    public struct Join: Codable, Hashable, Sendable {
        public var swarm: String
        public var advertise: IPAddress
        /// Managers, each `address:2377`.
        public var remotes: [String]
        /// The worker's join token as CMS, base64, sealed to this node's certificate.
        public var sealedToken: String
        public init(swarm: String, advertise: IPAddress, remotes: [String], sealedToken: String) {
            self.swarm = swarm
            self.advertise = advertise
            self.remotes = remotes
            self.sealedToken = sealedToken
        }
    }

    public enum Swarm: Codable, Hashable, Sendable {
        /// Nothing is decided: leave the swarm as it is.
        case undecided
        case initialise(Initialisation)
        case join(Join)
        case member(swarm: String)
        /// Leave; the last manager takes the swarm with it.
        case leave(swarm: String)
    }

    public var cluster: ClusterName
    public var node: NodeID
    public var name: NodeName
    public var generation: Generation
    public var role: Role
    public var docker: Docker?
    public var sysctls: [String: String]
    /// What registries' certificates are checked against, PEM, by host:port; nil for none.
    public var authorities: [String: String]?
    /// Only for managers, where the file asks for it.
    public var api: DockerAPISpec?
    public var firewall: FirewallSpec?
    public var shares: Shares?
    /// Folders of its own disk that stacks bind, made where they are not there; nil for none.
    public var folders: [String]?
    public var swarm: Swarm
    /// Docker's id of this node, where the acting manager has it as a member that was made ours: an agent that was installed anew knows by it
    /// that it is at home, as a worker's engine does not know its swarm.
    public var knownMember: String?
    public var duties: ManagerDuties?
    public var probe: ProbeRequest?
    /// The ways through the swarm's own networks that are to be tried; nil before there are any.
    public var canary: CanaryRequest?
    /// Images that this manager looks up; nil for none.
    public var images: ImageRequest?
    public var peers: [Peer]
    /// Milliseconds between reports.
    public var beat: Int
    /// Whether packages that the agent installed are removed as well: only at a teardown that asks for it.
    public var purge: Bool
    /// What is to be broken on purpose, once.
    public var drill: Drill?

    public init(
        cluster: ClusterName, node: NodeID, name: NodeName, generation: Generation, role: Role, docker: Docker? = nil,
        sysctls: [String: String] = [:], firewall: FirewallSpec? = nil, shares: Shares? = nil, swarm: Swarm = .undecided,
        duties: ManagerDuties? = nil, probe: ProbeRequest? = nil, peers: [Peer] = [], beat: Int = 5000, purge: Bool = false
    ) {
        self.cluster = cluster
        self.node = node
        self.name = name
        self.generation = generation
        self.role = role
        self.docker = docker
        self.sysctls = sysctls
        self.firewall = firewall
        self.shares = shares
        self.swarm = swarm
        self.duties = duties
        self.probe = probe
        self.peers = peers
        self.beat = beat
        self.purge = purge
    }

    /// What a newer spec asks for that an older one did not.
    public enum Difference: Sendable {
        /// Nothing: it is of another generation at most, as the cluster file changed for other nodes.
        case none
        /// Things to find out; the work is the same.
        case questions
        /// What this manager does for the swarm alone.
        case duties
        case work
    }

    public func difference(from other: NodeSpec) -> Difference {
        var (new, old) = (self, other)
        new.generation = old.generation
        if new == old { return .none }
        (new.canary, new.images) = (nil, nil)
        (old.canary, old.images) = (nil, nil)
        if new == old { return .questions }
        (new.duties, old.duties) = (nil, nil)
        return new == old ? .duties : .work
    }
}

/// Another enrolled node, as this one should know it.
public struct Peer: Codable, Hashable, Sendable {
    public var node: NodeID
    public var name: NodeName
    /// The address that is advertised; nil until it is decided.
    public var address: IPAddress?
    /// SHA-256 of its public key (SPKI), hexadecimal.
    public var key: String
    /// Counts its enrolments; a changed key without a higher count is refused.
    public var enrolment: Int
    public init(node: NodeID, name: NodeName, address: IPAddress?, key: String, enrolment: Int) {
        self.node = node
        self.name = name
        self.address = address
        self.key = key
        self.enrolment = enrolment
    }
}
