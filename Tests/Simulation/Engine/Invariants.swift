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
        if !plan.ready, let missing = missingReason(snapshot, plan, open) { return "I5: \(missing) (\(plan.phase))" }
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

extension Invariants {
    /// What is not as the file says, by what the coordinator was told, and is neither named nor explained.
    private static func missingReason(_ snapshot: Snapshot, _ plan: Plan, _ open: [Operation]) -> String? {
        for wait in plan.waits where wait.waitsFor.isEmpty { return "\(wait.what) waits, and nothing says for what" }
        for condition in plan.conditions where condition.status != .true && condition.message.isEmpty { return "\(condition.type) without a reason" }
        for stack in plan.stacks where !stack.ready && stack.reason?.isEmpty != false { return "\(stack.name) without a reason" }
        if case .down(let teardown) = plan.record.lifecycle, teardown.stage == .gone { return nil }
        guard plan.record.lifecycle == .up, let swarm = plan.record.swarm, !plan.waits.contains(where: { $0.what == "the swarm" }) else {
            return plan.waits.isEmpty && open.isEmpty ? "nothing says why it is not ready" : nil
        }
        for entry in snapshot.spec.nodes {
            let node = snapshot.nodes.first { $0.name == entry.name && $0.approved && !$0.evicted }
            if node?.status?.swarm.state == .active, node?.status?.swarm.swarmID == swarm { continue }
            let name = entry.name.rawValue
            let isNamed =
                plan.waits.contains { $0.what.contains(name) } || open.contains { operation in node.map { operation.nodes.contains($0.id) } ?? false }
            if !isNamed { return "\(name) is not in the swarm" }
        }
        return nil
    }
}

extension Simulation {
    /// Every event of an agent was stored, once.
    func compareEvents() throws {
        for machine in machines {
            let stored = coordinator.disk.events[machine.id] ?? []
            if stored != stored.indices.map({ $0 + 1 }) {
                throw SimulationFailure(seed: seed, at: now, what: "I8: the events of \(machine.name) are \(stored)")
            }
            let evicted = coordinator.memory.nodes.contains { $0.id == machine.id && $0.evicted }
            if !evicted, stored.count + machine.disk.memory.events.count < machine.disk.memory.sequence {
                throw SimulationFailure(
                    seed: seed, at: now, what: "I8: of \(machine.disk.memory.sequence) events of \(machine.name), \(stored.count) came")
            }
        }
    }

    /// Of what an agent remembers.
    func violation(_ memory: AgentMemory, by index: Int) -> String? {
        let taken = machines[index].found.intersection(memory.packages).sorted()
        return taken.isEmpty ? nil : "\(machines[index].name) takes for its own, and would remove, what was there: \(taken)"
    }

    /// Of one action that begins.
    func violation(_ action: AgentAction, by index: Int, _ look: Machine.Look) -> String? {
        switch action {
        case .initialiseSwarm:
            let elsewhere = machines.contains {
                $0.index != machines[index].index && $0.work.contains { if case .initialiseSwarm = $0.action { true } else { false } }
            }
            return swarms.isEmpty && !elsewhere ? nil : "I1: a second swarm is about to be made by \(machines[index].name)"
        case .updateMember(let id, .worker?, _, _, _), .removeMember(let id):
            return look.dispensable.contains(id) ? nil : leavesNoMajority(without: id, by: index)
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

    func leavesNoMajority(without id: String, by index: Int) -> String? {
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
            if machine.exports != nil || machine.serverSettings != nil { left.append("exports") }
            if machine.daemon != nil { left.append("daemon.json") }
            if !machine.held.isEmpty { left.append("holds") }
            if machine.sysctls["vm.max_map_count"] != "65530" { left.append("sysctls") }
            if !left.isEmpty { throw SimulationFailure(seed: seed, at: now, what: "\(machine.name) keeps \(left.joined(separator: ", "))") }
        }
        let stacks = swarms.values.flatMap(\.stacks.keys)
        if !stacks.isEmpty { throw SimulationFailure(seed: seed, at: now, what: "stacks are left: \(stacks)") }
    }
}
