public import SkepModel
import AgentCore
import CoordinatorCore

/// What went wrong in a run, with the seed that shows it again.
public struct SimulationFailure: Error, CustomStringConvertible {
    public let seed: UInt64
    public let at: Instant
    public let what: String
    public var description: String { "seed \(seed), at \(at.milliseconds) ms: \(what)" }
}

/// The coordinator's core and the agents' cores on a virtual clock, with a network and machines that fail.
public struct Simulation {
    struct Message {
        enum Content {
            case report(NodeStatus, holds: Int, openedAt: Instant)
            case answer(revision: Int, NodeSpec?, acknowledged: Int, openedAt: Instant)
        }
        var due: Instant
        var order: Int
        var machine: Int
        var content: Content
    }

    let seed: UInt64
    var random: SeededRandom
    var now = Instant(milliseconds: 1_000_000)
    var machines: [Machine]
    var coordinator: SimulatedCoordinator
    var swarms: [String: Swarm] = [:]
    var messages: [Message] = []
    var order = 0
    /// Until then things fail.
    var faultsEnd: Instant
    var spec: ClusterSpec
    var restarts: [(due: Instant, machine: Int?)] = []
    /// Steps of each operation as last seen on disk: they may only grow.
    var recorded: [String: [Operation.Step]] = [:]
    public private(set) var steps = 0

    public init(seed: UInt64) {
        self.seed = seed
        var random = SeededRandom(seed: seed)
        let count = Int(random.span(3...9))
        let managers = [1, 3, 5].filter { $0 <= count }.randomElement(using: &random) ?? 1
        spec = Scenario.closed(Scenario.spec(machines: count, managers: managers, &random))
        let packages = ["nftables", "docker.io", "apparmor", "nfs-common"]
        machines = (1...count).map { Machine(index: $0, found: random.chance(0.3) ? Set(packages.prefix(Int(random.span(1...4)))) : []) }
        let nodes = machines.map {
            Snapshot.Node(id: $0.id, name: $0.name, machineID: "machine\($0.index)", certificate: "certificate of \($0.id)", key: "key of \($0.id)")
        }
        coordinator = SimulatedCoordinator(
            Snapshot(spec: spec, generation: Generation(1), bundles: Scenario.bundles(spec, version: 1), nodes: nodes))
        faultsEnd = Instant(milliseconds: 1_000_000 + random.span(60_000...240_000))
        self.random = random
        for index in machines.indices { startAgent(index) }
    }

    /// Runs to the end: faults, then quiet, then a ready cluster; then, for some seeds, a new version, and down again.
    public mutating func run() throws -> Int {
        try run(until: faultsEnd, "") { _ in false }
        try converge("a ready cluster") { $0.coordinator.plan?.ready == true && $0.coordinator.up }
        try compareWithWorld()
        if random.chance(0.5) {
            changeFile()
            faultsEnd = now.advanced(by: random.span(0...90_000))
            try run(until: faultsEnd, "") { _ in false }
            try converge("the second generation") {
                $0.coordinator.plan?.ready == true
                    && $0.coordinator.memory.nodes.allSatisfy { $0.evicted || $0.status?.generation == Generation(2) }
            }
            try compareWithWorld()
        }
        if random.chance(0.3) {
            coordinator.disk.snapshot.record.lifecycle = .down(.init())
            coordinator.memory.record.lifecycle = .down(.init())
            coordinator.dirty = true
            faultsEnd = now.advanced(by: random.span(0...60_000))
            try run(until: faultsEnd, "") { _ in false }
            try converge("nothing left") { $0.coordinator.plan?.phase == "down" }
            try compareWithNothing()
        }
        try compareEvents()
        return steps
    }

    /// A second version of the file: of the stacks, and of who is in the cluster and what for.
    private mutating func changeFile() {
        let former = spec
        spec = Scenario.changed(spec, &random)
        coordinator.disk.snapshot.spec = spec
        coordinator.disk.snapshot.generation = Generation(2)
        coordinator.disk.snapshot.bundles = Scenario.bundles(spec, version: 2)
        for node in former.nodes where !spec.nodes.contains(where: { $0.name == node.name }) && random.chance(0.3) { evict(node.name) }
        coordinator.memory.spec = spec
        coordinator.memory.generation = Generation(2)
        coordinator.memory.bundles = coordinator.disk.snapshot.bundles
        coordinator.dirty = true
    }

    /// The coordinator hears it no more, and the other nodes drop its packets.
    private mutating func evict(_ name: NodeName) {
        guard let index = machines.firstIndex(where: { $0.name == name }), coordinator.up,
            Planner().whyNotEvict(machines[index].id, coordinator.memory, now: now) == nil
        else { return }
        for at in coordinator.disk.snapshot.nodes.indices where coordinator.disk.snapshot.nodes[at].name == name {
            coordinator.disk.snapshot.nodes[at].evicted = true
            coordinator.disk.snapshot.nodes[at].status = coordinator.memory.nodes[at].status
            coordinator.memory.nodes[at].evicted = true
        }
        guard let swarm = machines[index].swarm, let at = swarms[swarm]?.members.firstIndex(where: { $0.id == machines[index].memberID }) else {
            return
        }
        swarms[swarm]?.members[at].state = "down"
        swarms[swarm]?.members[at].reachable = false
    }

    private mutating func converge(_ what: String, _ done: (Simulation) -> Bool) throws {
        let deadline = now.advanced(by: 1_200_000)
        if try run(until: deadline, what, done) { return }
        let waits = coordinator.plan.map { plan in plan.waits.map { "\($0.what) waits for \($0.waitsFor)" } + plan.conditions.map(\.message) } ?? []
        throw SimulationFailure(
            seed: seed, at: now,
            what: "no \(what) in 20 min after the faults: \(coordinator.plan?.phase ?? "no plan"); \(waits.joined(separator: "; "))")
    }

    @discardableResult
    private mutating func run(until end: Instant, _ what: String, _ done: (Simulation) -> Bool) throws -> Bool {
        var held = 0
        while now < end {
            try step()
            // What is shown may be a beat old: it must hold for 20 s.
            held = done(self) ? held + 1 : 0
            if held == 100 { return true }
        }
        return false
    }

    /// Advances by 200 ms.
    private mutating func step() throws {
        now = now.advanced(by: 200)
        steps += 1
        if now < faultsEnd { injectFaults() }
        for index in restarts.indices.reversed() where restarts[index].due <= now {
            let machine = restarts.remove(at: index).machine
            if let machine { power(machine) } else { coordinator.start() }
        }
        let arrived = messages.filter { $0.due <= now }.sorted { ($0.due, $0.order) < ($1.due, $1.order) }
        messages.removeAll { $0.due <= now }
        for message in arrived { deliver(message) }
        if coordinator.up, coordinator.dirty || steps % 5 == 0 { try plan() }
        for index in machines.indices { try runMachine(index) }
    }

    private mutating func plan() throws {
        let faulty = now < faultsEnd
        var copy = random
        var found: String?
        try coordinator.work(
            now: now,
            check: { snapshot, plan in
                found = found ?? Invariants.check(snapshot, plan)
            }, crash: { faulty && copy.chance(0.002) })
        random = copy
        for operation in coordinator.disk.snapshot.operations {
            let earlier = recorded[operation.id] ?? []
            if Array(operation.steps.prefix(earlier.count)) != earlier { found = "I8: steps of \(operation.id) were lost" }
            recorded[operation.id] = operation.steps
        }
        if recorded.count > coordinator.disk.snapshot.operations.count { found = "I8: an operation was lost" }
        if let found { throw SimulationFailure(seed: seed, at: now, what: found) }
        if !coordinator.up { restarts.append((now.advanced(by: random.span(1_000...20_000)), nil)) }
    }

    private mutating func injectFaults() {
        if coordinator.up, random.chance(0.0008) {
            coordinator.crash()
            // now and then longer than a ruleset is on trial
            restarts.append((now.advanced(by: random.chance(0.3) ? random.span(60_000...150_000) : random.span(1_000...60_000)), nil))
        }
        for index in machines.indices {
            if machines[index].up, random.chance(0.0006) {
                cutPower(index)
                restarts.append((now.advanced(by: random.span(5_000...40_000)), index))
            } else if machines[index].brain != nil, random.chance(0.0012) {
                crashAgent(index)
                restarts.append((now.advanced(by: random.span(500...5_000)), index))
            }
            if machines[index].up, random.chance(0.0004) { machines[index].table = nil }
            if machines[index].up, random.chance(0.0003) { machines[index].exports = nil }
        }
    }

    mutating func send(_ content: Message.Content, _ machine: Int) {
        let faulty = now < faultsEnd
        if faulty, random.chance(0.05) { return }
        for _ in 0..<(faulty && random.chance(0.05) ? 2 : 1) {
            order += 1
            let delay = faulty && random.chance(0.1) ? random.span(1_000...20_000) : random.span(5...300)
            messages.append(Message(due: now.advanced(by: delay), order: order, machine: machine, content: content))
        }
    }

    private mutating func deliver(_ message: Message) {
        let id = machines[message.machine].id
        switch message.content {
        case .report(let status, let holds, let openedAt):
            guard coordinator.up else { return }
            coordinator.receive(status, from: id, now: now)
            let revision = coordinator.disk.revisions[id] ?? 0
            let newer = revision != holds ? coordinator.disk.specs[id] : nil
            send(.answer(revision: revision, newer, acknowledged: coordinator.disk.acknowledged[id] ?? 0, openedAt: openedAt), message.machine)
        case .answer(let revision, let spec, let acknowledged, let openedAt):
            guard machines[message.machine].up, machines[message.machine].brain != nil else { return }
            machines[message.machine].brain?.acknowledge(acknowledged)
            machines[message.machine].brain?.coordinatorAnswered(openedAt: openedAt, now: now)
            guard let spec, revision > machines[message.machine].disk.revision else { return }
            machines[message.machine].disk.spec = spec
            machines[message.machine].disk.revision = revision
            machines[message.machine].brain?.accept(spec, revision: revision)
            machines[message.machine].nextPass = now
        }
    }

    /// A majority of the swarm's managers is up.
    func hasQuorum(_ swarm: String) -> Bool {
        let managers = swarms[swarm]?.members.filter { $0.role == .manager } ?? []
        let alive = managers.filter { member in machines.contains { $0.memberID == member.id && $0.engineRuns } }
        return alive.count * 2 > managers.count
    }
}
