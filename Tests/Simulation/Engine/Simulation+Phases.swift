import CoordinatorCore
import SkepModel

/// The way of a run: what is asked, and what must then be so.
extension Simulation {
    enum Phase {
        case up
        case secondVersion
        case down

        var goal: String {
            switch self {
            case .up: "a ready cluster"
            case .secondVersion: "the second generation"
            case .down: "nothing left"
            }
        }
    }

    /// Faults, then quiet, then a ready cluster; then, for some seeds, a second version, and down again. Returns the steps of 200 ms.
    public mutating func run() throws -> Int {
        try suffer(0)
        try reach(.up)
        if random.chance(0.5) {
            changeFile()
            try suffer(random.span(0...90_000))
            try reach(.secondVersion)
        }
        if random.chance(0.3) {
            takeDown()
            try suffer(random.span(0...60_000))
            try reach(.down)
        }
        try compareEvents()
        return steps
    }

    /// Runs a calm way through all phases, and from each of its recorded steps once more with each kind of blow, to the end of the
    /// phase, and down.
    public static func blows(seed: UInt64) throws -> [SimulationFailure?] {
        var calm = Simulation(seed: seed, blow: .never)
        var trials: [SimulationFailure?] = []
        for phase in [Phase.up, .secondVersion, .down] {
            switch phase {
            case .up: break
            case .secondVersion: calm.changeFile()
            case .down: calm.takeDown()
            }
            calm.faultsEnd = calm.now
            var moments: [(world: Simulation, step: Int)] = []
            try calm.reach(phase) { moments.append(($0, $1)) }
            for moment in moments {
                trials += Blow.Kind.allCases.map { moment.world.result(of: Blow(step: moment.step, kind: $0), phase) }
            }
        }
        return trials
    }

    private func result(of blow: Blow, _ phase: Phase) -> SimulationFailure? {
        var trial = self
        trial.blow = blow
        do {
            try trial.reach(phase)
            // what was lost of what a machine had before shows when it is given back
            if phase != .down {
                trial.takeDown()
                try trial.reach(.down)
            }
            try trial.compareEvents()
            return trial.struckAt == nil ? SimulationFailure(seed: seed, at: now, what: "a blow at step \(blow.step) fell on nothing") : nil
        } catch { return SimulationFailure(seed: seed, at: trial.now, what: "\(error)", blow: trial.struckAt) }
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

    private mutating func takeDown() {
        coordinator.disk.snapshot.record.lifecycle = .down(.init())
        coordinator.memory.record.lifecycle = .down(.init())
        coordinator.dirty = true
    }

    /// Things fail for so long, and to the end of the faults that the seed began with.
    private mutating func suffer(_ milliseconds: Int64) throws {
        faultsEnd = max(faultsEnd, now.advanced(by: milliseconds))
        while now < faultsEnd { try step() }
    }

    /// `before` is shown the world as it was before each recorded step.
    private mutating func reach(_ phase: Phase, before: (Simulation, Int) -> Void = { _, _ in }) throws {
        let deadline = now.advanced(by: 1_200_000)
        var held = 0
        // What is shown may be a beat old: it must hold for 20 s.
        while held < 100 {
            guard now < deadline else { throw SimulationFailure(seed: seed, at: now, what: unreached(phase)) }
            let former = blow?.step == Blow.never.step ? self : nil
            try step()
            if let former {
                for number in former.recordedSteps..<recordedSteps { before(former, number + 1) }
            }
            held = isReached(phase) ? held + 1 : 0
        }
        if phase == .down { try compareWithNothing() } else { try compareWithWorld() }
    }

    private func isReached(_ phase: Phase) -> Bool {
        guard coordinator.up, let plan = coordinator.plan else { return false }
        switch phase {
        case .up: return plan.ready
        case .secondVersion: return plan.ready && coordinator.memory.nodes.allSatisfy { $0.evicted || $0.status?.generation == Generation(2) }
        case .down: return plan.phase == "down"
        }
    }

    private func unreached(_ phase: Phase) -> String {
        let waits = coordinator.plan.map { plan in plan.waits.map { "\($0.what) waits for \($0.waitsFor)" } + plan.conditions.map(\.message) } ?? []
        return "no \(phase.goal) in 20 min after the faults: \(coordinator.plan?.phase ?? "no plan"); \(waits.joined(separator: "; "))"
    }
}
