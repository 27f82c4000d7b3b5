import AgentCore
import CoordinatorCore
import SkepModel

/// The machines' agents: they look, think, act and report, and die in the midst of it.
extension Simulation {
    mutating func startAgent(_ index: Int) {
        let disk = machines[index].disk
        machines[index].brain = AgentBrain(memory: disk.memory, spec: disk.spec, revision: disk.revision)
        machines[index].sight = Sight()
        machines[index].nextReport = now
        machines[index].nextPass = now
    }

    mutating func power(_ index: Int) {
        machines[index].up = true
        startAgent(index)
    }

    /// The agent dies; what it had begun is half done, or done and not recorded. Apt goes on by itself.
    mutating func crashAgent(_ index: Int) {
        machines[index].brain = nil
        machines[index].look = nil
        machines[index].glances = []
        machines[index].canary = CanaryBook()
        let interrupted = machines[index].work
        machines[index].work = []
        for work in interrupted {
            if case .installPackages(let names) = work.action {
                if random.chance(0.5) { machines[index].packages.formUnion(names) }
            } else if !work.early, random.chance(0.5) {
                _ = effect(work.action, on: index)
            }
        }
    }

    mutating func cutPower(_ index: Int) {
        machines[index].brain = nil
        machines[index].look = nil
        machines[index].glances = []
        machines[index].canary = CanaryBook()
        machines[index].work = []
        machines[index].up = false
        machines[index].boot += 1
        machines[index].table = machines[index].keptTable
        machines[index].managementConnections = 0
    }

    mutating func runMachine(_ index: Int) throws {
        guard machines[index].up, machines[index].brain != nil else { return }
        try endWork(index)
        if machines[index].table != nil, random.chance(0.05) { machines[index].managementConnections += 1 }
        for glance in machines[index].glances where glance.ends <= now {
            guard machines[index].brain != nil else { return }
            machines[index].glances.removeAll { $0.number == glance.number }
            try pass(index, glance)
        }
        guard machines[index].brain != nil else { return }
        if let look = machines[index].look {
            if look.ends <= now {
                machines[index].look = nil
                try pass(index, look)
            }
        } else if let due = machines[index].nextPass, due <= now {
            beginLook(index)
        }
        // events come all the time: most tell of nothing that concerns the agent
        if random.chance(0.01) { glance(index, Aspect.allCases[Int(random.span(0...Int64(Aspect.allCases.count - 1)))]) }
        if machines[index].nextReport <= now { report(index) }
    }

    /// What is seen is of this moment; the agent thinks of it when the look has ended.
    private mutating func beginLook(_ index: Int) {
        let span = random.chance(0.2) ? random.span(1_000...8_000) : random.span(0...600)
        machines[index].look = look(index, for: span)
        if machines[index].look != nil { machines[index].nextPass = nil }
    }

    /// As an event asks for it, or the end of an action: one part alone, beside a complete look that may be under way.
    mutating func glance(_ index: Int, _ aspect: Aspect) {
        guard machines[index].sight.observation != nil, !machines[index].glances.contains(where: { $0.aspect == aspect }) else { return }
        guard var glance = look(index, for: random.span(0...400)) else { return }
        glance.aspect = aspect
        machines[index].glances.append(glance)
    }

    private mutating func look(_ index: Int, for span: Int64) -> Machine.Look? {
        guard let brain = machines[index].brain else { return nil }
        let quorum = machines[index].swarm.map { hasQuorum($0) } ?? false
        machines[index].tryTraffic(peers: machines, hiccup: now < faultsEnd && trafficRandom.chance(0.03), now: now)
        let seen = machines[index].observe(swarms: swarms, hasQuorum: quorum, peers: machines, now: now)
        let managers = swarms[machines[index].swarm ?? ""]?.members.filter { $0.role == .manager }.map(\.id) ?? []
        let dispensable = Set(managers.filter { leavesNoMajority(without: $0, by: index) == nil })
        let number = machines[index].sight.begin()
        return .init(start: brain.lookStart, seen: seen, dispensable: dispensable, ends: now.advanced(by: span), number: number)
    }

    private mutating func pass(_ index: Int, _ look: Machine.Look) throws {
        if let aspect = look.aspect {
            guard machines[index].sight.glanced(aspect, look.seen, number: look.number) else { return }
        } else {
            machines[index].sight.looked(look.seen, number: look.number)
        }
        let seen = machines[index].sight.observation ?? look.seen
        let actions = machines[index].brain?.pass(seen, since: look.start, glanced: look.aspect, now: now) ?? []
        let remembers = keepMemory(index)
        if let broken = violation(machines[index].disk.memory, by: index) { throw SimulationFailure(seed: seed, at: now, what: broken) }
        for action in actions {
            if let broken = violation(action, by: index, look) { throw SimulationFailure(seed: seed, at: now, what: broken) }
            let slow = if case .installPackages = action { true } else { false }
            machines[index].work.append(
                .init(
                    action: action, begun: now, ends: now.advanced(by: slow ? random.span(5_000...40_000) : random.span(200...3_000)),
                    early: random.chance(0.5)))
            if machines[index].work.last?.early == true, !slow { _ = effect(action, on: index) }
        }
        if remembers, struck("what it saw recorded", on: index) { return }
        for action in actions where struck("\(action.words) begun", on: index) { return }
        let next = now.advanced(by: min(machines[index].brain?.nextPass(now: now) ?? 1000, 5_000))
        machines[index].nextPass = min(machines[index].nextPass ?? next, next)
    }

    private mutating func endWork(_ index: Int) throws {
        for work in machines[index].work where work.ends <= now {
            machines[index].work.removeAll { $0.action == work.action }
            let outcome: ActionOutcome
            if now < faultsEnd, !work.early, random.chance(0.05) {
                outcome = .failed("it did not work this time")
            } else {
                outcome = effect(work.action, on: index)
            }
            if struck("\(work.action.words) done and not recorded", on: index) { return }
            machines[index].brain?.finished(work.action, outcome, seconds: 1, now: now)
            if keepMemory(index), struck("\(work.action.words) recorded", on: index) { return }
            if let aspect = work.action.lane.aspect, !outcome.isFailure { glance(index, aspect) } else { machines[index].nextPass = now }
            machines[index].nextReport = now
        }
    }

    /// True if there was something new.
    private mutating func keepMemory(_ index: Int) -> Bool {
        guard let memory = machines[index].brain?.memory, memory != machines[index].disk.memory else { return false }
        machines[index].disk.memory = memory
        return true
    }

    private mutating func report(_ index: Int) {
        machines[index].nextReport = now.advanced(by: 5_000)
        let quorum = machines[index].swarm.map { hasQuorum($0) } ?? false
        let observation = machines[index].sight.observation ?? machines[index].observe(swarms: swarms, hasQuorum: quorum, peers: machines, now: now)
        guard let status = machines[index].brain?.status(observation, node: machines[index].id, bootID: "boot", version: "sim", now: now) else {
            return
        }
        if machines[index].brain?.wantsFreshConnection == true { machines[index].openedAt = now }
        send(.report(status, holds: machines[index].brain?.revision ?? 0, openedAt: machines[index].openedAt), index)
    }
}
