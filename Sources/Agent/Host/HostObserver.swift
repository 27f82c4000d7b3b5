public import AgentCore
public import SkepModel
public import SkepSystem

/// Looks at the machine: the host's parts of an ``Observation``, each by itself, so that one that fails hides no other.
@LoopActor public final class HostObserver {
    /// The host's parts of one look.
    public struct Look: Sendable, Equatable {
        public var facts: NodeFacts
        public var packages: Seen<Observation.Packages>
        public var daemonConfig: Seen<Observation.DaemonConfig>
        public var sysctls: Seen<[String: String]>
        public var table: Seen<Observation.Table>
        public var authorities: Seen<[String: String]>
        public var api: Seen<Observation.API>
        public var server: Seen<Observation.Server>
        public var folders: Seen<[String: Observation.BoundFolder]>
        public var mounts: Seen<[String: Observation.MountPoint]>
    }

    private let state: HostState
    private let packages: PackageObserver
    private let mounts: MountObserver

    public init(_ state: HostState) {
        self.state = state
        packages = PackageObserver(state)
        mounts = MountObserver(state)
    }

    /// One look; all parts at once, so that a share that does not answer delays it by its own few seconds only.
    public func look(_ scope: HostScope) async -> Look {
        let layout = state.layout
        let chains = await FirewallChains.read(layout, state.ruleset)
        async let facts = HostFactsReader(layout: layout, scope: scope, chains: chains).read()
        async let packages = seen { try await self.packages.look(scope.packages) }
        async let config = seen { try EngineActions(self.state).look(scope.docker) }
        async let sysctls = seen { try SysctlActions(layout).look(scope.sysctls) }
        async let table = seen { try await FirewallActions(layout).look(self.state, counting: scope.countsConnections) }
        async let authorities = seen { try RegistryActions(layout: layout).look() }
        async let api = seen { try await DockerAPIActions(layout: layout).look() }
        async let server = seen { try await ServerActions(self.state).look(scope.folders) }
        async let mounts = seen { try await self.mounts.look(scope) }
        async let folders = seen { try FolderActions(layout: layout).look(scope.bound) }
        return await Look(
            facts: facts, packages: packages, daemonConfig: config, sysctls: sysctls, table: table, authorities: authorities, api: api,
            server: server,
            folders: folders, mounts: mounts)
    }

    /// Whether the chains by which Docker publishes ports are there, for an engine that was just seen to run; nil where that cannot be said: where an
    /// operator told Docker to make none, or iptables keeps to its older tables, which nft does not show.
    public func dockerChains() async -> Bool? {
        guard let chains = await FirewallChains.read(state.layout, state.ruleset) else { return nil }
        let started = EngineActions(state).started
        if chains.hasDockers {
            state.chainsSeen = started
            return true
        }
        // who started the engine may have told it to make none by a flag
        guard let started, state.chainsSeen == started else { return nil }
        if EngineActions(state).isWithoutIptables { return nil }
        let legacy = (try? Files.readText(state.layout.legacyTables)) ?? ""
        return legacy.split(separator: "\n").contains("nat") ? nil : false
    }

    /// When the engine was started, in milliseconds since 1970: to be asked before it is looked at.
    public var engineStarted: Int64? { EngineActions(state).started }

    /// Whether the process of the engine's PID file is there; nil where there is no such file.
    public var engineIsAlive: Bool? { EngineActions(state).isAlive }

    /// The engine was seen to run since that start (nil: it was not): what it read then is good. Whether the file is another one now.
    public func judgeDaemonConfig(runningSince: Int64?) -> Bool {
        let actions = EngineActions(state)
        if let runningSince {
            do { try actions.noteGood(since: runningSince) } catch {
                Log.warning("ignoring that a good daemon.json could not be recorded", ["error": words(error)])
            }
        }
        return actions.hasFormer
    }

    /// Those of the containers that hold a mount which is not the share's any more.
    public func strays(_ bound: [Observation.BoundContainer]) throws -> [Observation.BoundContainer] { try mounts.strays(bound) }

    /// When the machine was broken by that drill, in milliseconds of the clock that nobody sets; nil when it was not yet.
    public func broken(by drill: Drill) -> Int64? { DrillActions.broken(drill.id, state.layout) }

    /// One part alone, with everything that goes with it, put in the place of an earlier look's.
    public func glance(_ aspect: Aspect, _ scope: HostScope, into last: inout Observation) async {
        switch aspect {
        case .firewall: last.table = await seen { try await FirewallActions(state.layout).look(self.state, counting: scope.countsConnections) }
        case .server: last.server = await seen { try await ServerActions(self.state).look(scope.folders) }
        case .mounts: last.mounts = await seen { try await self.mounts.look(scope) }
        case .tasks: break
        case .engine: last.daemonConfig = await seen { try EngineActions(self.state).look(scope.docker) }
        }
    }

    private func seen<Value>(_ body: @LoopActor @Sendable () async throws -> Value) async -> Seen<Value> {
        do { return .seen(try await body()) } catch { return .failed(words(error)) }
    }
}
