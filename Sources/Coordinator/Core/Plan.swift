public import SkepModel

/// What the planner says: first `record` and `operations` are stored, then the node specs may be given out.
public struct Plan: Sendable, Equatable {
    /// The complete wanted state of each enrolled and approved node.
    public var nodeSpecs: [NodeID: NodeSpec]
    /// The record as it should be stored.
    public var record: ClusterRecord
    /// Operations that are new or have changed, to be stored.
    public var operations: [Operation]
    public var events: [Event]
    /// What is held back, and for what it waits.
    public var waits: [Wait]
    public var conditions: [Condition]
    public var stacks: [StackView]
    /// Whether all is as the spec asks.
    public var ready: Bool
    /// One word or two for people: `waiting for machines`, `making the swarm`, `ready`.
    public var phase: String

    public init(record: ClusterRecord) {
        nodeSpecs = [:]
        self.record = record
        operations = []
        events = []
        waits = []
        conditions = []
        stacks = []
        ready = false
        phase = ""
    }
}

/// Something that is held back, what it waits for, and what an operator may do.
public struct Wait: Codable, Hashable, Sendable {
    public var what: String
    public var waitsFor: String
    /// A command, if one helps.
    public var command: String?
    public init(what: String, waitsFor: String, command: String? = nil) {
        self.what = what
        self.waitsFor = waitsFor
        self.command = command
    }
}

/// A stack as it is shown.
public struct StackView: Codable, Hashable, Sendable {
    public var name: String
    public var ready: Bool
    public var services: [ManagerView.Service]
    /// Why it is not ready; nil when it is.
    public var reason: String?
    public init(name: String, ready: Bool, services: [ManagerView.Service], reason: String?) {
        self.name = name
        self.ready = ready
        self.services = services
        self.reason = reason
    }
}

/// How recently a node was heard.
public enum Liveness: String, Codable, Hashable, Sendable {
    case never, live, suspect, down

    /// Judges by the coordinator's clock.
    public init(seen: Instant?, now: Instant, settings: Settings) {
        guard let seen else {
            self = .never
            return
        }
        let age = now.since(seen)
        self = age >= settings.downAfter ? .down : age >= settings.suspectAfter ? .suspect : .live
    }
}
