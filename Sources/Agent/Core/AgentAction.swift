public import SkepModel

/// Work that may not overlap is in one lane; different lanes run side by side.
public enum Lane: String, Codable, CodingKeyRepresentable, Hashable, Sendable, CaseIterable, Comparable {
    case packages, engine, sysctls, firewall, registries, api, server, mounts, folders, tasks, disk, swarm, members, tokens, networks, stacks,
        removals,
        drill
    public static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }
}

/// One thing that an agent may do to its machine. All are idempotent: done twice, the machine is as if done once.
public enum AgentAction: Hashable, Sendable {
    /// `dpkg --configure -a`, `apt-get update`, `apt-get install`, in the transient unit `skep-apt`.
    case installPackages([String])
    case holdPackages([String])
    case unholdPackages([String])
    /// Removes them; their configuration and data stay, Docker's volumes and images among them.
    case removePackages([String])

    /// Merges the wanted keys into daemon.json, checks it, and restarts the engine if asked to.
    case mergeDaemonConfig(NodeSpec.Docker, restart: Bool)
    /// Puts the recorded text back, or removes the file if there was none; the engine is restarted if it may be and has read what it must
    /// start anew to forget.
    case restoreDaemonConfig(original: String?, restart: Bool)
    case startEngine
    /// Restarts it with all its containers, as it makes its own firewall chains only at its start.
    case restartEngine
    /// Puts the daemon.json back with which the engine last started, keeps the other as `daemon.json.broken`, and starts the engine.
    case putBackDaemonConfig

    case setSysctls([String: String])
    case restoreSysctls([String: String])

    /// Installs the whole table in one transaction; answers with the listing's digest.
    case installTable(text: String)
    /// Keeps a proven text, which is loaded at the machine's next start, before Docker.
    case keepTable(text: String)
    /// The table goes, and the kept text.
    case removeTable

    /// Has the engine check registries' certificates against these authorities, by host:port, and against no others of ours.
    case writeAuthorities([String: String])

    /// Makes the node's key for Docker's API over TLS, if there is none, and the request for its certificate.
    case prepareAPI(name: NodeName)
    /// Writes what the server of Docker's API needs, and starts it; whom it lets in no more is cut off.
    case serveAPI(DockerAPISpec)
    case removeAPI

    case makeFolder(path: String, owner: String, mode: String)
    /// Writes the settings file before there is a server, whose first start reads it.
    case prepareServer(settings: String)
    /// Writes the exports and settings files, enables and starts the server, and re-exports.
    case writeExports(exports: String, settings: String)
    case removeExports
    /// Writes the unit and starts it.
    case installMount(path: String, unit: String)
    /// Unmounts, lazily if it must, and mounts again.
    case remount(path: String)
    /// Stops and removes the unit of ours; the mount point is removed if it is empty and we made it.
    case removeMount(path: String)

    /// Makes folders that stacks bind, where nothing is.
    case makeFolders([String])

    /// Kills a swarm task's container, by Docker's id, so that the swarm starts another in its place; `name` is the container's.
    case restartTask(container: String, name: String)
    /// Removes ended tasks' containers, images that no container uses and the build cache; never volumes.
    case prune

    case initialiseSwarm(NodeSpec.Initialisation)
    case joinSwarm(NodeSpec.Join)
    case leaveSwarm(force: Bool)

    /// Records in the swarm that this manager acts for it from now on.
    case takeOver(term: Int)
    /// Sets role and our labels of a member, and has it take tasks again.
    case updateMember(id: String, role: Role?, labels: [String: String], removeLabels: [String], activate: Bool = false)
    case removeMember(id: String)
    case sealToken(ManagerDuties.Sealing, expectedKey: String)
    case rotateTokens(epoch: Int)
    case createNetwork(ManagerDuties.Network)
    case removeNetwork(String)
    /// Makes the ingress network anew with that MTU; only while no service publishes through it.
    case rebuildIngress(mtu: Int)
    /// `docker stack deploy` in the transient unit `skep-stack-<name>`.
    case deployStack(StackBundle)
    /// Has the swarm look anew for nodes for a service's tasks, by an update that changes nothing of it.
    case nudge(service: String)
    /// Removes the stack and waits for its tasks.
    case removeStack(String)

    /// Breaks the machine on purpose, once.
    case breakOnPurpose(Drill, DrillTarget)

    public var lane: Lane {
        switch self {
        case .installPackages, .holdPackages, .unholdPackages, .removePackages: .packages
        case .mergeDaemonConfig, .restoreDaemonConfig, .startEngine, .restartEngine, .putBackDaemonConfig: .engine
        case .setSysctls, .restoreSysctls: .sysctls
        case .installTable, .keepTable, .removeTable: .firewall
        case .writeAuthorities: .registries
        case .prepareAPI, .serveAPI, .removeAPI: .api
        case .makeFolder, .prepareServer, .writeExports, .removeExports: .server
        case .installMount, .remount, .removeMount: .mounts
        case .makeFolders: .folders
        case .restartTask: .tasks
        case .prune: .disk
        case .initialiseSwarm, .joinSwarm, .leaveSwarm: .swarm
        case .takeOver, .updateMember, .removeMember: .members
        case .sealToken, .rotateTokens: .tokens
        case .createNetwork, .removeNetwork, .rebuildIngress: .networks
        case .deployStack, .nudge: .stacks
        case .removeStack: .removals
        case .breakOnPurpose: .drill
        }
    }

    /// The stack that it makes or removes: one of these at a time.
    var stack: String? {
        switch self {
        case .deployStack(let bundle): bundle.name.rawValue
        case .removeStack(let name): name
        default: nil
        }
    }
}

/// How an action ended.
public enum ActionOutcome: Hashable, Sendable {
    case done
    /// The table's listing after it was installed.
    case installed(listing: String)
    /// What was there before the first change, to be put back one day.
    case originals(Originals)
    case sealed(ManagerView.SealedToken)
    /// Why it failed, in the words of apt, Docker, nft or the system.
    case failed(String)

    public var isFailure: Bool { if case .failed = self { true } else { false } }

    /// What an action found before it changed it; only what it touched is set.
    public struct Originals: Hashable, Sendable {
        /// The text of daemon.json; `.some(nil)` when there was none.
        public var daemonConfig: String??
        public var sysctls: [String: String]
        public var packages: [String]
        public init(daemonConfig: String?? = nil, sysctls: [String: String] = [:], packages: [String] = []) {
            self.daemonConfig = daemonConfig
            self.sysctls = sysctls
            self.packages = packages
        }
    }
}
