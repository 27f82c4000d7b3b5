import SkepModel

/// What a look teaches, what an action leaves to be remembered, and what is told in the ledger.
extension AgentMemory {
    // MARK: From a look

    /// What a look tells about our own earlier work: an agent that was killed in the midst of an apt run never had the answer of its action.
    mutating func learn(_ seen: Seen<Observation.Packages>) {
        packages += (seen.value?.ours ?? []).subtracting(packages).sorted()
    }

    mutating func learn(_ seen: SwarmStatus, _ spec: NodeSpec) {
        if let remembered = swarm, remembered.hasPrefix("making:"), let id = seen.swarmID, seen.state == .active { swarm = id }
        if case .leave = spec.swarm, seen.state == .inactive { swarm = nil }
        if case .member(let id) = spec.swarm, swarm == nil, seen.state == .active, seen.swarmID == id || spec.knows(seen) { swarm = id }
    }

    /// An engine of another version that this agent did not install: somebody upgraded it, hold or not.
    mutating func learn(_ seen: Seen<Observation.Engine>, isInstalling: Bool, _ now: Instant) {
        guard case .seen(.running(let version, _)) = seen, version != engineVersion else { return }
        if let former = engineVersion, !isInstalling {
            record(.transition, "the Docker Engine is \(version) now, it was \(former): somebody else exchanged it", nil, now)
        }
        engineVersion = version
    }

    /// Of the stacks that are ours to look after; what another manager sees to is forgotten.
    mutating func learn(_ seen: Seen<ManagerView>?, acting: Bool, _ now: Instant) {
        guard case .seen(let view)? = seen, acting else {
            if !acting { pendingBook = nil }
            return
        }
        let stuck = view.stacks.filter(\.ours).flatMap(\.services).filter { $0.stuck == true }.map(\.name)
        guard !stuck.isEmpty || pendingBook != nil else { return }
        var book = pendingBook ?? PendingBook()
        book.saw(stuck, now: now)
        pendingBook = book.services.isEmpty ? nil : book
    }

    mutating func learn(_ health: [ShareName: Bool?], _ now: Instant) {
        guard !health.isEmpty || steadiness != nil else { return }
        var known = steadiness ?? ShareSteadiness()
        known.saw(health, now: now)
        steadiness = health.isEmpty ? nil : known
    }

    // MARK: Of an action

    /// What must be remembered before the action begins, so that a crash in its midst is understood.
    mutating func intend(_ action: AgentAction, _ observation: Observation) {
        switch action {
        case .initialiseSwarm(let plan): swarm = SwarmPlanner.intent(plan.operation)
        case .joinSwarm(let plan): swarm = plan.swarm
        case .mergeDaemonConfig where !originalDaemonConfigKnown:
            originalDaemonConfig = observation.daemonText
            originalDaemonConfigKnown = true
        case .setSysctls(let values):
            for key in values.keys where originalSysctls[key] == nil { originalSysctls[key] = observation.sysctls.value?[key] }
        case .installPackages(let names): packages += names.filter { !packages.contains($0) }
        case .holdPackages(let names): held += names.filter { !held.contains($0) }
        case .breakOnPurpose(let drill, _): self.drill = DrillBook(drill)
        default: break
        }
    }

    /// What follows from an action that has ended well; `trialSeconds` is how long a ruleset is on trial.
    mutating func remember(_ action: AgentAction, _ outcome: ActionOutcome, trialSeconds: Int?, _ now: Instant) {
        switch outcome {
        case .done, .failed, .sealed: break
        case .installed(let listing):
            guard case .installTable(let text) = action else { break }
            if firewall.trial?.table.text == text {
                firewall.trial?.table.listing = listing
                if firewall.trial?.until == nil, let trialSeconds { firewall.trial?.until = now.advanced(by: Int64(trialSeconds) * 1000) }
            } else if firewall.proven?.text == text {
                firewall.proven?.listing = listing
            }
        case .originals(let originals):
            if let config = originals.daemonConfig {
                originalDaemonConfig = config
                originalDaemonConfigKnown = true
            }
            originalSysctls.merge(originals.sysctls) { old, _ in old }
            packages += originals.packages.filter { !packages.contains($0) }
        }
        switch action {
        case .restoreDaemonConfig:
            originalDaemonConfig = nil
            originalDaemonConfigKnown = false
        case .restoreSysctls(let values): for key in values.keys { originalSysctls[key] = nil }
        case .unholdPackages(let names): held.removeAll { names.contains($0) }
        case .removePackages(let names): packages.removeAll { names.contains($0) }
        case .leaveSwarm: swarm = nil
        case .nudge(let service): pendingBook?.nudged(service, now: now)
        case .deployStack(let bundle): deployed?[bundle.name.rawValue] = nil
        case .prune: prunedAt = now
        default: break
        }
    }

    // MARK: The ledger

    /// At most so many events wait for a coordinator that is away: the oldest go first.
    private static let eventLimit = 500

    mutating func record(_ kind: Event.Kind, _ message: String, _ seconds: Double?, _ now: Instant, _ repair: Repair? = nil) {
        sequence += 1
        events.append(NodeEvent(sequence: sequence, at: now, kind: kind, message: message, seconds: seconds, repair: repair))
        if events.count > Self.eventLimit { events.removeFirst(events.count - Self.eventLimit) }
    }
}
