/// Asks a member of the swarm to send packets through the real overlay to others, and to knock at the ports that the ingress mesh publishes.
public struct CanaryRequest: Codable, Hashable, Sendable {
    public struct Target: Codable, Hashable, Sendable {
        public var node: NodeID
        /// Of the other node's sandbox in the ingress network.
        public var address: IPAddress
        public init(node: NodeID, address: IPAddress) {
            self.node = node
            self.address = address
        }
    }

    public var targets: [Target]
    /// TCP ports that the ingress mesh publishes, and behind which a task has run.
    public var ports: [UInt16]
    public init(targets: [Target], ports: [UInt16]) {
        self.targets = targets
        self.ports = ports
    }
}

/// What a member found out about the traffic that its containers and its users rely on.
public struct CanaryReport: Codable, Hashable, Sendable {
    /// One thing that is tried again and again. A single miss says nothing: a packet may be lost, and a container may begin to listen late.
    public struct Trial: Codable, Hashable, Sendable {
        /// When it last passed, by the node's clock; nil when it never did.
        public var passed: Instant?
        /// How often it was missed since.
        public var misses: Int
        public init(passed: Instant? = nil, misses: Int = 0) {
            self.passed = passed
            self.misses = misses
        }

        /// True also after one miss, if it passed before; unknown as long as it was not tried twice.
        public var verdict: Truth {
            if misses >= 2 { return .false }
            return passed == nil ? .unknown : .true
        }
    }

    /// The way to another node's sandbox in the ingress network.
    public struct Path: Codable, Hashable, Sendable {
        public var node: NodeID
        public var address: IPAddress
        public var trial: Trial
        /// Round-trip time of a packet of 64 bytes in the last round, microseconds; nil when none came back.
        public var small: Int?
        /// The same of a packet as large as the network's MTU.
        public var large: Int?
        public init(node: NodeID, address: IPAddress, trial: Trial = Trial(), small: Int? = nil, large: Int? = nil) {
            self.node = node
            self.address = address
            self.trial = trial
            self.small = small
            self.large = large
        }

        /// What does not pass, in words.
        public func failure(mtu: Int?) -> String {
            switch (small, large) {
            case (nil, _): "no packet passes"
            case (_, nil): "small packets pass, those of \(mtu.map { "\($0) bytes" } ?? "the network's MTU") do not"
            default: "packets pass at times only"
            }
        }
    }

    /// A published port on this node.
    public struct Port: Codable, Hashable, Sendable {
        public var port: UInt16
        public var trial: Trial
        /// Why the last try failed; nil when a container answered.
        public var failure: String?
        public init(port: UInt16, trial: Trial = Trial(), failure: String? = nil) {
            self.port = port
            self.trial = trial
            self.failure = failure
        }
    }

    /// What was found longer ago is not known any more, milliseconds: a round is made every minute.
    public static let oldest: Int64 = 600_000

    /// When the overlay was last tried, by the node's clock; nil before the first time.
    public var at: Instant?
    /// Of this node's own sandbox in the ingress network; nil when it has none, or it is not known yet.
    public var address: IPAddress?
    /// MTU of the sandbox's interface, bytes.
    public var mtu: Int?
    /// Why the overlay could not be tried from here in the last rounds, and in how many; nil when it was.
    public var trouble: String?
    public var troubles: Int?
    public var paths: [Path]
    public var ports: [Port]
    public init(
        at: Instant? = nil, address: IPAddress? = nil, mtu: Int? = nil, trouble: String? = nil, paths: [Path] = [], ports: [Port] = []
    ) {
        self.at = at
        self.address = address
        self.mtu = mtu
        self.trouble = trouble
        self.paths = paths
        self.ports = ports
    }

    /// What was found of a target; `near` is where it is found at once, in an answer to the same request.
    public func path(to target: CanaryRequest.Target, near index: Int) -> Path? {
        func answers(_ path: Path) -> Bool { path.node == target.node && path.address == target.address }
        if paths.indices.contains(index), answers(paths[index]) { return paths[index] }
        return paths.first(where: answers)
    }

    /// The same of a port.
    public func port(_ number: UInt16, near index: Int) -> Port? {
        if ports.indices.contains(index), ports[index].port == number { return ports[index] }
        return ports.first { $0.port == number }
    }

    /// What stands in the way is there to stay: a network that is just being made, or a busy machine, is not.
    public var isTroubled: Bool { trouble != nil && troubles ?? 0 >= 3 }

    /// Without what is another one after each round: times, and how often something was missed beyond what decides.
    public var essence: CanaryReport {
        func settled(_ trial: Trial) -> Trial { Trial(passed: trial.passed.map { _ in Instant(milliseconds: 0) }, misses: min(trial.misses, 2)) }
        var report = self
        report.at = at.map { _ in Instant(milliseconds: 0) }
        report.troubles = troubles.map { min($0, 3) }
        for index in paths.indices {
            report.paths[index].trial = settled(paths[index].trial)
            report.paths[index].small = paths[index].small.map { _ in 0 }
            report.paths[index].large = paths[index].large.map { _ in 0 }
        }
        for index in ports.indices { report.ports[index].trial = settled(ports[index].trial) }
        return report
    }
}
