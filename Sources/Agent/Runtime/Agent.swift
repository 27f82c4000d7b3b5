internal import AgentCore
public import SkepModel
public import SkepSystem
public import SkepWire

/// The loop: look, think, act, tell. One complete pass at a time; glances at what just changed, actions and reports run beside it, and nothing holds
/// up anything else.
@LoopActor public final class Agent: CoordinatorLink.Owner {
    /// Times, which tests shorten.
    public struct Timing: Sendable {
        /// After something moved, so that what comes together is seen together.
        public var settle: Duration = .milliseconds(100)
        /// The shortest time between two passes that events ask for.
        public var eventGap: Int64 = 1000
        /// Between an event and the glance at it, so that what comes together is seen together.
        public var glance: Int64 = 2
        /// A look that takes longer is told in a condition.
        public var lookLimit: Duration = .seconds(25)
        public init() {}
    }

    private let machine: any Machine
    private let store: StateStore
    private let paths: AgentPaths
    private let link: CoordinatorLink?
    private let identity: NodeIdentity
    private let timing: Timing
    private let version: String
    private let bootID: String

    private var brain: AgentBrain
    private var savedMemory: AgentMemory
    private var fault: String?
    private var writeFault: String?
    private var isLookLate = false
    private var sight = Sight()
    private var conditions: [Condition] = []
    private var reported: NodeStatus?
    private var acceptedAt = Instant(milliseconds: 0)
    private var freshAt: Int64 = 0
    /// By how much the wall clock led the monotonic one at the last pass, milliseconds.
    private var clockLead: Int64?

    private var isDirty = true
    /// A complete look is to follow a glance at it.
    private var lookAfter: Aspect?
    private var isStopping = false
    private var waiter: OneShot<Void>?
    private var restTimer: Timer?
    /// When the next pass is due, by the monotonic clock, while the loop rests.
    private var restsUntil = Int64.max
    private var lastPass: Int64 = 0
    private lazy var glances = Glances(settle: timing.glance) { [weak self] aspect, noticed in await self?.glance(aspect, noticed) }
    /// Passes since the start.
    public private(set) var passes = 0

    /// An agent at rest; it reads what is on disk. Without a link it heals from the last spec alone.
    public init(
        machine: any Machine, store: StateStore, paths: AgentPaths, identity: NodeIdentity, link: CoordinatorLink?, version: String,
        bootID: String, timing: Timing = Timing()
    ) {
        self.machine = machine
        self.store = store
        self.paths = paths
        self.identity = identity
        self.link = link
        self.version = version
        self.bootID = bootID
        self.timing = timing
        let loaded = store.load()
        if let fault = loaded.fault { Log.error("state on disk could not be used", ["reason": fault]) }
        fault = loaded.fault
        var spec = loaded.spec
        if let found = spec, found.cluster != identity.cluster || found.node != identity.node {
            Log.notice("the spec on disk is another node's; ignoring it", ["spec.node": found.node, "node": identity.node])
            spec = nil
        }
        brain = AgentBrain(memory: loaded.memory, spec: spec, revision: spec == nil ? 0 : loaded.revision)
        savedMemory = loaded.memory
    }

    // MARK: The loop

    /// Runs until ``stop()``.
    public func run() async {
        machine.start { @LoopActor [weak self] movement in self?.moved(movement) }
        link?.start(self)
        while !isStopping {
            await pass()
            await rest()
        }
        glances.stop()
        link?.stop()
        machine.stop()
    }

    /// Ends ``run()`` soon; what was done to the machine stays.
    public func stop() {
        isStopping = true
        waiter?.finish(.success(()))
    }

    /// Asks for a pass now.
    public func wake() {
        isDirty = true
        waiter?.finish(.success(()))
    }

    private func moved(_ movement: Movement) {
        switch movement {
        case .part(let aspect): glanceSoon(aspect)
        case .anything: moved()
        case .clock:
            noticeClockStep()
            // the answer tells how far the clock is off now
            link?.reportNow()
            wake()
        }
    }

    /// Something may have changed: a pass, but not for each of many events.
    private func moved() {
        let since = SystemClock.monotonicMilliseconds() - lastPass
        guard since < timing.eventGap else { return wake() }
        LoopActor.schedule(after: .milliseconds(timing.eventGap - since)) { [weak self] in self?.wake() }
    }

    private func rest() async {
        if !isDirty, !isStopping {
            let waiter = OneShot<Void>()
            self.waiter = waiter
            restsUntil = .max
            wind()
            try? await waiter.value()
            restTimer?.cancel()
            self.waiter = nil
        }
        if !isStopping { try? await LoopActor.sleep(for: timing.settle) }
    }

    /// Sets the time of the next pass; what a glance found may ask for an earlier one.
    private func wind() {
        guard let waiter else { return }
        let span = min(max(200, brain.nextPass(now: now)), 30_000)
        let due = SystemClock.monotonicMilliseconds() + span
        guard due < restsUntil else { return }
        restsUntil = due
        restTimer?.cancel()
        restTimer = LoopActor.schedule(after: .milliseconds(span)) { waiter.finish(.success(())) }
    }

    // MARK: Glances

    /// Something happened to that part of the machine: it is looked at by itself, beside whatever else is under way. Before the first complete look
    /// there is nothing to set it beside.
    private func glanceSoon(_ aspect: Aspect) {
        if sight.observation != nil { glances.ask(aspect) }
    }

    private func glance(_ aspect: Aspect, _ noticed: Instant) async {
        guard let last = sight.observation else { return }
        // not beside each other, nor beside what the glance begins: on a busy machine each would take as long as both
        defer { if lookAfter == aspect { brain.running.isEmpty ? wake() : wind() } }
        let number = sight.begin()
        let start = brain.lookStart(noticed: noticed)
        let look = await machine.glance(aspect, over: last, spec: brain.spec, memory: brain.memory)
        guard !isStopping, sight.glanced(aspect, look, number: number), let seen = sight.observation else { return }
        perform(brain.pass(seen, since: start, glanced: aspect, now: now))
        if let next = aspect.next { glanceSoon(next) }
        wind()
        publish()
    }

    private var now: Instant { Instant(milliseconds: SystemClock.wallMilliseconds()) }

    private func pass() async {
        isDirty = false
        lookAfter = nil
        takeWishes()
        let late = LoopActor.schedule(after: timing.lookLimit) { [weak self] in self?.lookIsLate() }
        let number = sight.begin()
        let start = brain.lookStart(noticed: now)
        var look = await machine.observe(spec: brain.spec, memory: brain.memory)
        late.cancel()
        isLookLate = false
        guard !isStopping else { return }
        look.facts.clockOffset = link?.state.clockOffset
        look.bootID = bootID
        noticeClockStep()
        let hasMoved = sight.observation.map { former in
            former.facts.addresses.contains { old in !look.facts.addresses.contains { $0.address == old.address } }
        }
        sight.looked(look, number: number)
        let actions = brain.pass(sight.observation ?? look, since: start, now: now)
        passes += 1
        lastPass = SystemClock.monotonicMilliseconds()
        perform(actions)
        if passes == 1 { Notify.ready(status: nil) }
        publish()
        // a connection from an address that is gone hangs until its deadline
        if hasMoved == true { link?.reconnect() }
    }

    /// The wall clock against the one that nobody sets.
    private func noticeClockStep() {
        let lead = SystemClock.wallMilliseconds() - SystemClock.monotonicMilliseconds()
        let step = lead - (clockLead ?? lead)
        clockLead = lead
        guard abs(step) > 1000 else { return }
        Log.notice("the machine's clock was set", ["milliseconds": step])
        brain.clockStepped(by: step)
    }

    private func lookIsLate() {
        isLookLate = true
        Log.warning("a look at the machine takes long")
        publish()
    }

    /// What an operator asked for on this machine, by a file in the agent's run folder.
    private func takeWishes() {
        guard Files.exists(paths.firewallWish) else { return }
        do { try Files.remove(paths.firewallWish) } catch { Log.warning("cannot remove the wish to retry the firewall", ["error": error]) }
        brain.retryFirewall()
    }

    /// Begins them once they are on disk as intentions; else none.
    private func perform(_ actions: [AgentAction]) {
        if save() {
            for action in actions { begin(action) }
        } else {
            for action in actions { brain.finished(action, .failed(writeFault ?? "the agent's memory cannot be written"), seconds: 0, now: now) }
        }
    }

    private func begin(_ action: AgentAction) {
        let begun = SystemClock.monotonicMilliseconds()
        Log.info("begins", ["action": action.words])
        Task {
            let outcome = await self.machine.perform(action)
            let seconds = Double(SystemClock.monotonicMilliseconds() - begun) / 1000
            if case .failed(let reason) = outcome {
                Log.warning("failed", ["action": action.words, "reason": reason, "seconds": seconds])
            } else {
                Log.info("done", ["action": action.words, "seconds": seconds])
            }
            self.brain.finished(action, outcome, seconds: seconds, now: self.now)
            _ = self.save()
            // one that failed is tried again by a complete pass, when its time has come
            if let aspect = action.lane.aspect, !outcome.isFailure { self.glanceSoon(aspect) } else { self.wake() }
            self.publish()
        }
    }

    /// Puts the memory on disk; false when it is not there.
    private func save() -> Bool {
        guard brain.memory != savedMemory else { return true }
        do {
            try store.save(brain.memory)
            savedMemory = brain.memory
            writeFault = nil
            return true
        } catch {
            if writeFault == nil { Log.error("the agent's memory cannot be written; nothing is begun", ["error": "\(error)"]) }
            writeFault = "the agent's memory cannot be written: \(error)"
            return false
        }
    }

    // MARK: Telling

    /// The newest status, with what the loop itself has to say.
    private func status() -> NodeStatus? {
        guard let observation = sight.observation else { return nil }
        var status = brain.status(observation, node: identity.node, bootID: bootID, version: version, now: now)
        status.facts.clockOffset = link?.state.clockOffset
        let said = Set(status.conditions.map(\.type))
        conditions = Condition.merge(conditions, own().filter { !said.contains($0.type) })
        status.conditions = (status.conditions + conditions).sorted { $0.type < $1.type }
        status.drill = followDrill(status.conditions)
        return status
    }

    /// How far the drill is; what was seen of it is on disk, as the agent may be what is killed.
    private func followDrill(_ conditions: [Condition]) -> DrillReport? {
        guard let drill = brain.memory.openedDrill else { return nil }
        let report = brain.followDrill(conditions, broken: machine.broken(by: drill), now: SystemClock.monotonicMilliseconds())
        _ = save()
        return report
    }

    private func own() -> [Condition] {
        var own = link?.state.conditions(now: now, coordinator: identity.agentEndpoint) ?? []
        if let reason = writeFault {
            own.append(Condition(.agent, .false, reason: "StateNotWritable", message: reason, since: now))
        } else if let reason = fault {
            own.append(Condition(.agent, .false, reason: "StateDamaged", message: reason, since: now))
        } else if isLookLate {
            own.append(Condition(.agent, .unknown, reason: "LookLate", message: "a look at this machine takes longer than it should", since: now))
        } else {
            own.append(Condition(.agent, .true, reason: "Running", message: "skep-agent \(version)", since: now))
        }
        return own
    }

    private func publish() {
        guard let status = status() else { return }
        StatusFile(
            identity: identity, link: link?.state, status: status, passes: passes, spec: brain.spec?.generation
        ).write(paths)
        MetricsFile.write(
            MetricsRenderer.text(status, repairs: brain.repairTotals, answered: link?.state.answeredAt), to: paths.metrics)
        Notify.status(StatusFile.line(status))
        if brain.wantsFreshConnection {
            let at = SystemClock.monotonicMilliseconds()
            if at - freshAt > 2000 {
                freshAt = at
                link?.reportNow(fresh: true)
            }
        }
        guard Self.isNews(status, reported) else { return }
        link?.reportNow()
    }

    /// Whether it is worth a report of its own: not for what only grows older.
    nonisolated static func isNews(_ new: NodeStatus, _ old: NodeStatus?) -> Bool {
        guard let old else { return true }
        func essence(_ status: NodeStatus) -> NodeStatus {
            var status = status
            status.observed = Instant(milliseconds: 0)
            status.facts.diskFreeBytes = 0
            status.facts.memoryBytes = 0
            status.facts.clockOffset = nil
            status.events = []
            status.canary = status.canary?.essence
            status.conditions = status.conditions.map {
                var condition = $0
                condition.since = Instant(milliseconds: 0)
                return condition
            }
            return status
        }
        // Events that were acknowledged go, and that is no news.
        return (new.events.last?.sequence ?? 0) > (old.events.last?.sequence ?? 0) || essence(new) != essence(old)
    }

    // MARK: The coordinator

    public func report() -> (status: NodeStatus, holds: Int)? {
        guard let status = status() else { return nil }
        reported = status
        return (status, brain.revision)
    }

    public var beat: Int { brain.spec?.beat ?? 5000 }

    public func answered(_ answer: ReportAnswer, openedAt: Instant, askedAt: Instant) {
        let before = brain.memory
        brain.coordinatorAnswered(openedAt: openedAt, now: now)
        brain.acknowledge(answer.acknowledged)
        if let spec = answer.spec { take(spec, answer.revision, askedAt) }
        if brain.memory.firewall != before.firewall { wake() }
        publish()
    }

    public func linkChanged() { publish() }

    /// A spec is on disk before it counts. An older one that was overtaken on the second connection is left aside.
    private func take(_ spec: NodeSpec, _ revision: Int, _ askedAt: Instant) {
        guard revision != brain.revision, revision > brain.revision || askedAt >= acceptedAt else { return }
        guard spec.cluster == identity.cluster, spec.node == identity.node else {
            return Log.warning("the coordinator sent another node's spec; ignoring it", ["spec.node": spec.node])
        }
        do { try store.save(spec, revision: revision) } catch {
            writeFault = "a new spec cannot be written: \(error)"
            return Log.error("a new spec cannot be written and is not followed", ["error": "\(error)"])
        }
        writeFault = nil
        fault = nil
        acceptedAt = now
        let demand = brain.accept(spec, revision: revision)
        Log.info("a new spec", ["revision": revision, "generation": spec.generation])
        switch demand {
        case .nothing: break
        case .look: wake()
        case .glanceThenLook(let aspect):
            lookAfter = aspect
            glanceSoon(aspect)
        }
    }
}
