import SkepModel

/// One pass of the planner: what it was given, what it has decided so far.
struct Planning {
    /// A node of the spec with the machine that stands for it.
    /// A class, because it is looked up and filtered many times in a pass, and a copy of all its values costs more than the decision.
    final class Participant: Sendable {
        let entry: ClusterSpec.Node
        let node: Snapshot.Node
        let liveness: Liveness

        init(entry: ClusterSpec.Node, node: Snapshot.Node, liveness: Liveness) {
            self.entry = entry
            self.node = node
            self.liveness = liveness
        }

        var id: NodeID { node.id }
        var status: NodeStatus? { node.status }
        /// Heard of recently enough to be counted on.
        var isHeard: Bool { liveness == .live || liveness == .suspect }
    }

    let snapshot: Snapshot
    let now: Instant
    /// The machines of the file's nodes; while the cluster is taken down, every machine that there is.
    let participants: [Participant]
    /// Enrolled and approved, and not in the file any more: whatever we made there goes.
    let leaving: [Participant]
    var record: ClusterRecord
    var operations: [Operation]
    var plan: Plan
    let byName: [NodeName: Participant]
    /// How many nodes have an address: one that two have is never advertised.
    let addressOwners: [IPAddress: Int]
    /// The manager that works for the swarm: the leader if it is heard, else the first that is.
    private(set) var acting: Participant?
    private var members: [String: ManagerView.Member] = [:]

    init(_ snapshot: Snapshot, now: Instant) {
        self.snapshot = snapshot
        self.now = now
        record = snapshot.record
        operations = snapshot.operations
        plan = Plan(record: snapshot.record)
        var machines: [NodeName: Int] = [:]
        for index in snapshot.nodes.indices where snapshot.nodes[index].approved && !snapshot.nodes[index].evicted {
            if machines[snapshot.nodes[index].name] == nil { machines[snapshot.nodes[index].name] = index }
        }
        var found = snapshot.spec.nodes.compactMap { entry in
            machines[entry.name].map { index in
                let node = snapshot.nodes[index]
                return Participant(entry: entry, node: node, liveness: Liveness(seen: node.seen, now: now, settings: snapshot.settings))
            }
        }
        var isNamed = [Bool](repeating: false, count: snapshot.nodes.count)
        for entry in snapshot.spec.nodes {
            if let index = machines[entry.name] { isNamed[index] = true }
        }
        let strangers = snapshot.nodes.indices.filter { !isNamed[$0] && snapshot.nodes[$0].approved && !snapshot.nodes[$0].evicted }.map { index in
            let node = snapshot.nodes[index]
            return Participant(
                entry: .init(name: node.name, role: .worker), node: node,
                liveness: Liveness(seen: node.seen, now: now, settings: snapshot.settings))
        }
        if case .down = snapshot.record.lifecycle {
            found += strangers
            leaving = []
        } else {
            leaving = strangers
        }
        participants = found
        byName = Dictionary(participants.map { ($0.entry.name, $0) }) { first, _ in first }
        var owners: [IPAddress: Int] = [:]
        for participant in participants {
            guard let addresses = participant.status?.facts.addresses else { continue }
            // nearly all machines have a few, for which a set costs more than looking through them; but a report may name any number
            guard addresses.count <= 16 else {
                for address in Set(addresses.map(\.address)) { owners[address, default: 0] += 1 }
                continue
            }
            for (index, entry) in addresses.enumerated() where !addresses[..<index].contains(where: { $0.address == entry.address }) {
                owners[entry.address, default: 0] += 1
            }
        }
        addressOwners = owners
        findActing()
    }

    var spec: ClusterSpec { snapshot.spec }

    /// The one operation that is open.
    var open: Operation? { operations.last { $0.isOpen } }

    func name(_ id: NodeID) -> String { snapshot.nodes.first { $0.id == id }?.name.rawValue ?? id.rawValue }

    /// Looks for the acting manager; once more when the swarm is first known.
    mutating func findActing() {
        guard record.swarm != nil else { return }
        let managers = (participants + leaving).filter { $0.liveness == .live && isMember($0) && $0.status?.manager?.swarmID == record.swarm }
        let leader = managers.first { participant in
            participant.status?.manager?.members.contains { $0.leader && $0.id == participant.status?.swarm.nodeID } ?? false
        }
        acting = leader ?? managers.first
        members = Dictionary((view?.members ?? []).map { ($0.id, $0) }) { first, _ in first }
    }

    /// Counts the changes of the acting manager, so that one that was away and comes back with an older node spec does nothing by it.
    mutating func nameActing() {
        guard let acting, let view else { return }
        if record.actingManager == acting.id, view.term <= record.term { return }
        record.actingManager = acting.id
        record.term = max(record.term, view.term) + 1
    }

    /// The swarm as the acting manager sees it.
    var view: ManagerView? { acting?.status?.manager }

    /// Whether the node's own engine says that it is in our swarm.
    func isMember(_ participant: Participant) -> Bool {
        guard let swarm = record.swarm, let status = participant.status else { return false }
        return status.swarm.state == .active && status.swarm.swarmID == swarm
    }

    /// The same, or its agent was installed anew and does not know yet.
    func isInSwarm(_ participant: Participant) -> Bool { isMember(participant) || knownMember(participant) != nil }

    func member(_ participant: Participant) -> ManagerView.Member? {
        participant.status?.swarm.nodeID.flatMap { members[$0] }
    }

    mutating func wait(_ what: String, for reason: String, command: String? = nil) {
        plan.waits.append(Wait(what: what, waitsFor: reason, command: command))
    }

    mutating func note(_ kind: Event.Kind, _ message: String, node: NodeName? = nil) {
        plan.events.append(Event(at: now, cluster: spec.name, node: node, kind: kind, message: message))
    }

    func isDeferred(_ participant: Participant) -> Bool { record.deferred.contains(participant.entry.name) }

    /// Deferred, and not a member that answers: nothing waits for it.
    func isExcused(_ participant: Participant) -> Bool { isDeferred(participant) && !(participant.isHeard && isMember(participant)) }

    /// Why the last operation of that kind on a node failed, while it is too early for another: each failure doubles the pause, so that one node
    /// that cannot be brought along leaves time for all else. Another generation, or another kind of work, begins anew.
    func recentFailure(_ kind: Operation.Kind, of node: NodeID) -> String? {
        let tries = operations.filter { $0.kind == kind && $0.nodes.contains(node) && $0.generation == snapshot.generation }
        guard case .failed(let at, let why)? = tries.last?.state else { return nil }
        let failures = tries.reversed().prefix { if case .failed = $0.state { true } else { false } }.count
        return now.since(at) < snapshot.settings.joinDeadline << Int64(min(failures, 4)) ? why : nil
    }

    /// Begins an operation, unless one is open.
    mutating func begin(_ kind: Operation.Kind, nodes: [NodeID] = [], stack: StackName? = nil, _ words: String) {
        guard open == nil else { return }
        let operation = Operation(
            id: "\(kind.rawValue)-\(now.milliseconds)", kind: kind, generation: snapshot.generation, started: now, nodes: nodes, stack: stack)
        operations.append(operation)
        note(.operation, "began: \(words)")
    }

    /// Changes the open operation.
    mutating func amend(_ change: (inout Operation) -> Void) {
        guard let index = operations.lastIndex(where: \.isOpen) else { return }
        change(&operations[index])
    }

    /// Records a finished step once.
    mutating func step(_ name: String, _ detail: String) {
        guard let current = open, !current.has(name) else { return }
        let finished = Operation.Step(name: name, at: now, detail: detail)
        amend { $0.steps.append(finished) }
        note(.operation, "\(current.kind.rawValue): \(name): \(detail)")
    }

    mutating func end(_ words: String, failed: String? = nil) {
        let state = failed.map { Operation.State.failed(at: now, why: $0) } ?? .done(at: now)
        amend { operation in
            operation.waitsFor = nil
            operation.state = state
        }
        note(failed == nil ? .operation : .failure, failed.map { "failed: \(words): \($0)" } ?? "done: \(words)")
    }

    mutating func finish() -> Plan {
        plan.record = record
        let before = Dictionary(uniqueKeysWithValues: snapshot.operations.map { ($0.id, $0) })
        plan.operations = operations.filter { before[$0.id] != $0 }
        return plan
    }
}
