import AgentCore
import CoordinatorCore
import SkepModel

/// What must hold at every step.
enum Invariants {
    /// Of one pass of the planner.
    static func check(_ snapshot: Snapshot, _ plan: Plan) -> String? {
        let makers = plan.nodeSpecs.values.filter { if case .initialise = $0.swarm { true } else { false } }
        if makers.count > 1 { return "I1: \(makers.count) nodes are told to make a swarm" }
        if !makers.isEmpty, snapshot.record.swarm != nil { return "I1: a node is told to make a swarm although there is one" }
        if let former = snapshot.record.decisions, plan.record.decisions != former { return "I1: decisions were taken anew" }
        if let former = snapshot.record.swarm, plan.record.swarm != former { return "I1: the swarm was forgotten" }
        let open = (snapshot.operations.filter { old in !plan.operations.contains { $0.id == old.id } } + plan.operations).filter(\.isOpen)
        if open.count > 1 { return "two operations are open: \(open.map(\.id))" }
        if !plan.ready, snapshot.record.lifecycle == .up, plan.waits.isEmpty, plan.conditions.allSatisfy({ $0.status == .true }), open.isEmpty,
            plan.stacks.allSatisfy(\.ready)
        {
            return "I5: not ready, and no reason is shown (\(plan.phase))"
        }
        for spec in plan.nodeSpecs.values {
            for sealing in spec.duties?.sealings ?? [] {
                guard let node = snapshot.nodes.first(where: { $0.id == sealing.node }), node.approved, !node.evicted else {
                    return "I3: a token is to be sealed to \(sealing.node), which is not enrolled"
                }
                let joins = open.contains { $0.kind == .join && $0.nodes.contains(sealing.node) }
                if !joins { return "I3: a token is to be sealed to \(sealing.node), which is not about to join" }
            }
        }
        return nil
    }
}

extension Simulation {
    /// Of one action that begins.
    func violation(_ action: AgentAction, by index: Int) -> String? {
        switch action {
        case .initialiseSwarm:
            let elsewhere = machines.contains {
                $0.index != machines[index].index && $0.work.contains { if case .initialiseSwarm = $0.action { true } else { false } }
            }
            return swarms.isEmpty && !elsewhere ? nil : "I1: a second swarm is about to be made by \(machines[index].name)"
        case .updateMember(let id, .worker?, _, _), .removeMember(let id): return leavesNoMajority(without: id, by: index)
        case .leaveSwarm:
            guard coordinator.disk.snapshot.record.lifecycle == .up, let id = machines[index].memberID else { return nil }
            return leavesNoMajority(without: id, by: index)
        case .sealToken(let sealing, _):
            guard let target = machines.first(where: { $0.id == sealing.node }) else { return "I3: a token is sealed to a stranger" }
            return target.id == machines[index].id ? "I3: a manager seals a token to itself" : nil
        case .deployStack(let bundle):
            guard let stack = spec.stacks.first(where: { $0.name == bundle.name }), let swarm = swarms[machines[index].managerOf ?? ""] else {
                return nil
            }
            for needed in stack.after {
                guard let other = swarm.stacks[needed.rawValue], other.healthyAt <= now else {
                    return "I4: \(bundle.name) is deployed before \(needed) is healthy"
                }
            }
            return nil
        default: return nil
        }
    }

    private func leavesNoMajority(without id: String, by index: Int) -> String? {
        guard let swarm = swarms[machines[index].swarm ?? ""], let member = swarm.members.first(where: { $0.id == id }), member.role == .manager
        else { return nil }
        let rest = swarm.members.filter { $0.role == .manager && $0.id != id }
        let alive = rest.filter { other in machines.contains { $0.memberID == other.id && $0.engineRuns } }
        return alive.count * 2 > rest.count ? nil : "I2: \(id) is taken away and leaves \(alive.count) of \(rest.count) managers"
    }

    /// The world is what the file says.
    func compareWithWorld() throws {
        func broken(_ what: String) -> SimulationFailure { SimulationFailure(seed: seed, at: now, what: "ready, but \(what)") }
        guard swarms.count == 1, let swarm = swarms.first?.value else { throw broken("there are \(swarms.count) swarms") }
        for entry in spec.nodes {
            guard let machine = machines.first(where: { $0.name == entry.name }) else { continue }
            guard let member = swarm.members.first(where: { $0.id == machine.memberID }) else { throw broken("\(entry.name) is in no swarm") }
            if member.role != entry.role { throw broken("\(entry.name) is a \(member.role)") }
            for (key, value) in entry.labels where member.labels[key] != value { throw broken("\(entry.name) lacks the label \(key)") }
            if machine.table == nil { throw broken("\(entry.name) has no table") }
            for (key, value) in entry.sysctls where machine.sysctls[key] != value {
                throw broken("\(entry.name) has \(key)=\(machine.sysctls[key] ?? "")")
            }
            if spec.nfs != nil, entry.name.rawValue != "n1", machine.mounts["/nfs-root"] == nil { throw broken("\(entry.name) lacks the share") }
        }
        for machine in machines where !spec.nodes.contains(where: { $0.name == machine.name }) {
            let node = coordinator.memory.nodes.first { $0.name == machine.name }
            if swarm.members.contains(where: { $0.id == machine.memberID || $0.hostname == machine.name.rawValue }) {
                throw broken("\(machine.name), which is not in the file, is in the swarm")
            }
            if node?.evicted == false, machine.swarm != nil || machine.table != nil { throw broken("\(machine.name) was not left as it was found") }
        }
        if swarm.epoch < 1, spec.nodes.count > 1 { throw broken("the tokens were never rotated") }
        for stack in spec.stacks {
            guard let there = swarm.stacks[stack.name.rawValue], there.healthyAt <= now else { throw broken("\(stack.name) does not run") }
            if there.digest != coordinator.memory.bundles[stack.name]?.digest { throw broken("\(stack.name) runs \(there.digest)") }
        }
    }

    /// Nothing of ours is left, but on machines that were evicted and hear nobody.
    func compareWithNothing() throws {
        for machine in machines where coordinator.memory.nodes.contains(where: { $0.name == machine.name && !$0.evicted }) {
            var left: [String] = []
            if machine.swarm != nil { left.append("a swarm") }
            if machine.table != nil { left.append("the table") }
            if !machine.mounts.isEmpty { left.append("mounts") }
            if machine.exports != nil { left.append("exports") }
            if machine.daemon != nil { left.append("daemon.json") }
            if !machine.held.isEmpty { left.append("holds") }
            if machine.sysctls["vm.max_map_count"] != "65530" { left.append("sysctls") }
            if !left.isEmpty { throw SimulationFailure(seed: seed, at: now, what: "\(machine.name) keeps \(left.joined(separator: ", "))") }
        }
        let stacks = swarms.values.flatMap(\.stacks.keys)
        if !stacks.isEmpty { throw SimulationFailure(seed: seed, at: now, what: "stacks are left: \(stacks)") }
    }
}
