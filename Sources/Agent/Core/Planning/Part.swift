import SkepModel

/// What one part of the machine needs, and how it stands.
struct Part {
    /// In order; the first that is not waiting out a failure is started.
    var actions: [AgentAction] = []
    /// What was found that each of them mends; the ledger says it of a repair.
    var causes: [AgentAction: Cause] = [:]
    var condition: Condition?
    /// Of a part that says two things.
    var furtherCondition: Condition?

    var conditions: [Condition] { [condition, furtherCondition].compactMap { $0 } }

    /// All is as it can be: what is left, if anything, waits for an operator.
    var isRight: Bool { conditions.allSatisfy { $0.status == .true || Self.operators.contains($0.reason) } }

    private static let operators: Set<String> = [
        HostPlanner.restartNeeded, HostPlanner.chainsGone, FirewallPlanner.undoneReason,
        DutyPlanner.noAddresses,
    ]

    /// Nothing is wanted and nothing is there.
    static let nothing = Part()
}

/// What all parts are planned from.
struct PlanningContext {
    let spec: NodeSpec
    let observation: Observation
    let now: Instant
    /// The newest failure of each action that is being retried.
    let failures: [AgentAction: AgentBrain.Failure]
    /// apt is at work for us, which an older look need not show.
    var isInstalling = false

    func condition(_ type: Condition.Kind, _ status: Truth, _ reason: String, _ message: String) -> Condition {
        Condition(type, status, reason: reason, message: message, since: now, generation: spec.generation)
    }

    /// A part whose actions are under way: says the newest failure in its own words, else what is being done. `cause` is of all actions.
    func pending(_ type: Condition.Kind, _ actions: [AgentAction], reason: String, doing: String, cause: Cause? = nil) -> Part {
        let causes = cause.map { cause in Dictionary(actions.map { ($0, cause) }) { $1 } } ?? [:]
        let failed = actions.compactMap { failures[$0] }.max { $0.at < $1.at }
        if let failed {
            let seconds = max(0, failed.retryAt.since(now) / 1000)
            return Part(
                actions: actions, causes: causes,
                condition: condition(type, .false, "\(reason)Failed", "\(doing): \(failed.message) (tried \(failed.count)×, again in \(seconds) s)"))
        }
        return Part(actions: actions, causes: causes, condition: condition(type, .false, reason, doing))
    }

    /// A look that failed yields no plan.
    func blind(_ type: Condition.Kind, _ what: String, _ error: String) -> Part {
        Part(condition: condition(type, .unknown, "NotObserved", "\(what) could not be read: \(error)"))
    }
}
