/// What a cluster is for; it decides which tables and checks apply.
public enum ClusterKind: String, Codable, Hashable, Sendable, CaseIterable {
    /// Runs users' containers.
    case target
    /// Runs Nuvla itself.
    case host
}

/// What a node is in the swarm.
public enum Role: String, Codable, Hashable, Sendable { case manager, worker }

/// A named set of address ranges.
public struct Audience: RawRepresentable, Codable, Hashable, Comparable, Sendable, CodingKeyRepresentable {
    public let rawValue: String
    public init(rawValue: String) { self.rawValue = rawValue }
    public static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }

    public static let management = Audience(rawValue: "management")
    /// Where nodes may come from.
    public static let nodes = Audience(rawValue: "nodes")
    /// The enrolled nodes; the coordinator fills it.
    public static let cluster = Audience(rawValue: "cluster")
    public static let nuvla = Audience(rawValue: "nuvla")
    public static let users = Audience(rawValue: "users")
    /// Those that a file may give ranges to.
    public static let named: [Audience] = [.management, .nodes, .nuvla, .users]
}

/// What an operator wants of a cluster, read from the cluster file and accepted whole.
public struct ClusterSpec: Codable, Hashable, Sendable {
    public struct Node: Codable, Hashable, Sendable {
        public var name: NodeName
        public var role: Role
        public var labels: [String: String]
        public var sysctls: [String: String]
        public init(name: NodeName, role: Role, labels: [String: String] = [:], sysctls: [String: String] = [:]) {
            self.name = name
            self.role = role
            self.labels = labels
            self.sysctls = sysctls
        }
    }

    /// A choice that may be left to the planner.
    public enum Auto<Value: Codable & Hashable & Sendable>: Codable, Hashable, Sendable {
        case auto
        case fixed(Value)
    }

    public struct Docker: Codable, Hashable, Sendable {
        /// Debian's package name of the engine.
        public var package: String
        /// Whether the engine's packages are held against upgrades.
        public var hold: Bool
        /// Whether managers serve the API over TLS on 2376.
        public var tlsAPI: Bool
        /// Further host names and addresses by which that API is reached; nil for none.
        public var tlsNames: [String]?
        public var addressPool: Auto<CIDR>
        public var dataPathPort: Auto<UInt16>
        /// Bytes of the overlay networks' packets.
        public var mtu: Auto<Int>
        /// Mirrors of Docker Hub, as URLs.
        public var mirrors: [String]
        /// Registries that may be spoken to without TLS, as host:port.
        public var insecure: [String]
        /// Files with the authorities that registries' certificates are checked against, relative to the cluster file, by host:port; nil for none.
        public var authorityFiles: [String: String]?
        /// What is in those files, PEM: filled in where they were read.
        public var authorities: [String: String]?
        /// By the registry's host; nil for none.
        public var logins: [String: Login]?

        /// A login at a registry.
        public struct Login: Codable, Hashable, Sendable {
            public var user: String
            /// Relative to the cluster file.
            public var passwordFile: String
            public init(user: String, passwordFile: String) {
                self.user = user
                self.passwordFile = passwordFile
            }
        }

        /// Files that it is made of, relative to the cluster file.
        public var files: [String] {
            Set((authorityFiles ?? [:]).values).union((logins ?? [:]).values.map(\.passwordFile)).sorted()
        }

        public init(
            package: String = "docker.io", hold: Bool = true, tlsAPI: Bool = false, addressPool: Auto<CIDR> = .auto,
            dataPathPort: Auto<UInt16> = .auto, mtu: Auto<Int> = .auto, mirrors: [String] = [], insecure: [String] = []
        ) {
            self.package = package
            self.hold = hold
            self.tlsAPI = tlsAPI
            self.addressPool = addressPool
            self.dataPathPort = dataPathPort
            self.mtu = mtu
            self.mirrors = mirrors
            self.insecure = insecure
        }
    }

    public struct Share: Codable, Hashable, Sendable {
        public var name: ShareName
        /// The folder on the server.
        public var path: String
        /// Where it is found on every node.
        public var mount: String
        /// Nodes that may write.
        public var write: [NodeName]
        /// `uid:gid` of the folder itself, new or not; put back when it is changed.
        public var owner: String
        /// Octal mode of the folder itself, new or not; put back when it is changed.
        public var mode: String
        public init(name: ShareName, path: String, mount: String, write: [NodeName], owner: String, mode: String) {
            self.name = name
            self.path = path
            self.mount = mount
            self.write = write
            self.owner = owner
            self.mode = mode
        }
    }

    public struct NFS: Codable, Hashable, Sendable {
        public var server: NodeName
        /// Whether protocol version 3 is served beside 4.
        public var v3: Bool
        public var shares: [Share]
        public init(server: NodeName, v3: Bool = false, shares: [Share]) {
            self.server = server
            self.v3 = v3
            self.shares = shares
        }
    }

    /// An operator's own opening: a port or range, its transports, and who may come.
    public struct Opening: Codable, Hashable, Sendable {
        public var ports: PortRange
        public var transports: [Transport]
        public var audiences: [Audience]
        public init(ports: PortRange, transports: [Transport] = [.tcp], audiences: [Audience]) {
            self.ports = ports
            self.transports = transports
            self.audiences = audiences
        }
    }

    public struct Network: Codable, Hashable, Sendable {
        public var name: NetworkName
        public var attachable: Bool
        public var encrypted: Bool
        public var subnet: CIDR?
        public init(name: NetworkName, attachable: Bool = false, encrypted: Bool = false, subnet: CIDR? = nil) {
            self.name = name
            self.attachable = attachable
            self.encrypted = encrypted
            self.subnet = subnet
        }
    }

    public struct Stack: Codable, Hashable, Sendable {
        public enum Source: Codable, Hashable, Sendable {
            /// The entry of that name in the catalogue that Skep ships.
            case catalogue
            /// A compose file, relative to the cluster file.
            case compose(String)
        }
        public var name: StackName
        public var source: Source
        /// Compose files that are put over the first, in their order; nil when there are none.
        public var overrides: [String]?
        /// Values for the compose file's variables, or a catalogue entry's options.
        public var environment: [String: String]
        public var after: [StackName]
        public var expose: [Opening]
        public var share: ShareName?
        /// For catalogue entries: the overlay network between Traefik and what it routes to.
        public var network: NetworkName?
        /// For catalogue entries: the overlay network that Nuvla's own services share.
        public var backend: NetworkName?
        /// For catalogue entries with data: the node that keeps them.
        public var home: NodeName?
        /// For catalogue entries: the operator's files by the name that the entry has for them, relative to the cluster file.
        public var files: [String: String]?
        public init(
            name: StackName, source: Source, overrides: [String]? = nil, environment: [String: String] = [:], after: [StackName] = [],
            expose: [Opening] = [], share: ShareName? = nil, network: NetworkName? = nil, backend: NetworkName? = nil, home: NodeName? = nil,
            files: [String: String]? = nil
        ) {
            self.backend = backend
            self.home = home
            self.files = files
            self.name = name
            self.source = source
            self.overrides = overrides
            self.environment = environment
            self.after = after
            self.expose = expose
            self.share = share
            self.network = network
        }
    }

    public struct Policy: Codable, Hashable, Sendable {
        public enum DrainedByHand: String, Codable, Hashable, Sendable, CaseIterable { case show, restore }
        public enum RestartDocker: String, Codable, Hashable, Sendable, CaseIterable { case never, ask, quorumSafe = "quorum-safe" }
        /// Whether an operator must approve each enrolled node.
        public var approval: Bool
        public var drills: Bool
        public var drainedByHand: DrainedByHand
        public var restartDocker: RestartDocker
        public init(
            approval: Bool = false, drills: Bool = false, drainedByHand: DrainedByHand = .show, restartDocker: RestartDocker = .never
        ) {
            self.approval = approval
            self.drills = drills
            self.drainedByHand = drainedByHand
            self.restartDocker = restartDocker
        }
    }

    public var name: ClusterName
    public var kind: ClusterKind
    public var audiences: [Audience: [CIDR]]
    /// In the order of the file.
    public var nodes: [Node]
    public var docker: Docker
    public var nfs: NFS?
    public var allow: [Opening]
    public var networks: [Network]
    /// In the order of the file; `after` decides the order of deployment.
    public var stacks: [Stack]
    public var policy: Policy

    public init(
        name: ClusterName, kind: ClusterKind, audiences: [Audience: [CIDR]], nodes: [Node], docker: Docker = Docker(), nfs: NFS? = nil,
        allow: [Opening] = [], networks: [Network] = [], stacks: [Stack] = [], policy: Policy = Policy()
    ) {
        self.name = name
        self.kind = kind
        self.audiences = audiences
        self.nodes = nodes
        self.docker = docker
        self.nfs = nfs
        self.allow = allow
        self.networks = networks
        self.stacks = stacks
        self.policy = policy
    }

    /// The entry of that name.
    public func node(_ name: NodeName) -> Node? { nodes.first { $0.name == name } }
}
