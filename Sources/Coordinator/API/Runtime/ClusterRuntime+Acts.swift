import CoordinatorAuthority
import CoordinatorCore
import CoordinatorStore
import SkepModel
import SkepWire

/// What operators do to a cluster, beside giving it a new file.
extension ClusterRuntime {
    /// Lets a node in that waits for it.
    func approve(_ name: NodeName, actor: String) async throws -> String {
        let node = try enrolled(name)
        guard !node.approved else { return "\(name) is approved already" }
        try await change(node.id, act: "approved", actor: actor) { $0.approved = true }
        return "\(name) is approved; its agent asks again within seconds"
    }

    /// Ends a node's membership: its certificates are not good any more and its connections end now.
    /// Refused when it would take a majority of managers away, unless by force: a stolen machine must go in any case.
    func evict(_ name: NodeName, force: Bool = false, actor: String) async throws -> String {
        let id = try await revoke(name, force: force, actor: actor)
        tools.live.close(id)
        signal(of: id).fire()
        await settle()
        return "\(name) is evicted; take it out of the cluster file, or invite another machine for the name"
    }

    /// Asks and evicts in one turn: of two evictions at once, the second is judged with the first node gone.
    private func revoke(_ name: NodeName, force: Bool, actor: String) async throws -> NodeID {
        await lock()
        defer { wish() }
        defer { unlock() }
        let id = try enrolled(name).id
        let now = look()
        if !force, let reason = Planner().whyNotEvict(id, snapshot(), now: now) {
            throw Refusal(
                .conflict, "QuorumAtRisk",
                "\(name) is not evicted: \(reason); make another node a manager first, or give the swarm up: skep node evict \(name) --force")
        }
        try await tools.store.revokeCertificates(of: id)
        try await keep(id, act: "evicted", actor: actor) { $0.evicted = true }
        return id
    }

    /// Says not to wait for a node of the file.
    func `defer`(_ name: NodeName, actor: String) async throws -> String {
        guard spec.node(name) != nil else { throw Refusal.notFound("there is no node \(name) in the file of \(self.name)") }
        try await change(record: event("deferred: nothing waits for it", node: name, actor: actor)) { record in
            if !record.deferred.contains(name) { record.deferred = (record.deferred + [name]).sorted() }
        }
        await settle()
        return "nothing waits for \(name) any more"
    }

    /// Waits for the node again.
    func undefer(_ name: NodeName, actor: String) async throws -> String {
        guard spec.node(name) != nil else { throw Refusal.notFound("there is no node \(name) in the file of \(self.name)") }
        try await change(record: event("no longer deferred", node: name, actor: actor)) { record in
            record.deferred.removeAll { $0 == name }
        }
        await settle()
        return "\(name) is waited for again"
    }

    /// Tries a node's new ruleset again that was undone.
    func retryFirewall(_ name: NodeName, actor: String) async throws -> String {
        let node = try enrolled(name)
        try await change(record: event("asked to try the firewall again", node: name, actor: actor)) { record in
            record.firewallAttempts[node.id, default: 0] += 1
        }
        await settle()
        return "the new ruleset goes on trial again on \(name); open a new connection to it from management within the trial"
    }

    /// Has a stack deployed again: one that failed or that the swarm took back, or one whose images are to be looked up anew.
    func deployAgain(_ name: StackName, actor: String) async throws -> String {
        guard spec.stacks.contains(where: { $0.name == name }) else { throw Refusal.notFound("\(self.name) has no stack '\(name)'") }
        let digest = currentBundles[name]?.digest
        try await change(record: event("asked to deploy the stack \(name) again", node: nil, actor: actor)) { record in
            record.pins?[name]?.removeAll { $0.bundle == digest }
            record.stackAttempts = (record.stackAttempts ?? [:]).merging([name: 1]) { $0 + $1 }
        }
        await settle()
        return "the stack \(name) is deployed again, with its images looked up anew: skep stack show \(name)"
    }

    /// Begins a drill.
    func drill(_ request: DrillRequest, actor: String) async throws -> DrillAnswer {
        guard spec.policy.drills else {
            throw Refusal(.conflict, "DrillsForbidden", "the file of \(name) forbids drills: write 'policy: {drills: allowed}' and apply it")
        }
        guard let drill = DrillName(rawValue: request.drill) else {
            let known = DrillName.allCases.map(\.rawValue).joined(separator: ", ")
            throw Refusal(.unprocessableContent, "UnknownDrill", "there is no drill '\(request.drill.prefix(40))': \(known)")
        }
        let address = drill == .addressChange ? request.address : nil
        let run = try await begin(drill, on: try enrolled(request.node), address, actor: actor)
        await settle()
        return DrillAnswer(run: run)
    }

    /// Asks and begins in one turn, so that of two at once the second finds the first under way.
    private func begin(_ drill: DrillName, on node: Snapshot.Node, _ address: IPAddress?, actor: String) async throws -> DrillRun {
        await lock()
        defer { wish() }
        defer { unlock() }
        let now = look()
        if let reason = Planner().whyNotDrill(drill, on: node.id, address: address, snapshot(), now: now) {
            throw Refusal(.conflict, "DrillRefused", "the drill \(drill.rawValue) is not begun: \(reason)")
        }
        var run = DrillRun(id: "drill-\(now.milliseconds)", name: drill, node: node.id, nodeName: node.name, address: address, began: now)
        run.former = record.addresses[node.id]
        var new = record
        new.drill = run
        try await store(record: new, event: event("drill \(drill.rawValue) asked for: \(drill.summary)", node: node.name, actor: actor))
        return run
    }

    /// The drill under way, or the last one.
    func drill() throws -> DrillAnswer {
        guard let run = record.drill else { throw Refusal.notFound("there was no drill in \(name) yet") }
        return DrillAnswer(run: run)
    }

    /// Begins the teardown.
    func down(purge: Bool, actor: String) async throws -> String {
        let words = "teardown asked for\(purge ? ", packages included" : "")"
        try await change(record: event(words, node: nil, actor: actor)) { record in
            switch record.lifecycle {
            case .up: record.lifecycle = .down(ClusterRecord.Teardown(purge: purge))
            case .down(var teardown):
                // Asked again, perhaps with --purge: the stages that are done stay done.
                teardown.purge = teardown.purge || purge
                record.lifecycle = .down(teardown)
            }
        }
        await settle()
        return "\(name) is being taken down"
    }

    /// Gives an open operation up; the planner then decides anew from what is observed.
    func abandon(_ id: String, actor: String) async throws -> String {
        try await end(id, actor: actor)
        await settle()
        return "operation \(id) is abandoned"
    }

    private func end(_ id: String, actor: String) async throws {
        await lock()
        defer { unlock() }
        guard var operation = operations.first(where: { $0.id == id }) else {
            throw Refusal.notFound("there is no operation \(id) in \(name)")
        }
        guard operation.isOpen else { throw Refusal(.conflict, "OperationEnded", "operation \(id) has ended already") }
        let now = tools.clock.now()
        operation.state = .failed(at: now, why: "abandoned by \(actor)")
        try await store(
            record: record, operations: [operation],
            event: Event(at: now, cluster: name, kind: .operation, message: "\(operation.kind.rawValue) \(id) abandoned", actor: actor))
    }

    func change(record event: Event, _ body: (inout ClusterRecord) -> Void) async throws {
        await lock()
        var new = record
        body(&new)
        defer { wish() }
        defer { unlock() }
        if new != record { try await store(record: new, event: event) }
    }

    /// Takes a node that has enrolled, after it was stored.
    func enrolled(_ node: Snapshot.Node, events: [Event]) {
        var node = node
        node.seen = nodes[node.id]?.seen
        node.status = nodes[node.id]?.status
        nodes[node.id] = node
        grown(events)
        changed.fire()
        wish()
    }

    /// Forgets how far a node's events were taken: a reinstalled agent counts from the beginning.
    func forgetSequence(of id: NodeID) { sequences[id] = nil }

    private func enrolled(_ name: NodeName) throws -> Snapshot.Node {
        guard let node = nodes.values.first(where: { $0.name == name && !$0.evicted }) else {
            throw Refusal.notFound("no machine is enrolled as \(name) in \(self.name)")
        }
        return node
    }

    private func change(_ id: NodeID, act: String, actor: String, _ body: (inout Snapshot.Node) -> Void) async throws {
        await lock()
        defer { wish() }
        defer { unlock() }
        try await keep(id, act: act, actor: actor, body)
    }

    /// Stores and takes what an act changes of a node. Call it under the lock.
    private func keep(_ id: NodeID, act: String, actor: String, _ body: (inout Snapshot.Node) -> Void) async throws {
        guard var node = nodes[id] else { return }
        body(&node)
        let recorded = try await tools.store.saveNode(node, cluster: name, events: [event(act, node: node.name, actor: actor)])
        // Only these: a report may have come in while it was stored.
        nodes[id]?.approved = node.approved
        nodes[id]?.evicted = node.evicted
        grown(recorded)
    }

    /// Writes an act down that changes nothing of the cluster's record.
    func tell(_ message: String, actor: String) async throws {
        grown(try await tools.store.append([event(message, node: nil, actor: actor)]))
    }

    func event(_ message: String, node: NodeName?, actor: String) -> Event {
        Event(at: tools.clock.now(), cluster: name, node: node, kind: .act, message: message, actor: actor)
    }
}

extension ClusterRuntime {
    /// Ends a node's connections.
    func cut(_ id: NodeID) { tools.live.close(id) }
}
