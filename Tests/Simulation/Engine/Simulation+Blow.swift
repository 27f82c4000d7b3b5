import SkepModel

/// One blow in a run that is calm else: at a step that is recorded, or about to be.
struct Blow: Sendable {
    enum Kind: String, CaseIterable, Sendable {
        /// Of the machine whose step it is, or of the coordinator's own machine.
        case agentKilled = "the agent is killed"
        case powerCut = "the power is cut"
        case coordinatorKilled = "the coordinator is killed"
    }

    var step: Int
    var kind: Kind
    init(step: Int, kind: Kind) {
        self.step = step
        self.kind = kind
    }

    /// What a run counts its steps by.
    static var never: Blow { Blow(step: .max, kind: .agentKilled) }
}

extension Simulation {
    /// Counts a step; true when the blow fell on it and the agent of `machine` is dead.
    mutating func struck(_ what: @autoclosure () -> String, on machine: Int) -> Bool {
        guard let blow else { return false }
        recordedSteps += 1
        guard recordedSteps == blow.step else { return false }
        strike(blow, machine, what())
        return machines[machine].brain == nil
    }

    /// The coordinator lives on the first machine.
    mutating func strike(_ blow: Blow, _ machine: Int, _ what: String) {
        struckAt = "\(blow.kind.rawValue) of \(machines[machine].name) at step \(blow.step), \(what)"
        switch blow.kind {
        case .agentKilled:
            crashAgent(machine)
            restarts.append((now.advanced(by: random.span(500...5_000)), machine))
        case .powerCut:
            cutPower(machine)
            let back = now.advanced(by: random.span(5_000...40_000))
            restarts.append((back, machine))
            if machine == 0 { killCoordinator(until: back) }
        case .coordinatorKilled: killCoordinator(until: now.advanced(by: random.span(1_000...60_000)))
        }
    }

    private mutating func killCoordinator(until back: Instant) {
        // it may just have died of the same blow, and is started once
        coordinator.crash()
        restarts.removeAll { $0.machine == nil }
        restarts.append((back, nil))
    }
}
