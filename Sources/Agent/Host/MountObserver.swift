internal import AgentCore
internal import Glibc
internal import SkepSystem

/// Looks at what is mounted where shares should be, and tries each of them.
@LoopActor final class MountObserver {
    private let state: HostState
    /// The last probe of each path: a look and a glance that probe the same share at once would take each other's file away.
    private var probes: [String: Task<Observation.MountPoint.Health, Never>] = [:]
    private var layout: HostLayout { state.layout }

    init(_ state: HostState) { self.state = state }

    func look(_ scope: HostScope) async throws -> [String: Observation.MountPoint] {
        let table = try Self.table(layout)
        let units = try Self.units(layout)
        var points: [String: Observation.MountPoint] = [:]
        for (path, text) in units { points[path] = .init(unit: text, source: table.mounted(at: path)?.source) }
        let looks = scope.mounts.map { path, mount in
            let unit = units[path]
            return (path, Task { @LoopActor in await self.point(path, mount, unit, table, node: scope.node) })
        }
        for (path, look) in looks { points[path] = await look.value }
        return points
    }

    /// The machine's own mount table, or this process's where that one may not be read.
    static func table(_ layout: HostLayout) throws -> MountTable {
        var failure: (any Error)?
        for path in layout.mountTables {
            do { return MountTable(try Files.readText(path, limit: 16 << 20)) } catch { failure = failure ?? error }
        }
        throw failure ?? HostFailure("no mount table to read")
    }

    /// Texts of the mount units that are ours, by mount path.
    static func units(_ layout: HostLayout) throws -> [String: String] {
        guard Files.exists(layout.units) else { return [:] }
        var units: [String: String] = [:]
        for name in try Files.list(layout.units) where name.hasSuffix(".mount") {
            guard let status = try Files.status("\(layout.units)/\(name)", followLinks: false), status.kind == .file else { continue }
            let text = try Files.readText("\(layout.units)/\(name)")
            let unit = MountUnit(text)
            if unit.isOurs { units[unit.path] = text }
        }
        return units
    }

    /// Those of the containers that are bound to another mount than the one that stands at the share's path now: their own mount tables tell, and nothing
    /// is looked into, as a dead mount never answers.
    func strays(_ bound: [Observation.BoundContainer]) throws -> [Observation.BoundContainer] {
        guard !bound.isEmpty else { return [] }
        let table = try Self.table(layout)
        return bound.filter { container in
            // what lies on another file system below the share, as a disk of the machine's own, is bound to that
            guard let now = table.mounted(at: container.path), table.containing(container.source)?.id == now.id,
                let text = try? Files.readText("\(layout.processes)/\(container.process)/mountinfo", limit: 16 << 20),
                let held = MountTable(text).mounted(at: container.destination)
            else { return false }
            return !held.isWithin(now)
        }
    }

    private func point(_ path: String, _ mount: HostScope.Mount, _ unit: String?, _ table: MountTable, node: String) async
        -> Observation.MountPoint
    {
        guard let entry = table.mounted(at: path) else {
            guard let hidden = table.all(at: path).last, let cover = table.containing(path) else {
                return .init(unit: unit, health: .bad(reason: "NotMounted", message: "nothing is mounted at \(path)"))
            }
            let message = "\(cover.source) is mounted over \(cover.path) and hides the share; unmount it"
            return .init(unit: unit, source: hidden.source, health: .bad(reason: "Shadowed", message: message))
        }
        let source = self.source(entry, mount, table)
        if source != mount.source.text {
            if table.all(at: path).contains(where: { $0.id != entry.id && self.source($0, mount, table, isHidden: true) == mount.source.text }) {
                let message = "\(source) is mounted over the share at \(path); unmount it"
                return .init(unit: unit, source: mount.source.text, health: .bad(reason: "Shadowed", message: message))
            }
            let message = "\(source) is mounted at \(path), not \(mount.source.text)"
            return .init(unit: unit, source: source, health: .bad(reason: "WrongSource", message: message))
        }
        if mount.write, entry.isReadOnly {
            return .init(unit: unit, source: source, health: .bad(reason: "ReadOnly", message: "\(path) is mounted read-only"))
        }
        return .init(unit: unit, source: source, health: await health(path, mount, node: node))
    }

    /// As the spec names it: a bound folder is known by its device and number, which no table tells.
    private func source(_ entry: MountTable.Entry, _ mount: HostScope.Mount, _ table: MountTable, isHidden: Bool = false) -> String {
        guard case .folder(let folder) = mount.source else {
            return entry.source.count > 1 && entry.source.hasSuffix("/") && entry.type.hasPrefix("nfs") && !mount.source.text.hasSuffix("/")
                ? String(entry.source.dropLast()) : entry.source
        }
        if !isHidden, Self.shows(entry, folder, table) { return folder }
        return entry.isRemote || entry.root == "/" ? entry.source : "\(entry.source)[\(entry.root)]"
    }

    /// Whether what is to be seen at an entry's path is that very folder, by device and number.
    static func shows(_ entry: MountTable.Entry, _ folder: String, _ table: MountTable) -> Bool {
        // A look at a path on a server that is away would hang the loop.
        guard !entry.isRemote, table.mounted(at: entry.path)?.id == entry.id, table.containing(folder)?.isRemote == false,
            let one = try? Files.status(entry.path), let other = try? Files.status(folder)
        else { return false }
        return one.device == other.device && one.inode == other.inode
    }

    /// One probe after the other.
    private func health(_ path: String, _ mount: HostScope.Mount, node: String) async -> Observation.MountPoint.Health {
        let former = probes[path]
        let probe = Task { @LoopActor in
            _ = await former?.value
            return await self.probe(path, mount, node: node)
        }
        probes[path] = probe
        let health = await probe.value
        if probes[path] == probe { probes[path] = nil }
        return health
    }

    private func probe(_ path: String, _ mount: HostScope.Mount, node: String) async -> Observation.MountPoint.Health {
        if let stuck = state.stuckProbes[path] {
            if Files.exists("/proc/\(stuck)/stat") { return await silent(path, mount, "a look at it hangs in the kernel since earlier") }
            state.stuckProbes[path] = nil
        }
        var pid: Int?
        var verdict: String?
        let command = layout.shareProbe.command([path, node.isEmpty ? "node" : node] + (mount.write ? ["write"] : []), deadline: state.probeDeadline)
        do {
            let result = try await run(command) { line, stream in
                guard stream == .stdout else { return }
                if line.hasPrefix("pid ") { pid = Int(line.dropFirst(4).trimmed) } else { verdict = line.trimmed }
            }
            state.lateProbes.remove(path)
            if verdict == "ok" { return .good }
            if let verdict, verdict.hasPrefix("errno "), let number = Int32(verdict.dropFirst(6)) {
                return Self.bad(path, number, write: mount.write)
            }
            return .bad(reason: "Unknown", message: "the probe of \(path) did not answer: \(result.lastWords(1))")
        } catch let error as SystemError where error.code == .timeout || error.code == .stuck {
            if error.code == .stuck, let pid { state.stuckProbes[path] = pid }
            // A machine that is busy is late as well, and a mount that works must not be taken away from those who use it.
            let isSure = error.code == .stuck || !state.lateProbes.insert(path).inserted
            return await silent(path, mount, "a look at it does not come back within \(state.probeDeadline)", isSure: isSure)
        } catch {
            return .bad(reason: "Unknown", message: "the probe of \(path) could not run: \(words(error))")
        }
    }

    /// Whether the server is gone, or is there and the mount hangs all the same.
    private func silent(_ path: String, _ mount: HostScope.Mount, _ what: String, isSure: Bool = true) async -> Observation.MountPoint.Health {
        let reason = isSure ? "Frozen" : "Late"
        guard case .remote(let server, _) = mount.source else { return .bad(reason: reason, message: "\(path): \(what)") }
        do {
            try await ProbeSocket.connect(to: server, port: 2049, deadline: .seconds(2))
            return .bad(reason: reason, message: "\(path): \(what), although \(server) answers on port 2049")
        } catch {
            return .bad(reason: "ServerGone", message: "the server \(server) does not answer on port 2049: \(words(error))")
        }
    }

    static func bad(_ path: String, _ number: Int32, write: Bool) -> Observation.MountPoint.Health {
        let said = String(cString: strerror(number))
        let doing = write ? "a file cannot be made in \(path)" : "\(path) cannot be read"
        let reason =
            switch number {
            case ESTALE: "Stale"
            // The mount's own options were looked at before.
            case EROFS: "ReadOnlyExport"
            case EACCES, EPERM: "NoPermission"
            case EIO, ETIMEDOUT, EHOSTUNREACH, ECONNREFUSED, ECONNRESET: "ServerGone"
            case ENOSPC, EDQUOT: "Full"
            default: "Failing"
            }
        return .bad(reason: reason, message: "\(doing): \(said)")
    }
}
