/// The swarm as a manager sees it.
public struct ManagerView: Codable, Hashable, Sendable {
    public struct Member: Codable, Hashable, Sendable {
        /// Docker's node id.
        public var id: String
        public var hostname: String
        public var role: Role
        /// `ready`, `down`, `unknown`, `disconnected`.
        public var state: String
        /// `active`, `pause`, `drain`.
        public var availability: String
        public var leader: Bool
        public var reachable: Bool
        public var address: String
        public var labels: [String: String]
        public init(
            id: String, hostname: String, role: Role, state: String, availability: String = "active", leader: Bool = false,
            reachable: Bool = true, address: String = "", labels: [String: String] = [:]
        ) {
            self.id = id
            self.hostname = hostname
            self.role = role
            self.state = state
            self.availability = availability
            self.leader = leader
            self.reachable = reachable
            self.address = address
            self.labels = labels
        }
    }

    public struct Network: Codable, Hashable, Sendable {
        public var name: String
        /// Whether it carries our label.
        public var ours: Bool
        public init(name: String, ours: Bool) {
            self.name = name
            self.ours = ours
        }
    }

    /// How full an overlay network is, as far as the services tell: Docker itself does not say. What it lost track of is not counted (moby#43052).
    public struct AddressUse: Codable, Hashable, Sendable {
        public var network: String
        /// What may be given to services, tasks, nodes and the gateway.
        public var size: Int
        public var used: Int
        public var free: Int { max(0, size - used) }
        public init(network: String, size: Int, used: Int) {
            self.network = network
            self.size = size
            self.used = used
        }
    }

    public struct Service: Codable, Hashable, Sendable {
        public var name: String
        public var running: Int
        public var desired: Int
        /// The bundle that it was deployed from (label `skep.bundle`).
        public var bundle: String?
        /// For the how manieth time it was asked for (label `skep.attempt`); nil for the first.
        public var attempt: Int?
        /// The newest error of its failing tasks, in Docker's words, with the node.
        public var error: String?
        /// An update is rolling.
        public var updating: Bool
        /// SHA-256 of what the engine holds as the service's specification; it changes with `docker service update` and `scale`.
        public var digest: String?
        /// TCP ports that the ingress mesh publishes for it on every node; nil from an agent that does not say.
        public var ports: [UInt16]?
        /// A task of it is pending for want of a node that fits, and one would; nil for no.
        public var stuck: Bool?
        /// Its image as the swarm has it: with its digest, where a registry gave one. Nil from an agent that does not say.
        public var image: String?
        public init(
            name: String, running: Int, desired: Int, bundle: String?, error: String? = nil, updating: Bool = false, digest: String? = nil,
            ports: [UInt16]? = nil, attempt: Int? = nil, stuck: Bool? = nil, image: String? = nil
        ) {
            self.attempt = attempt
            self.stuck = stuck
            self.image = image
            self.name = name
            self.running = running
            self.desired = desired
            self.bundle = bundle
            self.error = error
            self.updating = updating
            self.digest = digest
            self.ports = ports
        }
    }

    public struct Stack: Codable, Hashable, Sendable {
        public var name: String
        /// Whether its services carry our label.
        public var ours: Bool
        public var services: [Service]
        /// What the Docker CLI said when it refused the bundle, or why the swarm took it back.
        public var failure: String?
        /// The bundle of which the swarm has taken a service back to what ran before, because the new tasks failed.
        public var takenBack: StackBundle.Attempt?
        public init(name: String, ours: Bool, services: [Service], failure: String? = nil, takenBack: StackBundle.Attempt? = nil) {
            self.takenBack = takenBack
            self.name = name
            self.ours = ours
            self.services = services
            self.failure = failure
        }
    }

    public struct SealedToken: Codable, Hashable, Sendable {
        public var node: NodeID
        /// CMS, base64.
        public var sealed: String
        /// The token epoch it belongs to.
        public var epoch: Int
        public init(node: NodeID, sealed: String, epoch: Int) {
            self.node = node
            self.sealed = sealed
            self.epoch = epoch
        }
    }

    public var swarmID: String
    /// MTU of the ingress network; nil when it has Docker's default.
    public var ingressMTU: Int?
    public var members: [Member]
    public var networks: [Network]
    /// Of all overlay networks, by name; nil from an agent that does not say.
    public var addresses: [AddressUse]?
    public var stacks: [Stack]
    /// The swarm's record of the last rotation.
    public var tokenEpoch: Int
    /// The swarm's record of the acting manager's number.
    public var term: Int
    public var sealed: [SealedToken]
    /// Refused sealings by node: why.
    public var refusedSealings: [NodeID: String]
    public init(
        swarmID: String, ingressMTU: Int? = nil, members: [Member], networks: [Network] = [], stacks: [Stack] = [], tokenEpoch: Int = 0,
        term: Int = 0, sealed: [SealedToken] = [], refusedSealings: [NodeID: String] = [:]
    ) {
        self.swarmID = swarmID
        self.ingressMTU = ingressMTU
        self.members = members
        self.networks = networks
        self.stacks = stacks
        self.tokenEpoch = tokenEpoch
        self.term = term
        self.sealed = sealed
        self.refusedSealings = refusedSealings
    }
}

extension ManagerView {
    /// The managers that would be left without a member, and how many of them answer now; a member may be taken away when these are a majority.
    public func managers(without id: String) -> (reachable: Int, all: Int) {
        let others = members.filter { $0.role == .manager && $0.id != id }
        return (others.count { $0.reachable && $0.state == "ready" }, others.count)
    }
}
