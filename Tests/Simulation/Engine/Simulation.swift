public import SkepModel
import AgentCore
import CoordinatorCore

/// What went wrong in a run, with the seed that shows it again.
public struct SimulationFailure: Error, CustomStringConvertible {
    public let seed: UInt64
    public let at: Instant
    public let what: String
    /// The one blow of a calm run, and where it fell.
    public var blow: String?
    public var description: String { "seed \(seed), at \(at.milliseconds) ms: \(what)\(blow.map { " (\($0))" } ?? "")" }
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
    /// By itself, so that kept seeds stay what they were.
    var trafficRandom: SeededRandom
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
    var steps = 0
    /// With it nothing else fails, and there are three machines: one manager where the seed is odd, three where it is even.
    var blow: Blow?
    /// What was recorded on a disk, or was about to be, counted when there is a blow.
    var recordedSteps = 0
    var struckAt: String?

    public init(seed: UInt64) { self.init(seed: seed, blow: nil) }

    init(seed: UInt64, blow: Blow?) {
        self.seed = seed
        self.blow = blow
        trafficRandom = SeededRandom(seed: seed ^ 0x7aff)
        var random = SeededRandom(seed: seed)
        let count = blow == nil ? Int(random.span(3...9)) : 3
        let managers = blow == nil ? [1, 3, 5].filter { $0 <= count }.randomElement(using: &random) ?? 1 : seed % 2 == 1 ? 1 : 3
        spec = Scenario.closed(Scenario.spec(machines: count, managers: managers, whole: blow != nil, &random))
        let packages = ["nftables", "docker.io", "apparmor", "nfs-common"]
        machines = (1...count).map { Machine(index: $0, found: random.chance(0.3) ? Set(packages.prefix(Int(random.span(1...4)))) : []) }
        let nodes = machines.map {
            Snapshot.Node(id: $0.id, name: $0.name, machineID: "machine\($0.index)", certificate: "certificate of \($0.id)", key: "key of \($0.id)")
        }
        coordinator = SimulatedCoordinator(
            Snapshot(spec: spec, generation: Generation(1), bundles: Scenario.bundles(spec, version: 1), nodes: nodes))
        faultsEnd = blow == nil ? Instant(milliseconds: 1_000_000 + random.span(60_000...240_000)) : now
        self.random = random
        for index in machines.indices { startAgent(index) }
    }

    /// Advances by 200 ms.
    mutating func step() throws {
        now = now.advanced(by: 200)
        steps += 1
        if now < faultsEnd {
            injectFaults()
        } else if blow == nil {
            for index in machines.indices { machines[index].overlayPasses = true }
        }
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
        var counted = recordedSteps
        var fell: String?
        let blow = blow
        try coordinator.work(
            now: now,
            check: { snapshot, plan in
                found = found ?? Invariants.check(snapshot, plan)
            },
            crash: { change in
                if let change, let blow {
                    counted += 1
                    if counted == blow.step { fell = change }
                }
                return fell != nil && blow?.kind != .agentKilled || faulty && copy.chance(0.002)
            })
        random = copy
        recordedSteps = counted
        for operation in coordinator.disk.snapshot.operations {
            let earlier = recorded[operation.id] ?? []
            if Array(operation.steps.prefix(earlier.count)) != earlier { found = "I8: steps of \(operation.id) were lost" }
            recorded[operation.id] = operation.steps
        }
        if recorded.count > coordinator.disk.snapshot.operations.count { found = "I8: an operation was lost" }
        if let found { throw SimulationFailure(seed: seed, at: now, what: found) }
        if !coordinator.up { restarts.append((now.advanced(by: random.span(1_000...20_000)), nil)) }
        if let blow, let fell { strike(blow, 0, fell) }
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
            if trafficRandom.chance(0.001) { machines[index].overlayPasses.toggle() }
            // now and then the event that tells of it is lost
            if machines[index].up, random.chance(0.0004) {
                machines[index].table = nil
                if random.chance(0.8) { glance(index, .firewall) }
            }
            if machines[index].up, random.chance(0.0003) {
                machines[index].exports = nil
                if random.chance(0.8) { glance(index, .server) }
            }
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
            if struck("its spec \(revision) kept", on: message.machine) { return }
            switch machines[message.machine].brain?.accept(spec, revision: revision) {
            case .nothing, nil: machines[message.machine].nextReport = now
            case .look: machines[message.machine].nextPass = now
            case .glanceThenLook(let aspect):
                glance(message.machine, aspect)
                machines[message.machine].nextPass = now
            }
        }
    }

    /// A majority of the swarm's managers is up.
    func hasQuorum(_ swarm: String) -> Bool {
        let managers = swarms[swarm]?.members.filter { $0.role == .manager } ?? []
        let alive = managers.filter { member in machines.contains { $0.memberID == member.id && $0.engineRuns } }
        return alive.count * 2 > managers.count
    }
}
