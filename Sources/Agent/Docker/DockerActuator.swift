public import AgentCore
public import SkepModel
public import SkepSystem

/// Does what the agent's core decided with the engine: the lanes tasks, disk, swarm, members, tokens, networks, stacks and
/// removals.
///
/// Every action looks first and does nothing that is done already, so that one that was cut short is simply done again.
@LoopActor public final class DockerActuator {
    /// Where things are and how long to wait for them.
    public struct Settings: Sendable {
        /// Where bundles lie while the Docker CLI reads them.
        public var stackFolder = "/var/lib/skep-agent/stacks"
        /// Where the Docker CLI may be installed; the first that is there is used.
        public var programs = ["/usr/bin/docker", "/usr/local/bin/docker"]
        /// Whether `docker stack deploy` looks up the digests of images in their registries.
        public var resolvesImages = true
        /// Whether the CLI runs as a transient unit, so that it outlives this agent and is found again.
        public var usesSystemd = Files.exists("/run/systemd/system")
        public var joinDeadline = Duration.seconds(60)
        /// For a role or an absence to take effect.
        public var memberDeadline = Duration.seconds(45)
        public var networkDeadline = Duration.seconds(60)
        public var deployDeadline = Duration.seconds(600)
        public var removalDeadline = Duration.seconds(120)
        public var pruneDeadline = Duration.seconds(300)
        public init() {}
    }

    /// Opens a join token that was sealed to this node.
    public typealias OpenToken = @LoopActor @Sendable (_ sealed: String) throws -> String
    /// Seals a join token to a node's certificate after checking it against the key that node is known by.
    public typealias SealToken = @LoopActor @Sendable (_ token: String, _ sealing: ManagerDuties.Sealing, _ expectedKey: String) throws -> String

    let client: DockerClient
    let settings: Settings
    let openToken: OpenToken
    let seal: SealToken
    /// By stack, what the Docker CLI said when it last refused its bundle; nothing once it took it.
    public internal(set) var failures: [String: String] = [:]
    /// Stacks whose superseded configs and secrets were removed, with the bundle that runs; of others an agent that began anew does not know.
    var tidied: [String: String] = [:]
    /// What the swarm was given last, by stack, as far as this agent has done it.
    public internal(set) var handed: [String: StackBundle.Attempt] = [:]
    var isTidying = false
    /// Stacks whose bundle lies on disk because this agent hands it over just now.
    var deploying: Set<String> = []

    public init(
        client: DockerClient, settings: Settings = Settings(), openToken: @escaping OpenToken, sealToken: @escaping SealToken
    ) {
        self.client = client
        self.settings = settings
        self.openToken = openToken
        seal = sealToken
    }

    /// Does one action; those of the host's lanes are not ours and fail.
    public func perform(_ action: AgentAction) async -> ActionOutcome {
        do {
            switch action {
            case .initialiseSwarm(let plan): try await initialise(plan)
            case .joinSwarm(let plan): try await join(plan)
            case .leaveSwarm(let force): try await leave(force: force)
            case .restartTask(let container, _): try await restartTask(container)
            case .prune: try await prune()
            case .updateMember(let id, let role, let labels, let removed, let activate):
                try await update(id, role: role, labels: labels, removing: removed, activate: activate)
            case .removeMember(let id): try await removeMember(id)
            case .sealToken(let sealing, let key): return .sealed(try await seal(for: sealing, expectedKey: key))
            case .rotateTokens(let epoch): try await rotateTokens(epoch: epoch)
            case .takeOver(let term): try await takeOver(term: term)
            case .createNetwork(let network): try await createNetwork(network)
            case .removeNetwork(let name): try await removeNetwork(name)
            case .rebuildIngress(let mtu): try await rebuildIngress(mtu: mtu)
            case .deployStack(let bundle): try await deploy(bundle)
            case .nudge(let service): try await nudge(service)
            case .removeStack(let name): try await removeStack(name)
            case .installPackages, .holdPackages, .unholdPackages, .removePackages, .mergeDaemonConfig, .restoreDaemonConfig, .startEngine,
                .restartEngine,
                .putBackDaemonConfig, .setSysctls, .restoreSysctls, .installTable, .keepTable, .removeTable, .writeAuthorities, .prepareAPI,
                .serveAPI, .removeAPI,
                .makeFolder, .prepareServer,
                .writeExports, .removeExports, .installMount, .remount, .removeMount, .makeFolders, .breakOnPurpose:
                return .failed("this is not done through Docker")
            }
            return .done
        } catch {
            return .failed(DockerError.words(error))
        }
    }

    /// Asks every `pause` until the answer is yes; no when it was not within `limit`.
    func wait(_ limit: Duration, pause: Duration = .milliseconds(300), until isDone: () async throws -> Bool) async throws -> Bool {
        let end = SystemClock.monotonicMilliseconds() + Int64(limit.components.seconds) * 1000
        while true {
            if try await isDone() { return true }
            guard SystemClock.monotonicMilliseconds() < end else { return false }
            try await LoopActor.sleep(for: pause)
        }
    }
}
