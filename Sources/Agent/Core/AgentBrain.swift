public import SkepModel

/// The agent's state machine: it is told what was seen and what ended, and says what to do next. It reads no clock and does nothing itself.
public struct AgentBrain: Sendable {
    /// An action that failed and is tried again later.
    public struct Failure: Sendable, Equatable {
        public var count: Int
        public var message: String
        public var at: Instant
        public var retryAt: Instant
    }

    /// What the brain knew when a look began, which takes seconds: what was seen says nothing of a newer spec, whose packages or mounts were
    /// not asked for, nor of an action that ended meanwhile.
    public struct LookStart: Sendable, Equatable {
        var revision: Int
        var endings: [Lane: Int]
        /// When what it finds was noticed: an event that asked for it, else its own begin.
        var noticed: Instant?
    }

    /// What must be on disk before the actions of the last `pass` begin.
    public internal(set) var memory: AgentMemory
    public private(set) var spec: NodeSpec?
    /// The coordinator's number of the spec; 0 for none.
    public private(set) var revision: Int
    /// What is being done now.
    public private(set) var running: [Lane: AgentAction] = [:]
    public private(set) var failures: [AgentAction: Failure] = [:]
    private(set) var conditions: [Condition] = []
    private(set) var sealed: [NodeID: ManagerView.SealedToken] = [:]
    private(set) var refused: [NodeID: String] = [:]
    /// The revision for which a lane was last seen to be as specified.
    private var settled: [Lane: Int] = [:]
    /// When the first repair that waits, as it was done too often, may begin.
    private var pausedUntil: Instant?
    private var strangers: Set<NodeID> = []
    private(set) var lastSwarm: SwarmStatus?
    /// The first of the revisions, up to the one that is held, which ask for the same work.
    private var sameSince: Int
    /// How many actions ended in each lane.
    private var endings: [Lane: Int] = [:]
    /// A drill was begun by an agent before this one.
    private(set) var hasResumed: Bool
    /// The revision and generation that the conditions speak of.
    private(set) var judged: (revision: Int, generation: Generation)?
    /// The newest revision, if it asks for other duties alone than what was judged: a glance at the engine is enough to begin them.
    private var ofDutiesAlone: Int?

    public init(memory: AgentMemory = AgentMemory(), spec: NodeSpec? = nil, revision: Int = 0) {
        self.memory = memory
        self.spec = spec
        self.revision = revision
        sameSince = revision
        hasResumed = memory.drill != nil
        self.memory.steadiness?.begin()
        if memory.repairs.settledRevision == revision { for lane in Lane.allCases { settled[lane] = revision } }
    }

    /// A newer node spec came; the caller has put it on disk. Answers with what must be looked at for it: nothing where it asks for nothing new of a
    /// machine that was looked at.
    @discardableResult public mutating func accept(_ spec: NodeSpec, revision: Int) -> Demand {
        var demand = Demand.look
        if revision != self.revision {
            let isJudged = judged?.revision == self.revision
            switch self.spec.map({ spec.difference(from: $0) }) ?? .work {
            case .none:
                carry(to: revision, spec.generation)
                if isJudged { demand = .nothing }
            case .questions: carry(to: revision, spec.generation)
            case let difference:
                // what it asks for is no repair
                memory.repairs.dropOpen()
                sameSince = revision
                let isKnown = isJudged || ofDutiesAlone == self.revision
                ofDutiesAlone = isKnown && difference == .duties ? revision : nil
                if ofDutiesAlone != nil { demand = .glanceThenLook(.engine) }
            }
        }
        self.spec = spec
        self.revision = revision
        if spec.canary == nil { memory.ingress = nil }
        for peer in spec.peers {
            guard let known = memory.peers[peer.node], known.key != peer.key, peer.enrolment <= known.enrolment else {
                memory.peers[peer.node] = peer
                strangers.remove(peer.node)
                continue
            }
            strangers.insert(peer.node)
        }
        sealed = sealed.filter { entry in spec.duties?.sealings.contains { $0.node == entry.key } ?? false }
        refused = refused.filter { entry in spec.duties?.sealings.contains { $0.node == entry.key } ?? false }
        return demand
    }

    /// What was found of the spec that is held is true of the one that comes, which asks for the same work.
    private mutating func carry(to next: Int, _ generation: Generation) {
        settled = settled.mapValues { $0 == revision ? next : $0 }
        if ofDutiesAlone == revision { ofDutiesAlone = next }
        if memory.repairs.settledRevision == revision { memory.repairs.settledRevision = next }
        guard judged?.revision == revision else { return }
        judged = (next, generation)
        for index in conditions.indices where conditions[index].generation == spec?.generation { conditions[index].generation = generation }
    }

    /// What a newer spec makes necessary.
    public enum Demand: Equatable, Sendable {
        case nothing
        case look
        /// The glance tells what to begin at once; the look, when it has ended, the rest.
        case glanceThenLook(Aspect)
    }

    /// To be taken before a look begins, for the `pass` over it.
    public var lookStart: LookStart { lookStart(noticed: nil) }

    /// The same, with the moment of the event that asked for the look.
    public func lookStart(noticed: Instant?) -> LookStart { LookStart(revision: revision, endings: endings, noticed: noticed) }

    /// One pass over a complete look: the actions to start now, at most one per lane; lanes that are busy get none, nor those in which something
    /// ended since the look began. Nothing is planned from a look at what an older spec asked for. Without a start the look is of this moment.
    ///
    /// `glanced` is the aspect that alone is new in the observation: only its lanes are planned. There must have been a complete look before.
    public mutating func pass(_ observation: Observation, since start: LookStart? = nil, glanced: Aspect? = nil, now: Instant) -> [AgentAction] {
        guard let spec, start.map({ $0.revision >= sameSince }) ?? true else { return [] }
        // What was not judged as the newest spec asks is left to a complete look.
        let isForDuties = judged?.revision != revision && glanced == .engine && ofDutiesAlone == revision
        guard glanced == nil || judged?.revision == revision || isForDuties else { return [] }
        let lanes = isForDuties ? Aspect.duties : glanced?.lanes
        let outdated = Set(Lane.allCases.filter { start != nil && start?.endings[$0] != endings[$0] || lanes?.contains($0) == false })
        if !isForDuties { judged = (revision, spec.generation) }
        if glanced == nil {
            memory.learn(observation.packages)
            memory.folderMounts = BoundFolders.learn(memory.folderMounts, observation.boundFolders.value ?? [:], wanted: spec.folders)
            if let address = observation.canary?.address { memory.ingress = address }
        }
        if glanced == nil || glanced == .engine {
            if case .seen(let swarm) = observation.swarm {
                lastSwarm = swarm
                memory.learn(swarm, spec)
            }
            memory.learn(observation.engine, isInstalling: running[.packages] != nil, now)
        }
        if !outdated.contains(.stacks), running[.stacks] == nil {
            memory.deployed = StackDrift.remember(memory.deployed, spec, observation)
            memory.learn(observation.manager, acting: spec.duties != nil, now)
        }
        let context = PlanningContext(
            spec: spec, observation: observation, now: now, failures: failures, isInstalling: running[.packages] != nil)
        let host = HostPlanner(context: context, memory: memory)
        var firewall = FirewallPlanner(context: context, memory: memory.firewall)
        let shares = SharePlanner(context: context)
        if !outdated.contains(.mounts), !outdated.contains(.server) { memory.learn(shares.health(), now) }
        let swarm = SwarmPlanner(context: context, remembered: memory.swarm).plan()
        // A machine of another's swarm gets no rules that would cut it off from there, nor anything else.
        if swarm.condition?.reason == SwarmPlanner.foreignReason, memory.isUntouched {
            conditions = Condition.merge(conditions, [swarm.condition].compactMap { $0 } + own(now))
            return []
        }
        let duties = DutyPlanner(
            context: context, sealed: sealed, peers: memory.peers, drift: StackDrift(deployed: memory.deployed ?? [:]),
            pending: memory.pendingBook ?? PendingBook()
        ).plan()
        var config = host.daemonConfig()
        let engine = host.engine()
        config.actions += engine.actions
        config.causes.merge(engine.causes) { $1 }
        // Its plan is a trial's step as well: it waits for a look at the table that stands.
        let table = outdated.contains(.firewall) ? Part(condition: conditions.first { $0.type == .firewall }) : firewall.plan()
        config.furtherCondition = engine.condition
        let blind: Set<Lane> = duties.isBlind ? [.tokens, .networks, .stacks, .removals] : []
        let parts: [(lane: Lane, part: Part)] = [
            (.packages, host.packages()), (.engine, config), (.sysctls, host.sysctls()), (.firewall, table),
            (.registries, RegistryPlanner(context: context).plan()), (.api, DockerAPIPlanner(context: context).plan()), (.server, shares.server()),
            (.mounts, shares.mounts()), (.folders, FolderPlanner(context: context, mounts: memory.folderMounts ?? [:]).plan()),
            (.tasks, shares.tasks()), (.disk, host.disk()),
            (.swarm, swarm), (.members, duties.members),
            (.tokens, duties.tokens), (.networks, duties.networks),
            (.stacks, duties.stacks), (.removals, duties.removals), (.drill, glanced == nil ? planDrill(isSettled: isSettled) : .nothing),
        ]
        memory.firewall = firewall.memory
        for (kind, message) in firewall.events { memory.record(kind, message, nil, now) }
        if glanced == nil { pausedUntil = nil }
        let actions = begin(parts, observation, except: outdated, blind: blind, noticed: start?.noticed ?? now, now: now)
        let judgements = parts.filter { !isForDuties || Aspect.duties.contains($0.lane) }.flatMap(\.part.conditions) + own(now)
        conditions = Condition.merge(conditions, judgements + (isForDuties ? conditions.filter { !Self.ofDuties.contains($0.type) } : []))
        return actions
    }

    /// An action ended.
    public mutating func finished(_ action: AgentAction, _ outcome: ActionOutcome, seconds: Double, now: Instant) {
        running[action.lane] = nil
        endings[action.lane, default: 0] += 1
        if case .failed(let message) = outcome {
            _ = memory.repairs.note(action.lane, action.words, failed: true)
            let count = (failures[action]?.count ?? 0) + 1
            let wait: Int64 = 1000 << Int64(min(count, 6))
            if failures[action]?.message != message { memory.record(.failure, "\(action.words): \(message)", seconds, now) }
            failures[action] = Failure(count: count, message: message, at: now, retryAt: now.advanced(by: min(wait, 60_000)))
            if case .sealToken(let sealing, _) = action { refused[sealing.node] = message }
            if case .breakOnPurpose = action { memory.drill?.failure = message }
            return
        }
        failures[action] = nil
        // a repair is told when it is seen to have helped
        if !memory.repairs.note(action.lane, action.words, failed: false) { memory.record(.action, action.words, seconds, now) }
        memory.remember(action, outcome, trialSeconds: spec?.firewall?.trialSeconds, now)
        if case .sealed(let token) = outcome {
            sealed[token.node] = token
            refused[token.node] = nil
        }
        if case .rotateTokens = action { sealed = [:] }
    }

    /// What a glance for the duties alone speaks of, and what the brain says itself.
    private static let ofDuties: Set<Condition.Kind> = [.duties, .addresses, .stacks, .identity, .repairs]

    /// The coordinator answered over a connection that was opened then.
    public mutating func coordinatorAnswered(openedAt: Instant, now: Instant) {
        if memory.firewall.isInDoubt, let undoneAt = memory.firewall.undoneAt, openedAt >= undoneAt {
            memory.firewall.isInDoubt = false
            memory.firewall.undone = nil
            memory.firewall.excused += 1
            memory.record(
                .action, "firewall: the coordinator answers; it may have been away in the trial of the new ruleset, which begins again", nil, now)
        }
        guard var trial = memory.firewall.trial, trial.table.listing != nil, let begun = trialBegan, openedAt >= begun else { return }
        trial.outbound = true
        memory.firewall.trial = trial
    }

    /// The machine's clock was set: whatever waits for a moment goes on waiting as long as before.
    public mutating func clockStepped(by span: Int64) {
        failures = failures.mapValues { Failure(count: $0.count, message: $0.message, at: $0.at, retryAt: $0.retryAt.advanced(by: span)) }
        if let until = memory.firewall.trial?.until { memory.firewall.trial?.until = until.advanced(by: span) }
        memory.firewall.undoneAt = memory.firewall.undoneAt?.advanced(by: span)
        pausedUntil = pausedUntil?.advanced(by: span)
        memory.repairs.clockStepped(by: span)
        memory.steadiness?.clockStepped(by: span)
        memory.prunedAt = memory.prunedAt?.advanced(by: span)
    }

    /// How many repairs of each fault there ever were.
    public var repairTotals: [Repair.Fault: Int] { memory.repairs.totals ?? [:] }

    /// An operator asks to try a ruleset again that was undone.
    public mutating func retryFirewall() {
        memory.firewall.undone = nil
        memory.firewall.excused = 0
    }

    /// Events up to this one are recorded by the coordinator.
    public mutating func acknowledge(_ sequence: Int) {
        memory.events.removeAll { $0.sequence <= sequence }
    }

    /// Milliseconds after which a pass is due although nothing happened: 1 s on trial or while something runs, 3 s while that is packages or stacks alone, else 30 s.
    public func nextPass(now: Instant) -> Int64 {
        if memory.firewall.trial != nil { return 1000 }
        // A look costs as much as apt's or Docker's own steps on a slow machine, and the end of an action wakes the loop by itself.
        if !running.isEmpty { return running.keys.allSatisfy { [.packages, .stacks, .removals].contains($0) } ? 3000 : 1000 }
        if dueDrill != nil { return 1000 }
        // one look more, and it is known
        if conditions.contains(where: { $0.type == .mounts && $0.reason == "Late" }) { return 2000 }
        let retries = (failures.values.map(\.retryAt) + [pausedUntil].compactMap { $0 }).map { max(200, $0.since(now)) }
        return min(30_000, retries.min() ?? 30_000)
    }

    /// Whether a new connection to the coordinator is wanted to prove a ruleset, or to judge one that was undone.
    public var wantsFreshConnection: Bool {
        if memory.firewall.isInDoubt { return true }
        guard let trial = memory.firewall.trial else { return false }
        return trial.table.listing != nil && !trial.outbound
    }

    private var trialBegan: Instant? {
        guard let until = memory.firewall.trial?.until, let seconds = spec?.firewall?.trialSeconds else { return nil }
        return until.advanced(by: -Int64(seconds) * 1000)
    }

    private func own(_ now: Instant) -> [Condition] {
        var own: [Condition] = []
        if !strangers.isEmpty {
            let names = strangers.map(\.rawValue).sorted().joined(separator: ", ")
            own.append(
                Condition(
                    .identity, .false, reason: "PeerKeyChanged",
                    message: "the key of \(names) changed without a new enrolment; no token is sealed to it", since: now,
                    generation: spec?.generation))
        }
        let returning = memory.repairs.returning(now)
        if !returning.isEmpty {
            let words = returning.map { "\($0.fault.rawValue) \($0.count)×" }.joined(separator: ", ")
            own.append(
                Condition(
                    .repairs, .false, reason: "KeepsComingBack",
                    message: "mended in the last \(RepairBook.window / 60_000) min: \(words); find out who undoes it (`skep events` names what was "
                        + "found), as each further repair waits longer", since: now, generation: spec?.generation))
        }
        return own
    }

    /// Of an outdated lane the next look tells; of a blind one nothing is known, nor whether what failed in it is still to be done.
    private mutating func begin(
        _ parts: [(lane: Lane, part: Part)], _ observation: Observation, except outdated: Set<Lane>, blind: Set<Lane>, noticed: Instant, now: Instant
    ) -> [AgentAction] {
        let planned = Set(parts.flatMap(\.part.actions))
        failures = failures.filter { planned.contains($0.key) || outdated.contains($0.key.lane) }
        var begun: [AgentAction] = []
        for (lane, part) in parts where !outdated.contains(lane) && !blind.contains(lane) && running[lane] == nil {
            if part.actions.isEmpty, part.isRight { settle(lane, part, now) }
            guard let next = part.actions.first(where: { (failures[$0]?.retryAt ?? now) <= now && !isBusy($0.stack) }) else { continue }
            let cause = part.causes[next]
            memory.repairs.begin(lane, cause, isSettled: settled[lane] == revision, noticed: noticed)
            // what nobody broke is new work, and so is what follows from it, until all of it is seen to be right
            if cause?.fault == nil { settled[lane] = nil }
            let pause = memory.repairs.pause(lane, cause, now: now)
            guard pause == 0 else {
                pausedUntil = min(pausedUntil ?? now.advanced(by: pause), now.advanced(by: pause))
                continue
            }
            running[lane] = next
            memory.intend(next, observation)
            if case .breakOnPurpose = next { hasResumed = false }
            begun.append(next)
        }
        if memory.repairs.settledRevision != revision, Lane.allCases.allSatisfy({ settled[$0] == revision }) {
            memory.repairs.settledRevision = revision
        }
        return begun
    }

    /// A stack is not removed while it is deployed, nor deployed while it is removed.
    private func isBusy(_ stack: String?) -> Bool { stack.map { name in running.values.contains { $0.stack == name } } ?? false }

    /// Every lane was seen to be as this revision asks.
    private var isSettled: Bool { Lane.allCases.allSatisfy { settled[$0] == revision || $0 == .drill } }

    /// A lane is as specified; the repair that made it so, if there was one, is told.
    private mutating func settle(_ lane: Lane, _ part: Part, _ now: Instant) {
        settled[lane] = revision
        let after = part.conditions.map { "\($0.reason): \($0.message)" }.joined(separator: "; ")
        guard let repair = memory.repairs.settle(lane, after: after, now: now) else { return }
        let seconds = Double(max(0, now.since(repair.noticed))) / 1000
        guard !repair.actions.isEmpty else {
            return memory.record(.action, "\(repair.fault.rawValue): right again without a repair; \(repair.evidence)", seconds, now)
        }
        memory.record(.repair, "\(repair.actions.joined(separator: ", ")), as \(repair.evidence)", seconds, now, repair)
    }
}
