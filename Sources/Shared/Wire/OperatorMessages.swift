public import SkepModel

/// `POST /v1/apply` on 7443: a cluster file with what it refers to.
public struct ApplyRequest: Codable, Sendable {
    public var version: Int
    /// The cluster file's name as the operator gave it, for messages.
    public var name: String
    public var file: String
    /// Files that the stacks refer to, by path relative to the cluster file, each value base64.
    public var files: [String: String]
    /// Show what would change and change nothing.
    public var planOnly: Bool
    public init(version: Int = WireProtocol.version, name: String, file: String, files: [String: String], planOnly: Bool) {
        self.version = version
        self.name = name
        self.file = file
        self.files = files
        self.planOnly = planOnly
    }
}

public struct ApplyAnswer: Codable, Sendable {
    public var cluster: ClusterName
    public var generation: Generation
    /// False when the file says what is already wanted.
    public var changed: Bool
    /// A line for each thing that differs from the generation before.
    public var changes: [String]
    /// What is allowed but deserves a word.
    public var warnings: [String]
    public init(cluster: ClusterName, generation: Generation, changed: Bool, changes: [String], warnings: [String] = []) {
        self.cluster = cluster
        self.generation = generation
        self.changed = changed
        self.changes = changes
        self.warnings = warnings
    }
}

/// `GET /v1/clusters/NAME/status`: the stable form that `skep status --json` prints.
public struct StatusAnswer: Codable, Sendable {
    public struct Cluster: Codable, Sendable {
        public var name: ClusterName
        public var kind: ClusterKind
        public var generation: Generation
        public var ready: Bool
        public var phase: String
        public var waits: [Wait]
        public var conditions: [Condition]
        public init(
            name: ClusterName, kind: ClusterKind, generation: Generation, ready: Bool, phase: String, waits: [Wait], conditions: [Condition]
        ) {
            self.name = name
            self.kind = kind
            self.generation = generation
            self.ready = ready
            self.phase = phase
            self.waits = waits
            self.conditions = conditions
        }
    }

    public struct Wait: Codable, Sendable {
        public var what: String
        public var waitsFor: String
        public var command: String?
        public init(what: String, waitsFor: String, command: String?) {
            self.what = what
            self.waitsFor = waitsFor
            self.command = command
        }
    }

    public struct Node: Codable, Sendable {
        public var name: NodeName
        /// Nil while no machine has enrolled under the name.
        public var id: NodeID?
        public var role: Role
        public var ready: Bool
        /// `never`, `live`, `suspect`, `down`, `evicted`, `awaiting approval`.
        public var liveness: String
        public var seenSecondsAgo: Double?
        public var addresses: [String]
        public var advertised: String?
        public var docker: String?
        public var system: String?
        public var labels: [String: String]
        public var swarm: String?
        public var progress: String?
        public var certificateExpires: Instant?
        public var clockOffsetMilliseconds: Int64?
        public var conditions: [Condition]
        public init(name: NodeName, id: NodeID?, role: Role, ready: Bool, liveness: String) {
            self.name = name
            self.id = id
            self.role = role
            self.ready = ready
            self.liveness = liveness
            addresses = []
            labels = [:]
            conditions = []
        }
        enum CodingKeys: String, CodingKey {
            case name, id, role, ready, liveness, addresses, advertised, docker, system, labels, swarm, progress, conditions
            case seenSecondsAgo = "seen_seconds_ago"
            case certificateExpires = "certificate_expires"
            case clockOffsetMilliseconds = "clock_offset_milliseconds"
        }
    }

    public struct Stack: Codable, Sendable {
        public struct Service: Codable, Sendable {
            public var name: String
            public var running: Int
            public var desired: Int
            public var error: String?
            public init(name: String, running: Int, desired: Int, error: String?) {
                self.name = name
                self.running = running
                self.desired = desired
                self.error = error
            }
        }
        public var name: String
        public var ready: Bool
        public var reason: String?
        public var services: [Service]
        public init(name: String, ready: Bool, reason: String?, services: [Service]) {
            self.name = name
            self.ready = ready
            self.reason = reason
            self.services = services
        }
    }

    /// What one member found of the traffic to others, and of the ports that the ingress mesh publishes on it.
    public struct Traffic: Codable, Sendable {
        /// One thing that is tried again and again.
        public struct Trial: Codable, Sendable {
            /// `unknown` as long as it was not tried twice; also of what an unheard node said.
            public var passes: Truth
            public var passedSecondsAgo: Double?
            /// Why it does not pass; nil when it does.
            public var failure: String?
            public init(passes: Truth, passedSecondsAgo: Double?, failure: String?) {
                self.passes = passes
                self.passedSecondsAgo = passedSecondsAgo
                self.failure = failure
            }
            enum CodingKeys: String, CodingKey {
                case passes, failure
                case passedSecondsAgo = "passed_seconds_ago"
            }
        }
        public struct Path: Codable, Sendable {
            public var to: NodeName
            public var trial: Trial
            /// Round-trip times through the overlay, milliseconds: of 64 bytes, and of a packet as large as the network's MTU.
            public var smallMilliseconds: Double?
            public var largeMilliseconds: Double?
            public init(to: NodeName, trial: Trial, smallMilliseconds: Double?, largeMilliseconds: Double?) {
                self.to = to
                self.trial = trial
                self.smallMilliseconds = smallMilliseconds
                self.largeMilliseconds = largeMilliseconds
            }
            enum CodingKeys: String, CodingKey {
                case to, trial
                case smallMilliseconds = "small_milliseconds"
                case largeMilliseconds = "large_milliseconds"
            }
        }
        public struct Port: Codable, Sendable {
            public var port: UInt16
            public var trial: Trial
            public init(port: UInt16, trial: Trial) {
                self.port = port
                self.trial = trial
            }
        }
        public var node: NodeName
        /// Age of the last round; nil before the first.
        public var triedSecondsAgo: Double?
        /// Of the node's end in the ingress network, bytes.
        public var mtu: Int?
        /// Why the overlay cannot be tried from there.
        public var trouble: String?
        public var paths: [Path]
        public var ports: [Port]
        public init(node: NodeName, triedSecondsAgo: Double?, mtu: Int?, trouble: String?, paths: [Path], ports: [Port]) {
            self.node = node
            self.triedSecondsAgo = triedSecondsAgo
            self.mtu = mtu
            self.trouble = trouble
            self.paths = paths
            self.ports = ports
        }
        enum CodingKeys: String, CodingKey {
            case node, mtu, trouble, paths, ports
            case triedSecondsAgo = "tried_seconds_ago"
        }
    }

    public var cluster: Cluster
    public var nodes: [Node]
    public var stacks: [Stack]
    public var operations: [Operation]
    /// By member of the swarm that was asked to try it; nil from a coordinator that does not have it tried.
    public var traffic: [Traffic]?
    /// When the coordinator made this answer.
    public var now: Instant
    public init(cluster: Cluster, nodes: [Node], stacks: [Stack], operations: [Operation], now: Instant) {
        self.cluster = cluster
        self.nodes = nodes
        self.stacks = stacks
        self.operations = operations
        self.now = now
    }
}

/// `POST /v1/clusters/NAME/invitations`.
public struct InviteRequest: Codable, Sendable {
    /// Binds the token to this name.
    public var name: NodeName?
    /// Seconds; 600 by default, at most 7 days, longer than 600 only with a name or approval.
    public var seconds: Int?
    public init(name: NodeName?, seconds: Int?) {
        self.name = name
        self.seconds = seconds
    }
}

public struct InviteAnswer: Codable, Sendable {
    /// Shown once; stored hashed.
    public var token: String
    public var expires: Instant
    /// SHA-256 pin of the authority, as in the token.
    public var fingerprint: String
    /// Where machines reach 7443, `https://host:port`.
    public var url: String
    /// `sha256//…` of the server's key, as curl's --pinnedpubkey takes it.
    public var pin: String
    public init(token: String, expires: Instant, fingerprint: String, url: String, pin: String) {
        self.token = token
        self.expires = expires
        self.fingerprint = fingerprint
        self.url = url
        self.pin = pin
    }
}

/// `POST /v1/login`: exchanges the first login, or a token, for a session.
public struct LoginRequest: Codable, Sendable {
    public var code: String
    public var name: String?
    public init(code: String, name: String?) {
        self.code = code
        self.name = name
    }
}

public struct LoginAnswer: Codable, Sendable {
    public var operatorName: String
    public var role: String
    /// Shown once; stored hashed.
    public var token: String
    public init(operatorName: String, role: String, token: String) {
        self.operatorName = operatorName
        self.role = role
        self.token = token
    }
}

/// `POST /v1/clusters/NAME/down`.
public struct DownRequest: Codable, Sendable {
    /// Packages that Skep installed are removed as well.
    public var purge: Bool
    public init(purge: Bool) { self.purge = purge }
}

/// `POST /v1/clusters/NAME/drill`: breaks something on purpose.
public struct DrillRequest: Codable, Sendable {
    /// A ``DrillName``.
    public var drill: String
    public var node: NodeName
    /// Only of `address-change`: an address in the node's own network that nobody has.
    public var address: IPAddress?
    public init(drill: String, node: NodeName, address: IPAddress? = nil) {
        self.drill = drill
        self.node = node
        self.address = address
    }
}

/// That, and `GET /v1/clusters/NAME/drill`: the drill under way, or the last one.
public struct DrillAnswer: Codable, Sendable {
    public var run: DrillRun
    public init(run: DrillRun) { self.run = run }
}

/// `POST /v1/operators`: a new operator, and the token that is shown once.
public struct OperatorRequest: Codable, Sendable {
    public var name: String
    /// `viewer`, `operator`, `admin`.
    public var role: String
    public init(name: String, role: String) {
        self.name = name
        self.role = role
    }
}
