/// One line of the ledger.
public struct Event: Codable, Hashable, Sendable {
    /// What happened; open, so that a newer word survives.
    public struct Kind: RawRepresentable, Codable, Hashable, Sendable {
        public let rawValue: String
        public init(rawValue: String) { self.rawValue = rawValue }
        /// A condition changed.
        public static let transition = Kind(rawValue: "Transition")
        /// An agent put something back.
        public static let repair = Kind(rawValue: "Repair")
        /// An agent did a step of what it was told.
        public static let action = Kind(rawValue: "Action")
        /// An agent's action failed.
        public static let failure = Kind(rawValue: "Failure")
        /// An operator did something.
        public static let act = Kind(rawValue: "Act")
        /// An operation began, made a step or ended.
        public static let operation = Kind(rawValue: "Operation")
        /// Somebody was refused.
        public static let refusal = Kind(rawValue: "Refusal")
        public static let enrolment = Kind(rawValue: "Enrolment")
    }

    /// Counts up in the coordinator; 0 before it is recorded.
    public var id: Int64
    public var at: Instant
    public var cluster: ClusterName?
    public var node: NodeName?
    public var kind: Kind
    public var message: String
    /// Who did it, for acts.
    public var actor: String?
    /// How long it took: a repair, from the moment when the fault was noticed until it was seen to be mended.
    public var seconds: Double?
    /// What was found and done, for repairs.
    public var repair: Repair?
    public init(
        id: Int64 = 0, at: Instant, cluster: ClusterName? = nil, node: NodeName? = nil, kind: Kind, message: String, actor: String? = nil,
        seconds: Double? = nil, repair: Repair? = nil
    ) {
        self.id = id
        self.at = at
        self.cluster = cluster
        self.node = node
        self.kind = kind
        self.message = message
        self.actor = actor
        self.seconds = seconds
        self.repair = repair
    }
}
