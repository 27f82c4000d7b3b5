public import SkepModel

/// What a drill is aimed at, where its name alone does not say.
public struct DrillTarget: Hashable, Sendable {
    /// Where a share is mounted, and its server.
    public var path: String?
    public var server: IPAddress?
    public init(path: String? = nil, server: IPAddress? = nil) {
        self.path = path
        self.server = server
    }
}

/// Things that this node breaks on purpose, each once, and measures how long it takes until they are mended.
extension AgentBrain {
    /// The drill that is asked for and was not begun.
    var dueDrill: Drill? { spec?.drill.flatMap { $0.id == memory.drill?.drill.id ? nil : $0 } }

    /// Begins only on a machine that is as specified: else neither fault nor repair could be told from what was there before.
    mutating func planDrill(isSettled: Bool) -> Part {
        guard let spec, let drill = dueDrill else {
            if spec?.drill == nil { memory.drill = nil }
            return .nothing
        }
        guard let name = drill.known else {
            memory.drill = DrillBook(drill, failure: "this version of skep-agent does not know the drill \(drill.name)")
            return .nothing
        }
        guard isSettled else { return .nothing }
        let mount = spec.shares?.mounts.first
        let target = DrillTarget(path: mount?.mount, server: mount?.server)
        if [.shareUnmount, .shareFreeze].contains(name), mount == nil {
            memory.drill = DrillBook(drill, failure: "this node mounts no share from a server")
            return .nothing
        }
        return Part(actions: [.breakOnPurpose(drill, target)])
    }

    /// What is known of the drill under way; nil where none is. `broken` is when the machine was broken, and `now` this moment, both in milliseconds of
    /// the clock that nobody sets.
    public mutating func followDrill(_ conditions: [Condition], broken: Int64?, now: Int64) -> DrillReport? {
        guard var book = memory.drill else { return nil }
        book.follow(conditions, isResumed: hasResumed, broken: broken, now: now)
        if book != memory.drill { memory.drill = book }
        return book.report(broken: broken)
    }

}

extension AgentMemory {
    /// The drill that was last begun, for as long as it is asked for.
    public var openedDrill: Drill? { drill?.drill }
}
