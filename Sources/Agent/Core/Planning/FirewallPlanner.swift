import SkepModel

/// Plans the table and its trial.
///
/// A table whose trial key is new is final only when, since it was installed, the coordinator was reached over a new connection and a new
/// connection from management came in; else the proven one comes back.
struct FirewallPlanner {
    let context: PlanningContext
    /// Changed by planning: a trial that begins, ends or is undone.
    var memory: AgentMemory.Firewall
    private(set) var events: [(Event.Kind, String)] = []

    init(context: PlanningContext, memory: AgentMemory.Firewall) {
        self.context = context
        self.memory = memory
    }

    mutating func plan() -> Part {
        guard case .seen(let table) = context.observation.table else {
            if case .failed(let error) = context.observation.table, context.spec.firewall != nil {
                return context.blind(.firewall, "the table inet skep", error)
            }
            return .nothing
        }
        guard let spec = context.spec.firewall else {
            if table.listing == nil {
                memory = AgentMemory.Firewall()
                return .nothing
            }
            return context.pending(.firewall, [.removeTable], reason: "Removing", doing: "removing the table inet skep")
        }
        if case .seen(let packages) = context.observation.packages, !packages.installed.contains("nftables") {
            return Part(condition: context.condition(.firewall, .false, "NotInstalled", "nftables is not installed yet"))
        }
        var bridges: [String] = []
        if case .seen(.running(_, let names)) = context.observation.engine { bridges = names }
        let text = RulesetRenderer(spec: spec, bridges: bridges, localPorts: context.observation.facts.localPorts).render()
        let key = RulesetRenderer.trialKey(spec)
        if memory.proven?.key == key, memory.trial == nil { return keep(text, table) }
        if memory.undone == key { return undone(table) }
        return trial(text, key, table, seconds: spec.trialSeconds)
    }

    /// The proven table, whole and with today's nodes.
    private mutating func keep(_ text: String, _ table: Observation.Table) -> Part {
        if memory.proven?.text != text { memory.proven = memory.proven.map { .init(text: text, listing: nil, key: $0.key) } }
        guard let proven = memory.proven, proven.listing == nil || proven.listing != table.listing else {
            return Part(condition: healthy())
        }
        let doing =
            table.listing == nil ? "installing the table inet skep again: it was gone" : "installing the table inet skep: it is not as specified"
        return context.pending(.firewall, [.installTable(text: text)], reason: "Installing", doing: doing)
    }

    private mutating func trial(_ text: String, _ key: String, _ table: Observation.Table, seconds: Int) -> Part {
        var trial = memory.trial ?? .init(table: .init(text: text, key: key), until: context.now.advanced(by: Int64(seconds) * 1000))
        if trial.table.key != key {
            trial = .init(table: .init(text: text, key: key), until: context.now.advanced(by: Int64(seconds) * 1000))
        }
        memory.undone = nil
        if trial.table.text != text { trial.table = .init(text: text, listing: nil, key: key) }
        if trial.table.listing != nil, table.listing == nil {
            // The machine went down with the table: what counts is the time for which the new one stood.
            trial.table.listing = nil
            trial.until = context.now.advanced(by: Int64(seconds) * 1000)
        }
        if trial.table.listing != nil, trial.table.listing == table.listing, table.managementConnections > 0 { trial.inbound = true }
        if trial.inbound && trial.outbound {
            memory.proven = trial.table
            memory.trial = nil
            events.append((.action, "firewall: the new ruleset is proven: the coordinator was reached and management came in"))
            return keep(text, table)
        }
        let missing = Self.missing(trial)
        if context.now >= trial.until {
            memory.trial = nil
            memory.undone = key
            memory.undoneAt = context.now
            memory.missing = missing
            events.append((.failure, "firewall: the new ruleset is undone after \(seconds) s: \(missing)"))
            return undone(table)
        }
        memory.trial = trial
        let left = trial.until.since(context.now) / 1000
        guard trial.table.listing != nil, trial.table.listing == table.listing else {
            return context.pending(
                .firewall, [.installTable(text: text)], reason: "Installing", doing: "installing a new ruleset, on trial for \(seconds) s")
        }
        return Part(
            condition: context.condition(.firewall, .false, "OnTrial", "a new ruleset is on trial, \(left) s left; still missing: \(missing)"))
    }

    private func undone(_ table: Observation.Table) -> Part {
        let message =
            "the new ruleset was undone: \(memory.missing ?? "it was not proven"); mend the file or the way in, then `skep firewall confirm \(context.spec.name)`"
        let condition = context.condition(.firewall, .false, "TrialUndone", message)
        guard let proven = memory.proven else { return Part(actions: table.listing == nil ? [] : [.removeTable], condition: condition) }
        let intact = proven.listing != nil && proven.listing == table.listing
        return Part(actions: intact ? [] : [.installTable(text: proven.text)], condition: condition)
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
