public import SkepModel

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
            /// As the swarm has it, with its digest where a registry gave one.
            public var image: String?
            public init(name: String, running: Int, desired: Int, error: String?, image: String? = nil) {
                self.image = image
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
