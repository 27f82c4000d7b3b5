internal import SkepModel

/// The other members of the swarm.
extension DockerActuator {
    func update(_ id: String, role: Role?, labels: [String: String], removing: [String], activate: Bool = false) async throws {
        if role == .worker { try await checkDemotion(id) }
        for attempt in 1... {
            let node = try await node(id)
            var spec = node.Spec
            var all = spec["Labels"]?.texts ?? [:]
            for name in removing { all[name] = nil }
            all.merge(labels) { _, new in new }
            spec["Labels"] = .object(all.mapValues { .string($0) })
            if let role { spec["Role"] = .string(role.rawValue) }
            if activate { spec["Availability"] = .string("active") }
            if spec == node.Spec || (!activate && all.isEmpty && role == nil && node.labels.isEmpty) { break }
            do {
                try await client.post("/nodes/\(DockerClient.escaped(id))/update", ["version": "\(node.Version.Index)"], body: spec)
                break
            } catch let error as DockerError where error.isOutOfSequence && attempt < 8 {
                continue
            } catch let error as DockerError where role == .worker && error.code == .unavailable {
                // Its own demotion may cut off the answer; whether it was done is seen by waiting.
                break
            }
        }
        if let role { try await waitForRole(id, role) }
    }

    /// Until the member has taken the role up or laid it down.
    private func waitForRole(_ id: String, _ role: Role) async throws {
        let isDone = try await wait(settings.memberDeadline) {
            do {
                let node = try await node(id)
                return node.role == role && (role == .worker || node.isReachable)
            } catch let error as DockerError where role == .worker && error.code == .unavailable {
                // This very node is no manager any more, or the leader has just changed.
                return try await !localSwarm().isActiveManager
            }
        }
        guard isDone else {
            throw DockerError(
                .failed, role == .manager ? "the member is not reachable as a manager yet" : "the member has not laid down its role yet")
        }
    }

    /// A demotion must leave a majority of reachable managers.
    private func checkDemotion(_ id: String) async throws {
        let nodes: [NodeEntry] = try await client.get("/nodes")
        guard nodes.contains(where: { $0.ID == id && $0.role == .manager }) else { return }
        let others = nodes.filter { $0.role == .manager && $0.ID != id }
        let reachable = others.count { $0.isReachable }
        guard !others.isEmpty else {
            throw DockerError(.refused, "the swarm's last manager cannot become a worker: make another node a manager first")
        }
        guard reachable > others.count / 2 else {
            throw DockerError(
                .refused, "with one manager less, only \(reachable) of \(others.count) would be reachable: bring the missing ones back first")
        }
    }

    func removeMember(_ id: String) async throws {
        do {
            var last = try await node(id)
            let isDown = try await wait(settings.memberDeadline) {
                last = try await node(id)
                // an entry of an interrupted join never had an engine that could go down
                return last.state == "down" || (last.state == "unknown" && last.hostname.isEmpty)
            }
            guard isDown else {
                throw DockerError(.refused, "\(last.hostname) (\(id)) is still \(last.state); it leaves the swarm before it is removed")
            }
            // Docker removes no manager, not even a dead one.
            if last.role == .manager { try await update(id, role: .worker, labels: [:], removing: []) }
            try await client.delete("/nodes/\(DockerClient.escaped(id))", ["force": "true"])
        } catch let error as DockerError where error.code == .notFound {
            return
        }
    }

    private func node(_ id: String) async throws -> NodeEntry { try await client.get("/nodes/\(DockerClient.escaped(id))") }
}
