/// What the one acting manager does for the whole swarm; every part is a level, none a command.
public struct ManagerDuties: Codable, Hashable, Sendable {
    /// A member as it should be.
    public struct Member: Codable, Hashable, Sendable {
        /// Docker's node id.
        public var id: String
        public var name: NodeName
        public var role: Role
        /// The labels that we own; others stay.
        public var labels: [String: String]
        /// Whether it takes tasks again when somebody drained or paused it; nil leaves that as it is.
        public var activate: Bool?
        public init(id: String, name: NodeName, role: Role, labels: [String: String], activate: Bool? = nil) {
            self.id = id
            self.name = name
            self.role = role
            self.labels = labels
            self.activate = activate
        }
    }

    public struct Network: Codable, Hashable, Sendable {
        public var name: NetworkName
        public var attachable: Bool
        public var encrypted: Bool
        public var subnet: CIDR?
        public var mtu: Int?
        public init(name: NetworkName, attachable: Bool, encrypted: Bool, subnet: CIDR?, mtu: Int?) {
            self.name = name
            self.attachable = attachable
            self.encrypted = encrypted
            self.subnet = subnet
            self.mtu = mtu
        }
    }

    /// A node that is about to join and gets the token, sealed.
    public struct Sealing: Codable, Hashable, Sendable {
        public var node: NodeID
        /// PEM, leaf first, then the issuing authority.
        public var certificate: String
        public init(node: NodeID, certificate: String) {
            self.node = node
            self.certificate = certificate
        }
    }

    /// Counts the changes of the acting manager. A manager whose number is lower than the swarm's own record of it (a label of the swarm) does nothing:
    /// another one has taken over while this one was away.
    public var term: Int
    public var members: [Member]
    /// Docker's ids of entries that stand for nobody any more.
    public var remove: [String]
    public var networks: [Network]
    public var sealings: [Sealing]
    /// The tokens are rotated when the swarm's own record of this number (a label of the swarm) is lower.
    public var tokenEpoch: Int
    /// Stacks that may run now; a stack of ours that is not here is removed.
    public var stacks: [StackBundle]
    /// Stacks that are kept as they run although they may not be deployed now.
    public var keep: [StackName]
    /// MTU of the ingress network, if it is not Docker's own 1500.
    public var ingressMTU: Int?

    public init(
        term: Int = 0, members: [Member] = [], remove: [String] = [], networks: [Network] = [], sealings: [Sealing] = [], tokenEpoch: Int = 0,
        stacks: [StackBundle] = [], keep: [StackName] = [], ingressMTU: Int? = nil
    ) {
        self.term = term
        self.members = members
        self.remove = remove
        self.networks = networks
        self.sealings = sealings
        self.tokenEpoch = tokenEpoch
        self.stacks = stacks
        self.keep = keep
        self.ingressMTU = ingressMTU
    }
}
