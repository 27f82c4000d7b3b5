/// What a node's table lets in, compiled from kind, role, audiences and exposure; the agent renders it.
public struct FirewallSpec: Codable, Hashable, Sendable {
    /// One opening. Single ports are decided first and ranges come last.
    public struct Rule: Codable, Hashable, Sendable {
        public var ports: PortRange
        public var transport: Transport
        public var audiences: [Audience]
        /// Whether the enrolled nodes and this node's own containers belong to the audience here.
        public var nodesToo: Bool
        /// Whether it opens only what Docker publishes, and nothing that listens on the machine itself.
        public var publishedOnly: Bool
        /// Shown in the rule's comment.
        public var service: String
        public init(
            ports: PortRange, transport: Transport, audiences: [Audience], nodesToo: Bool = false, publishedOnly: Bool = false,
            service: String
        ) {
            self.ports = ports
            self.transport = transport
            self.audiences = audiences
            self.nodesToo = nodesToo
            self.publishedOnly = publishedOnly
            self.service = service
        }
    }

    /// Address ranges by audience, `cluster` included, sorted.
    public var audiences: [Audience: [CIDR]]
    /// Sorted: single ports first.
    public var rules: [Rule]
    /// Addresses of nodes that left; their established flows on the cluster's ports end.
    public var departed: [IPAddress]
    /// Ports on which flows from outside `cluster` are cut although established.
    public var clusterPorts: [PortRange]
    /// Whether ESP is accepted from the cluster, for encrypted networks.
    public var encrypted: Bool
    /// Whether `ip_local_port_range` is opened to users as the swarm's automatic ports are.
    public var localPortRange: Bool
    /// Seconds after which a new ruleset that was not proven is undone.
    public var trialSeconds: Int
    /// Counts up when an operator asks to try a ruleset again that was undone.
    public var attempt: Int

    public init(
        audiences: [Audience: [CIDR]], rules: [Rule], departed: [IPAddress] = [], clusterPorts: [PortRange] = [], encrypted: Bool = false,
        localPortRange: Bool = false, trialSeconds: Int = 60, attempt: Int = 0
    ) {
        self.audiences = audiences
        self.rules = rules
        self.departed = departed
        self.clusterPorts = clusterPorts
        self.encrypted = encrypted
        self.localPortRange = localPortRange
        self.trialSeconds = trialSeconds
        self.attempt = attempt
    }
}
