public import SkepModel

/// `GET /v1/clusters`.
public struct ClustersAnswer: Codable, Sendable {
    public var clusters: [ClusterSummary]
    public init(clusters: [ClusterSummary]) { self.clusters = clusters }
}

public struct ClusterSummary: Codable, Sendable {
    public var name: ClusterName
    public var kind: ClusterKind
    public var generation: Generation
    public var ready: Bool
    public var phase: String
    public init(name: ClusterName, kind: ClusterKind, generation: Generation, ready: Bool, phase: String) {
        self.name = name
        self.kind = kind
        self.generation = generation
        self.ready = ready
        self.phase = phase
    }
}

/// `GET /v1/clusters/NAME/spec`: an accepted cluster file.
public struct SpecAnswer: Codable, Sendable {
    public var cluster: ClusterName
    public var generation: Generation
    public var fileName: String
    public var file: String
    public var actor: String
    public var at: Instant
    public var spec: ClusterSpec
    public init(
        cluster: ClusterName, generation: Generation, fileName: String, file: String, actor: String, at: Instant, spec: ClusterSpec
    ) {
        self.cluster = cluster
        self.generation = generation
        self.fileName = fileName
        self.file = file
        self.actor = actor
        self.at = at
        self.spec = spec
    }
}

/// `GET /v1/clusters/NAME/generations`, newest first.
public struct GenerationsAnswer: Codable, Sendable {
    public var generations: [GenerationSummary]
    public init(generations: [GenerationSummary]) { self.generations = generations }
}

public struct GenerationSummary: Codable, Sendable {
    public var generation: Generation
    public var fileName: String
    public var actor: String
    public var at: Instant
    public init(generation: Generation, fileName: String, actor: String, at: Instant) {
        self.generation = generation
        self.fileName = fileName
        self.actor = actor
        self.at = at
    }
}

/// `GET /v1/clusters/NAME/events`, oldest first.
public struct EventsAnswer: Codable, Sendable {
    public var events: [Event]
    public init(events: [Event]) { self.events = events }
}

/// `GET /v1/clusters/NAME/repairs`: repairs of the last so many seconds, by class of fault.
public struct RepairsAnswer: Codable, Sendable {
    public static let day: Int64 = 86_400
    /// A year.
    public static let longest: Int64 = 366 * day
    public var seconds: Int64
    public var repairs: [RepairSummary]
    public init(seconds: Int64, repairs: [RepairSummary]) {
        self.seconds = seconds
        self.repairs = repairs
    }
}

/// `GET /v1/operators`.
public struct OperatorsAnswer: Codable, Sendable {
    public var operators: [OperatorSummary]
    public init(operators: [OperatorSummary]) { self.operators = operators }
}

public struct OperatorSummary: Codable, Sendable {
    public var name: String
    public var role: String
    public var created: Instant
    public init(name: String, role: String, created: Instant) {
        self.name = name
        self.role = role
        self.created = created
    }
}

/// What an act did, in a sentence.
public struct DoneAnswer: Codable, Sendable {
    public var done: String
    public init(done: String) { self.done = done }
}
