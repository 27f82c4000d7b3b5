public import AgentCore
public import SkepSystem

/// Does to the machine what the core decided, for the lanes packages, engine, sysctls, firewall, server and mounts.
///
/// Each action is idempotent. The core sees to it that those of one lane do not overlap.
@LoopActor public final class HostActuator {
    private let state: HostState

    public init(_ state: HostState) { self.state = state }

    /// Performs the action and says how it ended; one of another lane is refused in words.
    public func perform(_ action: AgentAction) async -> ActionOutcome {
        do {
            return try await attempt(action)
        } catch {
            return .failed(words(error))
        }
    }

    private func attempt(_ action: AgentAction) async throws -> ActionOutcome {
        let layout = state.layout
        switch action {
        case .installPackages(let names): return try await PackageActions(state).install(names)
        case .holdPackages(let names): try await PackageActions(state).hold(names, true)
        case .unholdPackages(let names): try await PackageActions(state).hold(names, false)
        case .removePackages(let names): try await PackageActions(state).remove(names)

        case .mergeDaemonConfig(let docker, let restart): return try await EngineActions(state).merge(docker, restart: restart)
        case .restoreDaemonConfig(let original, let restart): try await EngineActions(state).restore(original, restart: restart)
        case .startEngine: try await EngineActions(state).start()
        case .restartEngine: try await EngineActions(state).restart()
        case .putBackDaemonConfig: try await EngineActions(state).putBack()

        case .setSysctls(let values): return try SysctlActions(layout).set(values)
        case .restoreSysctls(let values): try SysctlActions(layout).restore(values)

        case .installTable(let text): return try await FirewallActions(layout).install(text, state)
        case .keepTable(let text): try FirewallActions(layout).keep(text)
        case .removeTable: try await FirewallActions(layout).remove()

        case .prepareAPI(let name): try DockerAPIActions(layout: layout).prepare(name: name)
        case .serveAPI(let wanted): try await DockerAPIActions(layout: layout).serve(wanted)
        case .removeAPI: try await DockerAPIActions(layout: layout).remove()

        case .makeFolder(let path, let owner, let mode): try ServerActions(state).makeFolder(path, owner: owner, mode: mode)
        case .prepareServer(let settings): try ServerActions(state).prepare(settings: settings)
        case .writeExports(let exports, let settings): try await ServerActions(state).write(exports: exports, settings: settings)
        case .removeExports: try await ServerActions(state).removeExports()

        case .installMount(let path, let unit): try await MountActions(state).install(path, unit)
        case .remount(let path): try await MountActions(state).remount(path)
        case .removeMount(let path): try await MountActions(state).remove(path)

        case .writeAuthorities(let wanted): try RegistryActions(layout: layout).write(wanted)
        case .makeFolders(let paths): try FolderActions(layout: layout).make(paths)
        case .breakOnPurpose(let drill, let target): try await DrillActions(state).perform(drill, target)

        case .restartTask, .prune, .initialiseSwarm, .joinSwarm, .leaveSwarm, .takeOver, .updateMember, .removeMember, .sealToken, .rotateTokens,
            .createNetwork,
            .removeNetwork, .rebuildIngress, .deployStack, .nudge, .removeStack:
            throw HostFailure("this is the engine's work, not the host's")
        }
        return .done
    }
}
