import SkepModel

/// Plans what a node serves and what it mounts.
struct SharePlanner {
    let context: PlanningContext

    /// What another mount may mend. A share that is full, or not granted, is so after it as well; and a hard mount outlasts its server's absence.
    private static let mendedByMounting: Set<String> = ["Frozen", "ReadOnly", "Shadowed", "Stale", "WrongSource"]

    func server() -> Part {
        let server: Observation.Server
        switch context.observation.server {
        case .failed(let error): return context.blind(.exports, "the NFS server's state", error)
        case .seen(let seen): server = seen
        }
        guard let shares = context.spec.shares, !shares.exports.isEmpty else {
            guard server.exports != nil || server.settings != nil || server.isOurs else { return .nothing }
            return context.pending(.exports, [.removeExports], reason: "Removing", doing: "ending the exports")
        }
        if case .seen(let packages) = context.observation.packages, !packages.installed.contains("nfs-kernel-server") {
            let settings = ShareRenderer.settings(v3: shares.v3)
            return Part(
                actions: server.settings == settings ? [] : [.prepareServer(settings: settings)],
                condition: context.condition(.exports, .false, "NotInstalled", "nfs-kernel-server is not installed yet"))
        }
        var actions: [AgentAction] = []
        var causes: [AgentAction: Cause] = [:]
        for export in shares.exports {
            let folder = server.folders[export.path] ?? .init(exists: false)
            if !folder.exists || folder.owner != export.owner || folder.mode != export.mode {
                let action = AgentAction.makeFolder(path: export.path, owner: export.owner, mode: export.mode)
                actions.append(action)
                causes[action] =
                    folder.exists ? Cause(.folderChanged, "it was \(folder.owner), \(folder.mode)") : Cause(.folderGone, "it was gone")
            }
        }
        let exports = ShareRenderer.exports(shares)
        let settings = ShareRenderer.settings(v3: shares.v3)
        let paths = Set(shares.exports.filter { !$0.clients.isEmpty }.map(\.path))
        if server.exports != exports || server.settings != settings || !server.active || !paths.isSubset(of: server.exported) {
            let action = AgentAction.writeExports(exports: exports, settings: settings)
            actions.append(action)
            let missing = paths.subtracting(server.exported).sorted()
            causes[action] =
                if !server.active {
                    Cause(.serverStopped, "the NFS server did not run")
                } else if server.exports != exports || server.settings != settings {
                    Cause(.exportsChanged, "its files were not as specified")
                } else {
                    Cause(.notExported, "\(missing.joined(separator: ", ")) was not exported")
                }
        }
        if actions.isEmpty {
            return Part(
                condition: context.condition(.exports, .true, "Exported", shares.exports.map { "\($0.name): \($0.path)" }.joined(separator: ", ")))
        }
        let doing = server.active ? "exporting \(shares.exports.map(\.path).joined(separator: ", "))" : "starting the NFS server"
        var part = context.pending(.exports, actions, reason: "Exporting", doing: doing)
        part.causes = causes
        return part
    }

    func mounts() -> Part {
        let points: [String: Observation.MountPoint]
        switch context.observation.mounts {
        case .failed(let error): return context.blind(.mounts, "mounts", error)
        case .seen(let seen): points = seen
        }
        let wanted = Self.wanted(context.spec)
        var actions: [AgentAction] = []
        var causes: [AgentAction: Cause] = [:]
        var problems: [String] = []
        var unmended: [String] = []
        for (path, point) in points.sorted(by: { $0.key < $1.key }) where point.unit != nil && wanted[path] == nil {
            actions.append(.removeMount(path: path))
            problems.append("unmounting \(path)")
        }
        for (path, want) in wanted.sorted(by: { $0.key < $1.key }) {
            let point = points[path] ?? .init()
            if point.unit != want.unit || point.source == nil {
                let action = AgentAction.installMount(path: path, unit: want.unit)
                actions.append(action)
                causes[action] =
                    point.source == nil ? Cause(.shareUnmounted, "it was not mounted") : Cause(.mountUnit, "its unit was not as specified")
                problems.append("mounting \(path)")
            } else if case .bad(let reason, let message) = point.health {
                if Self.mendedByMounting.contains(reason) {
                    actions.append(.remount(path: path))
                    causes[.remount(path: path)] = Cause(.share(reason), "it was bad (\(reason)): \(message)")
                } else {
                    unmended.append(reason)
                }
                problems.append("\(path): \(reason): \(message)")
            }
        }
        if !actions.isEmpty {
            var part = context.pending(.mounts, actions, reason: "Mounting", doing: problems.joined(separator: "; "))
            part.causes = causes
            if needsPackage { part.actions = actions.filter { if case .removeMount = $0 { true } else { false } } }
            return part
        }
        if let reason = unmended.first { return Part(condition: context.condition(.mounts, .false, reason, problems.joined(separator: "; "))) }
        guard !wanted.isEmpty else { return .nothing }
        let unproven = wanted.keys.filter { points[$0]?.health == nil }.sorted()
        if !unproven.isEmpty {
            return Part(
                condition: context.condition(.mounts, .unknown, "NotProbed", "no probe of \(unproven.joined(separator: ", ")) has answered yet"))
        }
        return Part(condition: context.condition(.mounts, .true, "Mounted", wanted.keys.sorted().joined(separator: ", ")))
    }

    /// Tasks whose containers hold a mount that is no longer the one at a share's path: they are restarted once the share itself is good. Other containers
    /// are not ours to restart.
    func tasks() -> Part {
        let paths = Self.wanted(context.spec).keys
        guard !paths.isEmpty, context.spec.docker != nil, case .seen(.running) = context.observation.engine else { return .nothing }
        let strays: [Observation.BoundContainer]
        switch context.observation.strays {
        case .failed(let error): return context.blind(.bindings, "which containers are bound to shares", error)
        case .seen(let seen): strays = seen.filter { paths.contains($0.path) }.sorted { ($0.name, $0.path) < ($1.name, $1.path) }
        }
        guard !strays.isEmpty else {
            return Part(
                condition: context.condition(.bindings, .true, "Bound", "containers see \(paths.sorted().joined(separator: ", ")) as it is mounted"))
        }
        let points = context.observation.mounts.value ?? [:]
        let words = strays.map { "\($0.name) holds a mount of \($0.path) that is gone" }.joined(separator: "; ")
        var actions: [AgentAction] = []
        var causes: [AgentAction: Cause] = [:]
        for stray in strays where stray.isTask && points[stray.path]?.health == .good {
            let action = AgentAction.restartTask(container: stray.id, name: stray.name)
            if causes[action] == nil { actions.append(action) }
            causes[action] = Cause(.deadMount, "it held a mount of \(stray.path) that was gone")
        }
        guard actions.isEmpty else {
            var part = context.pending(.bindings, actions, reason: "Restarting", doing: words)
            part.causes = causes
            return part
        }
        let others = Set(strays.filter { !$0.isTask }.map(\.name)).sorted()
        let next = others.isEmpty ? "restarted once the share is good" : "`docker restart \(others.joined(separator: " "))` here mends it"
        return Part(condition: context.condition(.bindings, .false, "DeadMount", "\(words); \(next)"))
    }

    /// Whether each share of this node is good now; nil for one of which the look cannot tell.
    func health() -> [ShareName: Bool?] {
        guard let shares = context.spec.shares else { return [:] }
        let points = context.observation.mounts.value
        func good(_ path: String) -> Bool? {
            guard let points else { return nil }
            guard let point = points[path], point.source != nil else { return false }
            switch point.health {
            case .good: return true
            case .bad("Late", _), nil: return nil
            case .bad: return false
            }
        }
        var health: [ShareName: Bool?] = [:]
        for mount in shares.mounts { health[mount.name] = .some(good(mount.mount)) }
        for export in shares.exports {
            guard let server = context.observation.server.value else {
                health[export.name] = .some(nil)
                continue
            }
            let serves =
                server.active && server.folders[export.path]?.exists == true && (export.clients.isEmpty || server.exported.contains(export.path))
            health[export.name] = .some(serves ? (export.mount == export.path ? true : good(export.mount)) : false)
        }
        return health
    }

    private var needsPackage: Bool {
        guard context.spec.shares?.mounts.isEmpty == false, case .seen(let packages) = context.observation.packages else { return false }
        return !packages.installed.contains("nfs-common")
    }

    private struct Wanted { let unit: String }

    private static func wanted(_ spec: NodeSpec) -> [String: Wanted] {
        var result: [String: Wanted] = [:]
        guard let shares = spec.shares else { return result }
        for mount in shares.mounts { result[mount.mount] = Wanted(unit: ShareRenderer.unit(mount, v3: shares.v3)) }
        for export in shares.exports where export.mount != export.path { result[export.mount] = Wanted(unit: ShareRenderer.bindUnit(export)) }
        return result
    }
}
