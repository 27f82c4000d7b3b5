/// True, false, or not known.
public enum Truth: String, Codable, Hashable, Sendable { case `true`, `false`, unknown }

/// One statement about a node, a stack or a cluster, with its reason and what to do.
public struct Condition: Codable, Hashable, Sendable {
    /// What the statement is about; open, so that a newer agent's word survives.
    public struct Kind: RawRepresentable, Codable, Hashable, Comparable, Sendable, CodingKeyRepresentable {
        public let rawValue: String
        public init(rawValue: String) { self.rawValue = rawValue }
        public static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }

        public static let packages = Kind(rawValue: "PackagesReady")
        public static let docker = Kind(rawValue: "DockerReady")
        public static let daemonConfig = Kind(rawValue: "DaemonConfigReady")
        public static let sysctls = Kind(rawValue: "SysctlsReady")
        public static let firewall = Kind(rawValue: "FirewallReady")
        /// Docker's API is served over TLS, to the credentials that were given out.
        public static let dockerAPI = Kind(rawValue: "DockerAPIServed")
        public static let exports = Kind(rawValue: "SharesExported")
        /// The overlay networks have addresses left for more tasks.
        public static let addresses = Kind(rawValue: "AddressesLeft")
        /// The authorities of registries are known to the engine.
        public static let registries = Kind(rawValue: "RegistriesTrusted")
        /// The folders that stacks bind are there.
        public static let folders = Kind(rawValue: "FoldersReady")
        public static let mounts = Kind(rawValue: "SharesMounted")
        /// No container is bound to a mount of a share that is no longer the one that stands there.
        public static let bindings = Kind(rawValue: "SharesBound")
        /// A manager's disk, where Docker keeps its data, has room.
        public static let disk = Kind(rawValue: "DiskRoom")
        public static let swarm = Kind(rawValue: "SwarmMember")
        public static let duties = Kind(rawValue: "ManagerDutiesDone")
        public static let stacks = Kind(rawValue: "StacksDeployed")
        public static let clock = Kind(rawValue: "ClockSynced")
        public static let identity = Kind(rawValue: "IdentityValid")
        public static let connected = Kind(rawValue: "Connected")
        public static let agent = Kind(rawValue: "AgentReady")
        /// False when something is broken again and again, which an agent alone cannot mend.
        public static let repairs = Kind(rawValue: "RepairsHold")
    }

    /// The reason of what was asked and has not been tried yet.
    public static let notTried = "NotTried"

    public var type: Kind
    public var status: Truth
    /// One CamelCase word, for programs.
    public var reason: String
    /// What an operator reads: the cause and the next action.
    public var message: String
    /// When the status last changed.
    public var since: Instant
    /// The generation that the statement speaks of.
    public var generation: Generation?

    public init(_ type: Kind, _ status: Truth, reason: String, message: String, since: Instant, generation: Generation? = nil) {
        self.type = type
        self.status = status
        self.reason = reason
        self.message = message
        self.since = since
        self.generation = generation
    }

    /// The new statement with the old one's time where the status has not changed.
    public static func merge(_ old: [Condition], _ new: [Condition]) -> [Condition] {
        var earlier: [Kind: Condition] = [:]
        for condition in old { earlier[condition.type] = condition }
        return new.map { condition in
            guard let before = earlier[condition.type], before.status == condition.status else { return condition }
            var merged = condition
            merged.since = before.since
            return merged
        }.sorted { $0.type < $1.type }
    }
}
