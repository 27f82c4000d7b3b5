public import SkepModel
internal import SkepSystem

/// What `skep-agent status` shows, written by the running agent after every pass.
public struct StatusFile: Codable, Sendable {
    public struct Link: Codable, Sendable {
        public var connected: Bool
        public var answeredAt: Instant?
        public var failure: String?
        public var certificateEnds: Int64?
    }

    public var identity: NodeIdentity
    public var link: Link?
    public var status: NodeStatus
    public var passes: Int
    public var generation: Generation?

    init(identity: NodeIdentity, link: LinkState?, status: NodeStatus, passes: Int, spec: Generation?) {
        self.identity = identity
        self.link = link.map {
            Link(
                connected: $0.failure == nil && $0.answeredAt != nil, answeredAt: $0.answeredAt, failure: $0.failure,
                certificateEnds: $0.certificateEnds)
        }
        self.status = status
        self.passes = passes
        generation = spec
    }

    /// It may be lost with the power; a failure to write it harms nobody else.
    func write(_ paths: AgentPaths) {
        do { _ = try AtomicFile.writeIfChanged(paths.status, try JSON.encode(self), mode: 0o640) } catch {
            Log.debug("the status file cannot be written", ["error": "\(error)"])
        }
    }

    /// Reads it; nil when no agent has run since the machine started.
    public static func read(_ paths: AgentPaths) throws -> StatusFile? {
        try Files.readIfPresent(paths.status).map { try JSON.decode(StatusFile.self, $0) }
    }

    /// One line for `systemctl status`.
    static func line(_ status: NodeStatus) -> String {
        if let progress = status.progress { return progress }
        guard let bad = status.conditions.first(where: { $0.status == .false }) else { return "all is as it should be" }
        return "\(bad.type.rawValue): \(bad.message)"
    }

    /// Lines for a terminal.
    public func text(now: Instant) -> String {
        var lines = ["\(identity.name) (\(identity.node)) in \(identity.cluster), generation \(generation.map { "\($0)" } ?? "none yet")"]
        if let link {
            let age = link.answeredAt.map { "\(max(0, now.since($0)) / 1000) s ago" } ?? "never"
            lines.append("coordinator \(identity.agentEndpoint): last answer \(age)" + (link.failure.map { "; \($0)" } ?? ""))
        }
        lines.append("looked \(max(0, now.since(status.observed)) / 1000) s ago; swarm \(status.swarm.state.rawValue)")
        for condition in status.conditions {
            let mark = condition.status == .true ? "ok " : condition.status == .false ? "NO " : "?  "
            lines.append("\(mark) \(condition.type.rawValue): \(condition.message)")
        }
        if let progress = status.progress { lines.append("now: \(progress)") }
        return lines.joined(separator: "\n")
    }
}
