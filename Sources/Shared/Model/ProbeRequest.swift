/// Asks a node to answer its peers and to try to reach each of them, before a swarm is made.
public struct ProbeRequest: Codable, Hashable, Sendable {
    public struct Target: Codable, Hashable, Sendable {
        public var node: NodeID
        public var addresses: [IPAddress]
        public init(node: NodeID, addresses: [IPAddress]) {
            self.node = node
            self.addresses = addresses
        }
    }

    /// A number that all of one round share; probes of another round are not answered.
    public var round: Int
    public var targets: [Target]
    /// The UDP ports that are tried for the data path, in order of preference.
    public var dataPathPorts: [UInt16]
    public init(round: Int, targets: [Target], dataPathPorts: [UInt16]) {
        self.round = round
        self.targets = targets
        self.dataPathPorts = dataPathPorts
    }
}

/// What a node found out about its peers.
public struct ProbeReport: Codable, Hashable, Sendable {
    public struct Path: Codable, Hashable, Sendable {
        public var node: NodeID
        public var address: IPAddress
        /// TCP 7946 (or 2377) answered with the peer's own id.
        public var tcp: Bool
        /// UDP 7946 answered.
        public var udp: Bool
        /// Data-path ports that answered.
        public var dataPath: [UInt16]
        /// The largest packet that passed unfragmented, bytes with IP header; nil when none did.
        public var mtu: Int?
        public init(node: NodeID, address: IPAddress, tcp: Bool, udp: Bool, dataPath: [UInt16], mtu: Int?) {
            self.node = node
            self.address = address
            self.tcp = tcp
            self.udp = udp
            self.dataPath = dataPath
            self.mtu = mtu
        }
    }

    public var round: Int
    public var complete: Bool
    public var paths: [Path]
    /// Ports that this node could not listen on, each with the system's words.
    public var occupied: [UInt16: String]
    public init(round: Int, complete: Bool, paths: [Path], occupied: [UInt16: String] = [:]) {
        self.round = round
        self.complete = complete
        self.paths = paths
        self.occupied = occupied
    }
}
