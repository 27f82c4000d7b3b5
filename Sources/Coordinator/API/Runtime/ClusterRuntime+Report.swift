import CoordinatorAuthority
import CoordinatorCore
import CoordinatorStore
import Logging
import SkepModel
import SkepWire

extension ClusterRuntime {
    /// Takes what an agent observed, and answers with a newer spec as soon as there is one, or when its beat is over.
    func report(_ request: ReportRequest, from id: NodeID) async throws -> ReportAnswer {
        try await take(request.status, from: id, holds: request.holds)
        if request.urgent || nodes[id]?.status?.revision != request.holds { await settle() } else { wish() }

        // The beat is counted by a clock that nobody sets.
        // Never longer than a beat, and not the same for all: agents that were answered together do not come back together.
        let beat = specs[id]?.beat ?? tools.settings.beat
        let end = ContinuousClock.now + .milliseconds(Int.random(in: beat - beat / 5...beat))
        let changes = signal(of: id)
        while true {
            let turn = changes.turn
            try check(id)
            let current = revision(of: id)
            let left = Int64((end - ContinuousClock.now) / Duration.milliseconds(1))
            if request.urgent || left <= 0 || (current.map { $0.0 != request.holds } ?? false) || changes.isFinished {
                let isNew = current.map { $0.0 != request.holds } ?? false
                return ReportAnswer(
                    revision: current?.0 ?? 0, spec: isNew ? current?.1 : nil, acknowledged: sequences[id] ?? 0, now: tools.clock.now())
            }
            _ = await changes.wait(after: turn, within: left)
        }
    }

    /// Refuses a node that is not, or no more, one of this cluster.
    func check(_ id: NodeID) throws {
        guard let node = nodes[id] else { throw Refusal(.forbidden, "UnknownNode", "no such node is enrolled in \(name)") }
        guard !node.evicted else {
            throw Refusal(.forbidden, "Evicted", "\(node.name) was evicted from \(name): enrol it again with a new invitation")
        }
        guard node.approved else { throw Refusal(.forbidden, "NotApproved", "\(node.name) awaits an operator's approval") }
    }

    private func take(_ report: NodeStatus, from id: NodeID, holds: Int) async throws {
        try check(id)
        let report = report.bounded()
        guard report.node == id else {
            throw Refusal(.forbidden, "WrongNode", "the report speaks of another node than the certificate")
        }
        guard let node = nodes[id] else { return }
        let now = tools.clock.now()
        if report.events.isEmpty {
            if sequences[id] == nil { sequences[id] = 0 }
        } else {
            let (sequence, recorded) = try await tools.store.recordEvents(report.events, of: id, named: node.name, cluster: name)
            sequences[id] = sequence
            grown(recorded)
        }
        var status = report
        status.events = []
        if status.facts.clockOffset == nil { status.facts.clockOffset = report.observed.since(now) }
        // The node may have been changed, or removed, while the events were written.
        try check(id)
        let before = nodes[id]?.status
        let seen = look()
        nodes[id]?.status = status
        nodes[id]?.seen = seen
        let isChange = before.map { !Self.saysTheSame($0, status) } ?? true
        if isChange || savedAt[id].map({ now.since($0) > 60_000 }) ?? true { unsaved.insert(id) }
        if isChange { changed.fire() }
        try await record(changesFrom: before, to: status, node: node.name)
    }

    /// Whether the two reports differ in nothing but when they were made.
    private static func saysTheSame(_ one: NodeStatus, _ two: NodeStatus) -> Bool {
        var one = one
        one.observed = two.observed
        one.facts.clockOffset = two.facts.clockOffset
        return one == two
    }

    private func record(changesFrom before: NodeStatus?, to after: NodeStatus, node: NodeName) async throws {
        guard let before else { return }
        let now = tools.clock.now()
        let events = after.conditions.compactMap { condition -> Event? in
            guard let old = before.condition(condition.type), old.status != condition.status else { return nil }
            return Event(
                at: now, cluster: name, node: node, kind: .transition,
                message: "\(condition.type.rawValue) is \(condition.status.rawValue) (\(condition.reason)): \(condition.message)")
        }
        if !events.isEmpty { grown(try await tools.store.append(events)) }
    }

    /// Writes the reports that changed; sealed tokens stay in memory alone.
    func saveStatuses(all: Bool = false) async {
        let now = tools.clock.now()
        let wanted = all ? Set(nodes.keys) : unsaved
        unsaved = []
        let rows = wanted.compactMap { id -> StoredStatus? in
            guard let node = nodes[id], var status = node.status, let seen = node.seen else { return nil }
            status.manager?.sealed = []
            savedAt[id] = now
            return StoredStatus(node: id, seen: seen, status: status)
        }
        guard !rows.isEmpty else { return }
        do {
            try await tools.store.saveStatuses(rows)
        } catch {
            tools.logger.warning("ignoring that statuses were not stored", metadata: ["cluster": "\(name)", "error": "\(error)"])
        }
    }

    /// Notes the first use of a certificate: from now on it is the node's, and older ones are not good any more.
    func used(_ certificate: NodeCertificate) async throws {
        try await tools.store.markUsed(serial: certificate.serial, at: tools.clock.now())
        await lock()
        defer { unlock() }
        guard var node = nodes[certificate.node], node.certificate != certificate.pem else { return }
        if node.key != certificate.key { node.enrolment += 1 }
        node.key = certificate.key
        node.certificate = certificate.pem
        _ = try await tools.store.saveNode(node, cluster: name, events: [])
        // Only these: a report may have come in while it was stored.
        nodes[node.id]?.key = node.key
        nodes[node.id]?.enrolment = node.enrolment
        nodes[node.id]?.certificate = node.certificate
        wish()
    }
}
