public import AgentCore
internal import AgentDocker
internal import AgentHost
public import SkepModel
public import SkepSystem

/// This machine: the host's eyes and hands and the engine's, side by side.
@LoopActor public final class LocalMachine: Machine {
    private let hostObserver: HostObserver
    private let hostActuator: HostActuator
    private let dockerObserver: DockerObserver
    private let dockerActuator: DockerActuator
    private let docker: DockerClient
    private let probe = AgentProbe()
    private let canary: Canary
    private let images: ImageLookup
    private let daemonConfig: String
    private let hostState: HostState
    private var events: DockerEvents?
    private var watches: HostWatches?
    private var sweep: Task<Void, Never>?
    /// The bridges that the last look at the engine found; the next look at the host leaves them aside.
    private var bridges: [String] = []
    /// For which key a certificate of Docker's API is asked, as it was last read.
    private var apiRequest: String?

    /// The machine below the paths' root.
    public init(paths: AgentPaths, identity: NodeIdentity, store: IdentityStore) {
        let layout = paths.root.isEmpty ? HostLayout.standard() : HostLayout(root: paths.root, hasSystemd: false)
        daemonConfig = layout.daemonConfig
        let state = HostState(layout)
        hostState = state
        hostObserver = HostObserver(state)
        hostActuator = HostActuator(state)
        docker = DockerClient(socket: paths.root + "/var/run/docker.sock")
        images = ImageLookup(client: docker)
        let observer = DockerObserver(client: docker)
        dockerObserver = observer
        canary = Canary(state) { try await observer.ingressAddress() }
        var settings = DockerActuator.Settings()
        settings.stackFolder = paths.state + "/stacks"
        let sealing = TrustedSealing(cluster: identity.cluster, store: store)
        dockerActuator = DockerActuator(
            client: docker, settings: settings, openToken: { try sealing.open($0) }, sealToken: { try sealing.seal($0, to: $1, expectedKey: $2) })
    }

    public func start(moved: @escaping @LoopActor @Sendable (Movement) -> Void) {
        let events = DockerEvents(client: docker) { kinds in
            moved(.part(.engine))
            // bridges come with networks, and the table names them
            if !kinds.isDisjoint(with: [.connected, .lost, .engine, .network]) { moved(.anything) }
        }
        self.events = events
        events.start()
        let watches = HostWatches(hostState, told: moved)
        self.watches = watches
        watches.start()
        probe.news = { moved(.anything) }
        canary.news = { moved(.anything) }
        images.news = { moved(.anything) }
        let actuator = dockerActuator
        sweep = Task { await actuator.sweep() }
    }

    public func stop() {
        events?.stop()
        events = nil
        watches?.stop()
        watches = nil
        sweep?.cancel()
        sweep = nil
        probe.news = nil
        probe.stop()
        canary.news = nil
        canary.stop()
        images.news = nil
        images.stop()
    }

    public func observe(spec: NodeSpec?, memory: AgentMemory) async -> Observation {
        if let spec { probe.update(spec.probe, node: spec.node) } else { probe.stop() }
        canary.update(spec?.canary)
        images.update(spec?.images)
        let scope = scope(spec, memory)
        watches?.follow(scope)
        let started = hostObserver.engineStarted
        async let hostLook = hostObserver.look(scope)
        async let dockerLook = dockerObserver.look(
            rememberedSwarm: remembered(memory), failures: dockerActuator.failures, handed: dockerActuator.handed, process: engineProcess)
        let (host, engine) = await (hostLook, dockerLook)
        if case .seen(let view)? = engine.manager { await dockerActuator.tidy(view) }
        var facts = host.facts
        var runs = false
        if case .seen(.running(let version, let found)) = engine.engine {
            bridges = found
            facts.docker = version
            runs = true
        }
        var look = Observation(
            facts: facts, packages: host.packages, engine: engine.engine, daemonConfig: host.daemonConfig,
            daemonText: try? Files.readText(daemonConfig), sysctls: host.sysctls, table: host.table, server: host.server, mounts: host.mounts,
            swarm: engine.swarm, manager: engine.manager, probe: probe.report)
        look.canary = canary.report
        look.images = images.report
        look.authorities = host.authorities
        look.api = host.api
        look.boundFolders = host.folders
        // what could not be read for once is no key that was lost
        if case .seen(let api) = host.api { apiRequest = api.request }
        look.facts.apiRequest = apiRequest
        look.hasFormerDaemonConfig = spec?.docker != nil && hostObserver.judgeDaemonConfig(runningSince: runs ? started : nil)
        // after the engine was seen to run: it makes them before it answers
        if runs {
            look.dockerChains = await hostObserver.dockerChains()
            look.strays = await strays(scope)
        }
        return look
    }

    public func glance(_ aspect: Aspect, over last: Observation, spec: NodeSpec?, memory: AgentMemory) async -> Observation {
        var look = last
        if aspect == .tasks {
            look.strays = await strays(scope(spec, memory))
            return look
        }
        guard aspect == .engine else {
            await hostObserver.glance(aspect, scope(spec, memory), into: &look)
            return look
        }
        let started = hostObserver.engineStarted
        let engine = await dockerObserver.look(
            rememberedSwarm: remembered(memory), failures: dockerActuator.failures, handed: dockerActuator.handed, process: engineProcess)
        if case .seen(let view)? = engine.manager { await dockerActuator.tidy(view) }
        await hostObserver.glance(aspect, scope(spec, memory), into: &look)
        look.daemonText = try? Files.readText(daemonConfig)
        look.engine = engine.engine
        look.swarm = engine.swarm
        look.manager = engine.manager
        var runs = false
        look.facts.docker = nil
        if case .seen(.running(let version, _)) = engine.engine {
            look.facts.docker = version
            runs = true
        }
        look.hasFormerDaemonConfig = spec?.docker != nil && hostObserver.judgeDaemonConfig(runningSince: runs ? started : nil)
        look.dockerChains = runs ? await hostObserver.dockerChains() : nil
        return look
    }

    /// Containers that hold a mount which is not the share's any more.
    private func strays(_ scope: HostScope) async -> Seen<[Observation.BoundContainer]> {
        do { return .seen(try hostObserver.strays(try await dockerObserver.bound(to: scope.mounts.keys.sorted()))) } catch {
            return .failed("\(error)")
        }
    }

    private func scope(_ spec: NodeSpec?, _ memory: AgentMemory) -> HostScope {
        HostScope(spec: spec, memory: memory, packages: AgentBrain.packages(for: spec), bridges: bridges)
    }

    private var engineProcess: EngineProcess { hostObserver.engineIsAlive.map { $0 ? .running : .ended } ?? .unknown }

    /// The swarm that this node is in by our doing, as far as it knows its id.
    private func remembered(_ memory: AgentMemory) -> String? { memory.swarm.flatMap { $0.hasPrefix("making:") ? nil : $0 } }

    public func broken(by drill: Drill) -> Int64? { hostObserver.broken(by: drill) }

    public func perform(_ action: AgentAction) async -> ActionOutcome {
        switch action.lane {
        case .packages, .engine, .sysctls, .firewall, .registries, .api, .server, .mounts, .folders, .drill: await hostActuator.perform(action)
        case .tasks, .disk, .swarm, .members, .tokens, .networks, .stacks, .removals: await dockerActuator.perform(action)
        }
    }
}
