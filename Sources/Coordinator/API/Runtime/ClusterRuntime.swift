import CoordinatorAuthority
import CoordinatorCore
import CoordinatorStore
import FoundationEssentials
import Logging
import SkepModel

/// One cluster at work: keeps its snapshot, passes the planner over it, stores what was decided, and only then gives it out.
actor ClusterRuntime {
    /// What a runtime works with.
    struct Tools: Sendable {
        let store: any Store
        let authority: Authority
        let clock: WallClock
        let settings: Settings
        /// Whose lease it is.
        let holder: String
        let machineID: String?
        let live: LiveConnections
        let bundles: BundleSource
        let logger: Logger
    }

    nonisolated let name: ClusterName
    let tools: Tools
    private let planner = Planner()

    // What is stored.
    private(set) var generation: StoredGeneration
    private(set) var record: ClusterRecord
    private(set) var operations: [Operation]
    var nodes: [NodeID: Snapshot.Node]
    private var revisions: [NodeID: SpecRevision]
    var sequences: [NodeID: Int]
    private var bundles: [StackName: StackBundle]

    // What follows from it.
    private(set) var plan: Plan
    private(set) var hasPlanned = false
    private(set) var specs: [NodeID: NodeSpec] = [:]
    private var clusterConditions: [Condition] = []
    /// What was last found to be so or not, whatever had to be tried since.
    private var decided: [Condition.Kind: Truth] = [:]
    private var liveness: [NodeID: Liveness] = [:]
    private var earlierEvents: Set<String> = []
    var expiry: [String: Instant] = [:]

    // The shell's own.
    private var isLocked = false
    private var queue: [CheckedContinuation<Void, Never>] = []
    private var settling: [CheckedContinuation<Void, Never>] = []
    private let wake = Signal()
    private var failure: String?
    /// Why certificates of Docker's API could not be tended, the last time.
    var apiTrouble: String?
    /// Images that the acting manager looks up now.
    var images: ImageRequest?
    var unsaved: Set<NodeID> = []
    var savedAt: [NodeID: Instant] = [:]
    private var signals: [NodeID: Signal] = [:]
    private var isFinished = false
    /// Since when reports may have come in.
    var began: Instant
    /// The moment of the last look at the clock.
    var latest: Instant
    /// Fires when anything that is shown has changed.
    nonisolated let changed = Signal()
    /// Fires when the ledger has grown.
    nonisolated let ledger = Signal()

    init(_ stored: StoredCluster, bundles: [StackName: StackBundle], tools: Tools) {
        name = stored.name
        self.tools = tools
        generation = stored.generation
        record = stored.record
        operations = stored.operations
        let now = tools.clock.now()
        began = now
        latest = now
        nodes = Dictionary(stored.nodes.map { ($0.id, $0.seenNoLater(than: now)) }) { first, _ in first }
        revisions = stored.revisions
        sequences = stored.sequences
        self.bundles = bundles
        plan = Plan(record: stored.record)
    }

    var spec: ClusterSpec { generation.spec }

    func snapshot() -> Snapshot {
        var snapshot = Snapshot(
            spec: spec, generation: generation.number, bundles: bundles, record: record,
            nodes: nodes.values.sorted { $0.id < $1.id }, operations: operations, settings: tools.settings,
            coordinatorNode: tools.machineID.flatMap { id in nodes.values.first { $0.machineID == id && !$0.evicted }?.id })
        snapshot.images = images
        return snapshot
    }

    // MARK: The loop

    /// Passes at every wish and at least each second, until it is cancelled.
    func run() async {
        var nextLease = tools.clock.now()
        while !Task.isCancelled {
            let began = ContinuousClock.now
            let turn = wake.turn
            if tools.clock.now() >= nextLease {
                await lease()
                nextLease = tools.clock.now().advanced(by: 10_000)
            }
            let waiting = settling
            settling = []
            await pass()
            for continuation in waiting { continuation.resume() }
            await saveStatuses()
            // A pass that takes long is not begun anew at once: wishes of the meantime are one.
            let pause = min(ContinuousClock.now - began, .milliseconds(200))
            try? await Task.sleep(for: pause)
            _ = await wake.wait(after: turn, within: 1000)
        }
        for continuation in settling { continuation.resume() }
        settling = []
        isFinished = true
        await saveStatuses(all: true)
    }

    /// Ends what is held, so that connections can close.
    func finish() {
        isFinished = true
        for signal in signals.values { signal.finish() }
        changed.finish()
        ledger.finish()
        for continuation in settling { continuation.resume() }
        settling = []
    }

    /// Asks for a pass.
    func wish() { wake.fire() }

    /// Returns after a pass that began after the call.
    func settle() async {
        guard !isFinished else { return }
        await withCheckedContinuation { continuation in
            settling.append(continuation)
            wake.fire()
        }
    }

    private func lease() async {
        let now = tools.clock.now()
        do {
            let isOurs = try await tools.store.takeLease(name, holder: tools.holder, now: now, until: now.advanced(by: 30_000))
            note(isOurs ? nil : "another coordinator looks after \(name); this one waits until its lease runs out")
        } catch {
            note("\(error)")
        }
    }

    /// Says a failure once, and once that it is over.
    private func note(_ problem: String?) {
        guard problem != failure else { return }
        failure = problem
        if let problem {
            tools.logger.error("cluster stands still", metadata: ["cluster": "\(name)", "problem": "\(problem)"])
        } else {
            tools.logger.notice("cluster goes on", metadata: ["cluster": "\(name)"])
        }
    }

    // MARK: A pass

    /// Waits until nobody else decides: what is decided from must not change while it is stored. Pair it with `unlock`.
    func lock() async {
        if isLocked { await withCheckedContinuation { queue.append($0) } }
        isLocked = true
    }

    func unlock() {
        if queue.isEmpty { isLocked = false } else { queue.removeFirst().resume() }
    }

    private func pass() async {
        await lock()
        defer { unlock() }
        do {
            await tendDockerAPIOrSay()
            try await plan()
            if failure != nil { await lease() }
        } catch {
            note("\(error)")
        }
    }

    /// Plans until nothing more is decided, storing each step before the next.
    private func plan() async throws {
        var next = plan
        for _ in 0..<32 {
            let now = look()
            next = planner.plan(snapshot(), now: now)
            let changedOperations = next.operations.filter { operation in operations.first { $0.id == operation.id } != operation }
            let isDecided = next.record == record && changedOperations.isEmpty
            let keys = Set(next.events.map { "\($0.node?.rawValue ?? "") \($0.message)" })
            let events = next.events.filter { !isDecided || !earlierEvents.contains("\($0.node?.rawValue ?? "") \($0.message)") }
            earlierEvents = keys
            if isDecided, events.isEmpty { break }
            let recorded = try await tools.store.commit(
                ClusterChange(
                    cluster: name, holder: tools.holder, record: next.record == record ? nil : next.record,
                    operations: changedOperations, events: events.map(ours)))
            record = next.record
            merge(changedOperations)
            grown(recorded)
            if isDecided { break }
        }
        try await transitions(next)
        try await giveOut(next)
        hasPlanned = true
        if next != plan {
            plan = next
            changed.fire()
        }
    }

    private func merge(_ changes: [Operation]) {
        for operation in changes {
            if let index = operations.firstIndex(where: { $0.id == operation.id }) {
                operations[index] = operation
            } else {
                operations.append(operation)
            }
        }
        let surplus = operations.count - 20
        if surplus > 0 {
            let old = Set(operations.filter { !$0.isOpen }.prefix(surplus).map(\.id))
            operations.removeAll { old.contains($0.id) }
        }
    }

    /// Numbers the node specs that changed, stores the numbers, and wakes the held reports.
    private func giveOut(_ next: Plan) async throws {
        var fresh: [NodeID: SpecRevision] = [:]
        var waiting: [NodeID] = []
        for (node, spec) in next.nodeSpecs where specs[node] != spec {
            waiting.append(node)
            let digest = try Self.digest(spec)
            if revisions[node]?.digest != digest {
                fresh[node] = SpecRevision(number: (revisions[node]?.number ?? 0) + 1, digest: digest)
            }
        }
        if !fresh.isEmpty {
            try await tools.store.saveRevisions(fresh)
            revisions.merge(fresh) { _, new in new }
        }
        specs = next.nodeSpecs
        for node in waiting { signals[node]?.fire() }
    }

    private static func digest(_ spec: NodeSpec) throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys]
        return Secret.hash(Array(try encoder.encode(spec)))
    }

    /// Writes into the ledger what became true or false of the cluster, and who was last heard.
    private func transitions(_ next: Plan) async throws {
        let now = look()
        var events: [Event] = []
        let merged = Condition.merge(clusterConditions, next.conditions)
        for condition in merged {
            guard let before = clusterConditions.first(where: { $0.type == condition.type }), before.status != condition.status else { continue }
            // what is asked anew is tried within seconds: the ledger has what was found
            if condition.status == .unknown, condition.reason == Condition.notTried { continue }
            if before.status == .unknown, before.reason == Condition.notTried, decided[condition.type] == condition.status { continue }
            events.append(
                Event(
                    at: now, cluster: name, kind: .transition,
                    message: "\(condition.type.rawValue) is \(condition.status.rawValue) (\(condition.reason)): \(condition.message)"))
        }
        clusterConditions = merged
        for condition in merged where condition.status != .unknown { decided[condition.type] = condition.status }
        for node in nodes.values where !node.evicted {
            let new = Liveness(seen: node.seen, now: now, settings: tools.settings)
            let old = liveness.updateValue(new, forKey: node.id)
            guard let old, old != new else { continue }
            switch (old, new) {
            case (_, .down):
                events.append(Event(at: now, cluster: name, node: node.name, kind: .transition, message: "not heard any more: down"))
            case (.down, .live), (.never, .live):
                events.append(Event(at: now, cluster: name, node: node.name, kind: .transition, message: "heard: live"))
            default: break
            }
            changed.fire()
        }
        if !events.isEmpty { grown(try await tools.store.append(events)) }
    }

    var conditions: [Condition] { clusterConditions }

    func grown(_ events: [Event]) {
        guard !events.isEmpty else { return }
        ledger.fire()
        changed.fire()
    }

    private func ours(_ event: Event) -> Event {
        var event = event
        event.cluster = name
        return event
    }

    // MARK: What acts and reports need

    func revision(of node: NodeID) -> (Int, NodeSpec)? {
        guard let spec = specs[node], let revision = revisions[node] else { return nil }
        return (revision.number, spec)
    }

    func signal(of node: NodeID) -> Signal {
        if let signal = signals[node] { return signal }
        let signal = Signal()
        if isFinished { signal.finish() }
        signals[node] = signal
        return signal
    }

    /// Stores and takes a record that an act changed. Call it under the lock.
    func store(record new: ClusterRecord, operations changed: [Operation] = [], event: Event) async throws {
        let recorded = try await tools.store.commit(
            ClusterChange(
                cluster: name, holder: tools.holder, record: new == record ? nil : new, operations: changed, events: [ours(event)]))
        record = new
        merge(changed)
        grown(recorded)
    }

    /// Takes a generation that was accepted and stored. Call it under the lock.
    func take(_ new: StoredGeneration, record: ClusterRecord?, bundles: [StackName: StackBundle]) {
        generation = new
        if let record { self.record = record }
        self.bundles = bundles
    }

    /// Takes bundles that were made again of that generation; nothing happens when another was accepted meanwhile.
    func replace(bundles new: [StackName: StackBundle], of number: Generation) {
        guard generation.number == number, new != bundles else { return }
        bundles = new
        wake.fire()
    }

    var currentBundles: [StackName: StackBundle] { bundles }

    /// The networks of ours that the acting manager last saw.
    var ownNetworks: Set<NetworkName> {
        let view = record.actingManager.flatMap { nodes[$0]?.status?.manager }
        return Set((view?.networks ?? []).filter(\.ours).compactMap { NetworkName(rawValue: $0.name) })
    }
}
