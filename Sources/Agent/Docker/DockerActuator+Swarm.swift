internal import SkepModel

/// This node's own membership.
extension DockerActuator {
    private struct Initialisation: Encodable, Sendable {
        struct Dispatcher: Encodable, Sendable {
            /// Nanoseconds.
            var HeartbeatPeriod: Int64
        }
        struct Spec: Encodable, Sendable {
            var Labels: [String: String]
            var Dispatcher: Dispatcher?
        }
        var ListenAddr: String
        var AdvertiseAddr: String
        var DataPathAddr: String
        var DataPathPort: UInt16
        var DefaultAddrPool: [String]
        var SubnetSize: Int
        var Spec: Spec
    }

    private struct Joining: Encodable, Sendable {
        var ListenAddr: String
        var AdvertiseAddr: String
        var DataPathAddr: String
        var RemoteAddrs: [String]
        var JoinToken: String
        var Availability = "active"
    }

    func initialise(_ plan: NodeSpec.Initialisation) async throws {
        let swarm = try await localSwarm()
        if swarm.state != "inactive" {
            // Ours, when an earlier attempt at this very operation was not heard of to its end.
            guard swarm.Cluster?.Spec?.Labels?[SkepLabel.operation] == plan.operation else { throw foreign(swarm) }
            return
        }
        let body = Initialisation(
            ListenAddr: Self.listen(plan.advertise), AdvertiseAddr: "\(plan.advertise)", DataPathAddr: "\(plan.advertise)",
            DataPathPort: plan.dataPathPort, DefaultAddrPool: ["\(plan.addressPool)"], SubnetSize: plan.subnetSize,
            Spec: .init(
                Labels: [SkepLabel.tokenEpoch: "0", SkepLabel.operation: plan.operation],
                Dispatcher: plan.heartbeat.map { .init(HeartbeatPeriod: $0 * 1_000_000) }))
        try await client.post("/swarm/init", body: body, deadline: .seconds(120))
    }

    func join(_ plan: NodeSpec.Join) async throws {
        let swarm = try await localSwarm()
        switch swarm.state {
        case "inactive":
            try await ask(plan)
        case "pending":
            break
        case "active":
            let managers = Set((swarm.RemoteManagers ?? []).compactMap(\.Addr))
            guard swarm.Cluster?.ID == plan.swarm || !managers.isDisjoint(with: plan.remotes) else { throw foreign(swarm) }
            return
        default:
            guard swarm.NodeID?.isEmpty ?? true else { throw foreign(swarm) }
            // An attempt that failed before the node was a member; Docker wants it cleared away.
            try await abandon()
            try await ask(plan)
        }
        var last = swarm
        let isOver = try await wait(settings.joinDeadline) {
            last = try await localSwarm()
            return last.state != "pending"
        }
        if last.state == "active" { return }
        if last.state != "inactive" { try await abandon() }
        let words = last.Error.flatMap { $0.isEmpty ? nil : $0 } ?? "no manager at \(plan.remotes.joined(separator: ", ")) let it in"
        throw DockerError(.failed, isOver ? words : "not joined after \(settings.joinDeadline.components.seconds) s, undone: \(words)")
    }

    /// Asks the managers to be let in; that Docker goes on in the background is no failure, and a refusal is.
    private func ask(_ plan: NodeSpec.Join) async throws {
        let token: String
        do {
            token = try openToken(plan.sealedToken)
        } catch {
            throw DockerError(.failed, "the join token cannot be opened: \(error)")
        }
        let body = Joining(
            ListenAddr: Self.listen(plan.advertise), AdvertiseAddr: "\(plan.advertise)", DataPathAddr: "\(plan.advertise)",
            RemoteAddrs: plan.remotes, JoinToken: token)
        do {
            try await client.post("/swarm/join", body: body, deadline: .seconds(60))
        } catch let error as DockerError where error.message.contains("continue in the background") || error.code == .timeout {
            return
        } catch {
            // Docker keeps a refused attempt as a state of its own.
            if let state = try? await localSwarm(), state.state != "inactive", state.NodeID?.isEmpty ?? true { try? await abandon() }
            throw DockerError(.failed, DockerError.words(error).replacing(token, with: "(the token)"))
        }
    }

    private func abandon() async throws {
        try await client.post("/swarm/leave", ["force": "true"], deadline: .seconds(60))
    }

    func leave(force: Bool) async throws {
        let swarm = try await localSwarm()
        guard swarm.state != "inactive" else { return }
        if swarm.isActiveManager { try await stepDown(swarm) }
        do {
            try await client.post("/swarm/leave", ["force": force ? "true" : "false"], deadline: .seconds(120))
        } catch let error as DockerError where error.message.contains("not part of a swarm") {
            return
        }
        let isOut = try await wait(settings.memberDeadline) { try await localSwarm().state == "inactive" }
        guard isOut else { throw DockerError(.failed, "the engine does not leave the swarm") }
    }

    /// A manager becomes a worker before it leaves, so that the others keep a majority; the last one takes the swarm with it.
    private func stepDown(_ swarm: EngineInfo.SwarmPart) async throws {
        guard swarm.Cluster != nil else {
            let words = swarm.Error.flatMap { $0.isEmpty ? nil : $0 } ?? "it does not answer"
            throw DockerError(
                .unavailable,
                "the swarm has no leader (\(words)), and this manager's copy may be needed to recover it; if it is to be given up, run `docker swarm leave --force` here"
            )
        }
        let nodes: [NodeEntry] = try await client.get("/nodes")
        guard let id = swarm.NodeID, nodes.contains(where: { $0.role == .manager && $0.ID != id }) else { return }
        try await update(id, role: .worker, labels: [:], removing: [])
    }

    func localSwarm() async throws -> EngineInfo.SwarmPart {
        let info: EngineInfo = try await client.get("/info")
        return info.Swarm ?? EngineInfo.SwarmPart()
    }

    private func foreign(_ swarm: EngineInfo.SwarmPart) -> DockerError {
        let name = swarm.Cluster.map { " \($0.ID)" } ?? ""
        return DockerError(.conflict, "this engine is in another swarm already\(name) (\(swarm.state)); it is left alone")
    }

    private static func listen(_ address: IPAddress) -> String { address.isV4 ? "0.0.0.0:2377" : "[::]:2377" }
}
