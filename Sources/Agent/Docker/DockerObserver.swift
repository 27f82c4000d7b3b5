public import AgentCore
public import SkepModel
public import SkepSystem

/// What the engine's PID file says of its process.
public enum EngineProcess: Sendable, Equatable {
    case running
    /// The file is there, and the process is not.
    case ended
    /// There is no such file: it was never started, was stopped, did not come up, or keeps its file elsewhere.
    case unknown
}

/// Looks at the engine and its swarm; changes nothing.
@LoopActor public final class DockerObserver {
    /// One look at everything that the engine says.
    public struct Look: Sendable, Equatable {
        public var engine: Seen<Observation.Engine>
        public var swarm: Seen<SwarmStatus>
        /// Nil unless this node is a manager.
        public var manager: Seen<ManagerView>?
    }

    let client: DockerClient
    private let programs: [String]
    /// What systemd says of the engine; nil where there is no systemd.
    private let unit: @LoopActor @Sendable () async -> EngineUnit?

    /// `programs` is where an engine may be installed: with none of them there and no socket, there is no engine.
    public convenience init(
        client: DockerClient, programs: [String] = ["/usr/sbin/dockerd", "/usr/bin/dockerd", "/usr/local/bin/dockerd", "/snap/bin/dockerd"]
    ) {
        self.init(client: client, programs: programs) { await EngineUnit.read() }
    }

    init(client: DockerClient, programs: [String], unit: @escaping @LoopActor @Sendable () async -> EngineUnit?) {
        self.client = client
        self.programs = programs
        self.unit = unit
    }

    /// Everything, in two requests to a worker's engine and four or five to a manager's. `rememberedSwarm` is the swarm's id as this node was
    /// told it, for workers' engines do not know it; `failures` are ``DockerActuator/failures``, `handed` ``DockerActuator/handed``. `process` is what its PID file says.
    public func look(
        rememberedSwarm: String?, failures: [String: String] = [:], handed: [String: StackBundle.Attempt] = [:], process: EngineProcess = .running
    ) async -> Look {
        // systemd holds the socket of an engine that does not run: whoever asks there waits until one is up, or starts one that fails once more
        if let reason = await whyNotAsked(process) {
            return Look(engine: .seen(.stopped(reason)), swarm: .seen(SwarmStatus(state: .absent)), manager: nil)
        }
        let info: EngineInfo
        let networks: [NetworkEntry]
        do {
            async let listed: [NetworkEntry] = client.get("/networks")
            info = try await client.get("/info")
            networks = try await listed
        } catch {
            return await silent(error)
        }
        let engine = Observation.Engine.running(version: info.ServerVersion, bridges: Self.bridges(networks))
        var look = Look(engine: .seen(engine), swarm: .seen(Self.status(info.Swarm, remembered: rememberedSwarm)), manager: nil)
        // one that is being stopped leaves its swarm's sessions first, and goes on answering until its containers have ended: it would join once more
        if rememberedSwarm != nil, case .seen(let swarm) = look.swarm, swarm.state == .inactive, let unit = await unit(), unit.isStopping {
            look.swarm = .failed("the engine is being stopped; its place in the swarm is known again when it runs: \(unit.words)")
        }
        if let swarm = info.Swarm, swarm.isActiveManager { look.manager = await manager(swarm, networks, failures, handed) }
        return look
    }

    /// The engine alone.
    public func engine() async -> Seen<Observation.Engine> { await look(rememberedSwarm: nil).engine }

    /// This node's place in a swarm alone.
    public func swarm(rememberedSwarm: String?) async -> Seen<SwarmStatus> {
        do {
            let info: EngineInfo = try await client.get("/info")
            return .seen(Self.status(info.Swarm, remembered: rememberedSwarm))
        } catch {
            return await silent(error).swarm
        }
    }

    // MARK: The engine

    private func whyNotAsked(_ process: EngineProcess) async -> String? {
        switch process {
        case .running: nil
        case .ended: "its process has ended"
        case .unknown: if let unit = await unit(), unit.isLoaded, !unit.isActive { unit.words } else { nil }
        }
    }

    /// What there is to say when the engine did not answer as it should.
    private func silent(_ error: any Error) async -> Look {
        let words = DockerError.words(error)
        guard (error as? DockerError)?.code == .unreachable else { return Look(engine: .failed(words), swarm: .failed(words), manager: nil) }
        let nothing = Seen.seen(SwarmStatus(state: .absent))
        if !Files.exists(client.socket), !programs.contains(where: Files.exists) {
            return Look(engine: .seen(.absent), swarm: nothing, manager: nil)
        }
        return Look(engine: .seen(.stopped(await unit()?.words ?? words)), swarm: nothing, manager: nil)
    }

    private static func bridges(_ networks: [NetworkEntry]) -> [String] {
        Set(networks.compactMap(\.bridge)).union(["docker0", "docker_gwbridge"]).sorted()
    }

    // MARK: The swarm

    private static func status(_ swarm: EngineInfo.SwarmPart?, remembered: String?) -> SwarmStatus {
        func given(_ text: String?) -> String? { text.flatMap { $0.isEmpty ? nil : $0 } }
        guard let swarm, swarm.state != "inactive" else {
            return SwarmStatus(state: .inactive, error: given(swarm?.Error))
        }
        return SwarmStatus(
            state: .init(rawValue: swarm.state), nodeID: given(swarm.NodeID), swarmID: given(swarm.Cluster?.ID) ?? remembered,
            isManager: swarm.ControlAvailable ?? false, address: swarm.NodeAddr.flatMap { IPAddress($0) }, error: given(swarm.Error))
    }

    private func manager(
        _ swarm: EngineInfo.SwarmPart, _ networks: [NetworkEntry], _ failures: [String: String], _ handed: [String: StackBundle.Attempt]
    ) async -> Seen<ManagerView> {
        guard let cluster = swarm.Cluster, !cluster.ID.isEmpty else {
            return .failed(swarm.Error.flatMap { $0.isEmpty ? nil : $0 } ?? "the swarm does not answer this manager")
        }
        do {
            async let listed: [ServiceEntry] = client.get("/services", ["status": "true"])
            let nodes: [NodeEntry] = try await client.get("/nodes")
            let services = try await listed
            var tasks: [TaskEntry] = []
            // what ran there is "running" for the swarm as long as nobody says otherwise
            let down = nodes.filter(\.isDown).map(\.ID)
            let lost: [TaskEntry] = down.isEmpty ? [] : try await client.get("/tasks", ["filters": try DockerClient.filters(["node": down])])
            let needed = SwarmLook.needTasks(services, nodes: nodes, lost: lost)
            if !needed.isEmpty {
                tasks = try await client.get("/tasks", ["filters": try DockerClient.filters(["service": needed.map(\.ID)])])
            }
            let look = SwarmLook(cluster: cluster, nodes: nodes, services: services, tasks: tasks, networks: networks)
            return .seen(look.view(failures: failures, handed: handed))
        } catch {
            return .failed(DockerError.words(error))
        }
    }
}
