/// What Skep reads of `GET /info`.
struct EngineInfo: Decodable, Sendable, Equatable {
    struct Remote: Decodable, Sendable, Equatable {
        var Addr: String?
    }

    struct ClusterPart: Decodable, Sendable, Equatable {
        struct Specification: Decodable, Sendable, Equatable { var Labels: [String: String]? }
        var ID: String
        var Spec: Specification?
    }

    struct SwarmPart: Decodable, Sendable, Equatable {
        var NodeID: String?
        var NodeAddr: String?
        var LocalNodeState: String?
        var ControlAvailable: Bool?
        var Error: String?
        var RemoteManagers: [Remote]?
        /// Only on managers that the swarm answers.
        var Cluster: ClusterPart?

        var isActiveManager: Bool { LocalNodeState == "active" && ControlAvailable == true }
        /// The state's word; engines that were never in a swarm may leave it out.
        var state: String { LocalNodeState.flatMap { $0.isEmpty ? nil : $0 } ?? "inactive" }
    }

    var ServerVersion: String
    var Swarm: SwarmPart?
}

/// `GET /swarm`, which only managers answer; it holds the join tokens, so it is read when one is needed and at no other time.
struct SwarmInspection: Decodable, Sendable {
    struct Tokens: Decodable, Sendable { var Worker: String }
    var ID: String
    var Version: ObjectVersion
    var Spec: JSONValue
    var JoinTokens: Tokens
}

/// Docker's counter of an object's changes.
struct ObjectVersion: Decodable, Sendable, Equatable { var Index: UInt64 }

/// Labels that Skep puts on what it makes.
enum SkepLabel {
    static let managed = "skep.managed"
    static let bundle = "skep.bundle"
    static let attempt = "skep.attempt"
    static let tokenEpoch = "skep.token-epoch"
    static let term = "skep.term"
    static let operation = "skep.operation"
    /// Docker's own, on everything that belongs to a stack.
    static let stack = "com.docker.stack.namespace"

    static func isOurs(_ labels: [String: String]?) -> Bool { labels?[managed] == "true" }
}
