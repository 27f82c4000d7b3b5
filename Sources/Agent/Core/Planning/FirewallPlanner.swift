import SkepModel

/// Plans the table and its trial.
///
/// A table whose trial key is new is final only when, since it was installed, the coordinator was reached over a new connection and a new
/// connection from management came in; else the proven one comes back.
struct FirewallPlanner {
    /// How often a ruleset is put on trial again because the coordinator may have been away; one that shuts it out fails these as well.
    private static let excuses = 3
    /// The condition's reason while the rules before those that the file asks for stand.
    static let undoneReason = "TrialUndone"

    let context: PlanningContext
    /// Changed by planning: a trial that begins, ends or is undone.
    var memory: AgentMemory.Firewall
    private(set) var events: [(Event.Kind, String)] = []

    init(context: PlanningContext, memory: AgentMemory.Firewall) {
        self.context = context
        self.memory = memory
    }

    mutating func plan() -> Part {
        let table: Observation.Table
        switch context.observation.table {
        case .seen(let seen): table = seen
        case .failed(let error): return context.blind(.firewall, "the table inet skep", error)
        }
        guard let spec = context.spec.firewall else {
            if table.listing == nil, table.kept == nil {
                memory = AgentMemory.Firewall()
                return .nothing
            }
            return context.pending(.firewall, [.removeTable], reason: "Removing", doing: "removing the table inet skep")
        }
        if case .seen(let packages) = context.observation.packages, !packages.installed.contains("nftables") {
            return Part(condition: context.condition(.firewall, .false, "NotInstalled", "nftables is not installed yet"))
        }
        let key = RulesetRenderer.trialKey(spec)
        if memory.proven?.key == key, memory.trial == nil {
            // the file asks for the proven rules again: nothing is undone any more
            memory.undone = nil
            memory.isInDoubt = false
            return keep(spec, table)
        }
        if memory.undone == key { return undone(spec, table) }
        return trial(spec, key, table)
    }

    private func render(_ spec: FirewallSpec) -> String {
        var bridges: [String] = []
        if case .seen(.running(_, let names)) = context.observation.engine { bridges = names }
        return RulesetRenderer(spec: spec, bridges: bridges, localPorts: context.observation.facts.localPorts).render()
    }

    private mutating func keep(_ spec: FirewallSpec, _ table: Observation.Table) -> Part {
        guard let next = restore(spec, table) else { return Part(condition: healthy()) }
        return context.pending(.firewall, [next.action], reason: "Installing", doing: next.doing, cause: next.cause)
    }

    /// What brings the proven table back, whole, with today's nodes and bridges, and keeps it for the machine's next start; nil when it stands.
    private mutating func restore(_ spec: FirewallSpec, _ table: Observation.Table) -> (action: AgentAction, doing: String, cause: Cause)? {
        guard var proven = memory.proven else { return nil }
        let text = render(spec)
        proven.spec = spec
        if proven.text != text {
            proven.text = text
            proven.listing = nil
        }
        memory.proven = proven
        if proven.listing == nil || proven.listing != table.listing {
            let cause = broken(proven, table)
            return (.installTable(text: text), "installing the table inet skep again: \(cause.words)", cause)
        }
        guard table.kept != text else { return nil }
        let cause = Cause(.keptRuleset, table.kept == nil ? "none was kept" : "another one was kept")
        return (.keepTable(text: text), "keeping the proven ruleset for the next start of the machine", cause)
    }

    private func broken(_ proven: AgentMemory.Firewall.Table, _ table: Observation.Table) -> Cause {
        let who = table.changedBy.map { " (\($0))" } ?? ""
        guard let listing = table.listing else { return Cause(.tableGone, "it was gone\(who)", before: "no table inet skep") }
        guard proven.listing != nil else { return Cause(nil, "nodes or bridges changed") }
        return Cause(.tableChanged, "somebody changed it\(who)", before: "the table inet skep with the digest \(listing.prefix(12))")
    }

    private mutating func trial(_ spec: FirewallSpec, _ key: String, _ table: Observation.Table) -> Part {
        let text = render(spec)
        let boot = context.observation.bootID
        let running = memory.trial.flatMap { $0.table.key == key ? $0 : nil }
        var trial = running ?? .init(table: .init(text: text, key: key, spec: spec), boot: boot)
        memory.undone = nil
        memory.isInDoubt = false
        // before its text is replaced, as nodes and bridges come: they are the same rules
        if trial.boot == boot, trial.table.listing != nil, trial.table.listing == table.listing, table.managementConnections > 0 {
            trial.inbound = true
        }
        if trial.table.text != text { trial.table = .init(text: text, key: key, spec: spec) }
        if trial.boot != boot || (trial.table.listing != nil && table.listing == nil) {
            // The machine went down with the table: what counts is the time for which the new one stood.
            trial.boot = boot
            trial.table.listing = nil
            trial.until = nil
        }
        let latest = context.now.advanced(by: Int64(spec.trialSeconds) * 1000)
        trial.until = trial.until.map { min($0, latest) }
        if trial.inbound && trial.outbound {
            memory.proven = trial.table
            memory.trial = nil
            memory.excused = 0
            events.append((.action, "firewall: the new ruleset is proven: the coordinator was reached and management came in"))
            return keep(spec, table)
        }
        let missing = Self.missing(trial)
        if let until = trial.until, context.now >= until {
            memory.trial = nil
            memory.undone = key
            memory.undoneAt = context.now
            memory.missing = missing
            memory.isInDoubt = !trial.outbound && memory.excused < Self.excuses
            events.append((.failure, "firewall: the new ruleset is undone after \(spec.trialSeconds) s: \(missing)"))
            return undone(spec, table)
        }
        memory.trial = trial
        guard let until = trial.until, trial.table.listing != nil, trial.table.listing == table.listing else {
            return context.pending(
                .firewall, [.installTable(text: text)], reason: "Installing", doing: "installing a new ruleset, on trial for \(spec.trialSeconds) s")
        }
        let left = until.since(context.now) / 1000
        return Part(
            condition: context.condition(.firewall, .false, "OnTrial", "a new ruleset is on trial, \(left) s left; still missing: \(missing)"))
    }

    /// The proven rules stand again, for the nodes that there are today.
    private mutating func undone(_ spec: FirewallSpec, _ table: Observation.Table) -> Part {
        let next =
            memory.isInDoubt
            ? "it is tried again as soon as the coordinator answers"
            : "mend the file or the way in, then `skep firewall confirm \(context.spec.name)`"
        let message = "the new ruleset was undone: \(memory.missing ?? "it was not proven"); \(next)"
        let condition = context.condition(.firewall, .false, Self.undoneReason, message)
        guard var former = memory.proven?.spec else { return Part(actions: table.listing == nil ? [] : [.removeTable], condition: condition) }
        former.audiences[.cluster] = spec.audiences[.cluster]
        former.departed = spec.departed
        guard let next = restore(former, table) else { return Part(condition: condition) }
        return Part(actions: [next.action], causes: [next.action: next.cause], condition: condition)
    }

    private func healthy() -> Condition {
        let others = context.observation.facts.otherFirewalls
        guard others.isEmpty else {
            return context.condition(
                .firewall, .true, "OtherFirewall",
                "the table is as specified, but \(others.joined(separator: ", ")) filters as well and may drop what it opens")
        }
        return context.condition(.firewall, .true, "AsSpecified", "the table inet skep is as specified")
    }

    private static func missing(_ trial: AgentMemory.Firewall.Trial) -> String {
        switch (trial.outbound, trial.inbound) {
        case (false, false): "no new connection to the coordinator, and none from management, succeeded"
        case (false, true): "no new connection to the coordinator succeeded"
        case (true, false): "no new connection from management was seen (open one from there: ssh to this node, or `skep apply --wait`)"
        case (true, true): "nothing"
        }
    }
}
