import CoordinatorAuthority
import CoordinatorCore
import CoordinatorStore
import SkepModel
import SkepWire

extension ClusterRuntime {
    func summary() async -> ClusterSummary {
        if !hasPlanned { await settle() }
        return ClusterSummary(name: name, kind: spec.kind, generation: generation.number, ready: plan.ready, phase: plan.phase)
    }

    /// Repairs of the last so many seconds, by class of fault; of more than 10,000 the newest.
    func repairs(seconds: Int64) async throws -> RepairsAnswer {
        let since = tools.clock.now().advanced(by: -seconds * 1000)
        let events = try await tools.store.repairs(of: name, since: since, limit: 10_000)
        return RepairsAnswer(seconds: seconds, repairs: RepairSummary.summaries(of: events))
    }

    /// The cluster as it is shown: every age by the coordinator's clock.
    func status() async -> StatusAnswer {
        // Just started: nothing has been judged yet.
        if !hasPlanned { await settle() }
        let now = look()
        var shown: [StatusAnswer.Node] = []
        var known: Set<NodeID> = []
        for wanted in spec.nodes {
            let node = nodes.values.filter { $0.name == wanted.name }.min { !$0.evicted && $1.evicted }
            if let node { known.insert(node.id) }
            shown.append(show(node, name: wanted.name, role: wanted.role, labels: wanted.labels, now: now))
        }
        for node in nodes.values.sorted(by: { $0.name < $1.name }) where !known.contains(node.id) && !node.evicted {
            shown.append(show(node, name: node.name, role: .worker, labels: [:], now: now))
        }
        var answer = StatusAnswer(
            cluster: .init(
                name: name, kind: spec.kind, generation: generation.number, ready: plan.ready, phase: plan.phase,
                waits: plan.waits.map { .init(what: $0.what, waitsFor: $0.waitsFor, command: $0.command) }, conditions: conditions),
            nodes: shown,
            stacks: plan.stacks.map { stack in
                .init(
                    name: stack.name, ready: stack.ready, reason: stack.reason,
                    services: stack.services.map { .init(name: $0.name, running: $0.running, desired: $0.desired, error: $0.error, image: $0.image) })
            },
            operations: operations, now: now)
        answer.traffic = traffic(now)
        return answer
    }

    private func show(
        _ node: Snapshot.Node?, name: NodeName, role: Role, labels: [String: String], now: Instant
    ) -> StatusAnswer.Node {
        guard let node else {
            var answer = StatusAnswer.Node(name: name, id: nil, role: role, ready: false, liveness: "never")
            answer.labels = labels
            return answer
        }
        let liveness = Liveness(seen: node.seen, now: now, settings: tools.settings)
        let word = node.evicted ? "evicted" : node.approved ? liveness.rawValue : "awaiting approval"
        let conditions = node.status?.conditions ?? []
        // what an agent says before it has this generation is not about what the file asks
        let isReady =
            word == "live" && node.status?.generation == generation.number && !conditions.isEmpty && conditions.allSatisfy { $0.status == .true }
        var answer = StatusAnswer.Node(name: name, id: node.id, role: role, ready: isReady, liveness: word)
        answer.seenSecondsAgo = node.seen.map { Double(max(0, now.since($0))) / 1000 }
        answer.labels = labels
        answer.certificateExpires = expires(node.certificate)
        answer.advertised = record.addresses[node.id]?.description
        answer.conditions = (conditions.filter { $0.type != .connected } + [connected(liveness, node, now)]).sorted { $0.type < $1.type }
        guard let status = node.status else { return answer }
        answer.addresses = status.facts.addresses.map { "\($0.address)/\($0.prefix)" }
        answer.docker = status.facts.docker
        answer.system = status.facts.system.isEmpty ? nil : status.facts.system
        answer.swarm = status.swarm.state.rawValue + (status.swarm.isManager ? ", manager" : "") + (byHand(status).map { ", \($0)" } ?? "")
        answer.progress = liveness == .live ? status.progress : nil
        answer.clockOffsetMilliseconds = status.facts.clockOffset
        return answer
    }

    /// `drain` or `pause`, where somebody said so of a member.
    private func byHand(_ status: NodeStatus) -> String? {
        let view = record.actingManager.flatMap { nodes[$0]?.status?.manager }
        let availability = view?.members.first { $0.id == status.swarm.nodeID }?.availability
        return availability == "active" ? nil : availability
    }

    private func connected(_ liveness: Liveness, _ node: Snapshot.Node, _ now: Instant) -> Condition {
        switch liveness {
        case .live: Condition(.connected, .true, reason: "Heard", message: "its agent reports", since: node.seen ?? now)
        case .suspect: Condition(.connected, .unknown, reason: "Late", message: "its agent's report is late", since: node.seen ?? now)
        case .down:
            Condition(
                .connected, .false, reason: "NotHeard",
                message: "its agent is not heard: what is shown of it is old. On the machine: systemctl status skep-agent",
                since: node.seen ?? now)
        case .never:
            Condition(.connected, .false, reason: "NeverHeard", message: "its agent has enrolled and not reported yet", since: node.seen ?? now)
        }
    }

    private func expires(_ certificate: String) -> Instant? {
        guard !certificate.isEmpty else { return nil }
        if let known = expiry[certificate] { return known }
        if expiry.count > 2 * nodes.count { expiry = [:] }
        let instant = (try? tools.authority.read(pem: certificate))?.notAfter
        expiry[certificate] = instant
        return instant
    }
}
