internal import AgentCore
internal import SkepSystem

/// Writes mount units and has systemd mount, remount and unmount; without systemd, mounts by mount(8) in this process's namespace.
@LoopActor struct MountActions {
    let state: HostState
    private var layout: HostLayout { state.layout }
    private var systemd: Systemd { Systemd(layout: layout) }

    private static let deadline = Duration.seconds(60)
    private static let patience = Duration.seconds(10)

    init(_ state: HostState) { self.state = state }

    func install(_ path: String, _ text: String) async throws {
        let unit = MountUnit(text)
        guard unit.path == path, !unit.what.isEmpty else { throw HostFailure("the unit for \(path) says Where=\(unit.path), What=\(unit.what)") }
        let file = file(path)
        let before = try Files.readIfPresent(file).map { String(decoding: $0, as: UTF8.self) }
        if let before, !MountUnit(before).isOurs { throw HostFailure("\(file) was written by somebody else; remove it or choose another path") }
        let table = try MountObserver.table(layout)
        let entry = table.mounted(at: path)
        if let entry, before != text {
            let isKnown = before != nil || state.record.mounts.contains(path)
            guard isKnown, isWork(of: before.map { MountUnit($0) } ?? unit, entry, table) || isWork(of: unit, entry, table) else {
                throw HostFailure("\(entry.source) is already mounted at \(path); unmount it or choose another path")
            }
        }
        let isThere = table.containing(path)?.isRemote == true || Files.exists(path)
        try state.update { record in
            if !record.mounts.contains(path) { record.mounts.append(path) }
            if !isThere, !record.madeFolders.contains(path) { record.madeFolders.append(path) }
        }
        if let entry, before != text { try await unmount(path, entry) }
        if before != text { _ = try AtomicFile.writeIfChanged(file, text) }
        if layout.hasSystemd { try await enable(MountUnit.name(path), isNew: before != text) }
        try await mount(path, unit)
    }

    /// `enable` has systemd read all units anew, which takes seconds on a small machine: only when there is something to read.
    private func enable(_ name: String, isNew: Bool) async throws {
        if !isNew, case let known = try await systemd.show(name), known.file == "enabled", !known.needsReload { return }
        try await systemd.control("enable", name, deadline: Self.deadline)
    }

    /// One that did not help, or not for long, is done again only after a pause.
    func remount(_ path: String) async throws {
        let pause = state.remounts[path] ?? RepairPause()
        guard pause.left(SystemClock.monotonicMilliseconds()) == 0 else {
            throw HostFailure("it was mounted again \(pause.count)×, which did not help, or not for long")
        }
        guard let text = try Files.readIfPresent(file(path)) else { throw HostFailure("there is no mount unit for \(path)") }
        let unit = MountUnit(String(decoding: text, as: UTF8.self))
        guard unit.isOurs else { throw HostFailure("the mount unit for \(path) is not ours") }
        for _ in 0..<4 {
            let table = try MountObserver.table(layout)
            guard let entry = table.mounted(at: path) else { break }
            guard isWork(of: unit, entry, table) else { throw covered(path, entry) }
            try await unmount(path, entry)
        }
        try await mount(path, unit)
        state.remounts[path, default: RepairPause()].done(SystemClock.monotonicMilliseconds())
    }

    /// The mount point goes as well if it was made for the mount and is empty. The unit goes last: by it the rest is found again.
    func remove(_ path: String) async throws {
        let file = file(path)
        let name = MountUnit.name(path)
        let unit = try Files.readIfPresent(file).map { MountUnit(String(decoding: $0, as: UTF8.self)) }
        if let unit {
            guard unit.isOurs else { throw HostFailure("\(file) was written by somebody else and stays") }
            try await takeDown(path, unit)
            if layout.hasSystemd { try await systemd.control("disable", name, deadline: Self.deadline) }
        }
        let table = try MountObserver.table(layout)
        if state.record.madeFolders.contains(path), table.mounted(at: path) == nil, table.containing(path)?.isRemote == false {
            KernelFile.removeEmptyFolder(path)
        }
        try state.update { record in
            record.mounts.removeAll { $0 == path }
            record.madeFolders.removeAll { $0 == path }
        }
        state.stuckProbes[path] = nil
        state.remounts[path] = nil
        try Files.remove(file)
        guard unit != nil, layout.hasSystemd else { return }
        try await systemd.control("daemon-reload", deadline: Self.deadline)
        _ = try? await systemd.control("reset-failed", name)
    }

    /// Unmounts what is the unit's work. What others mounted there stays; where it hides ours, that must go first.
    private func takeDown(_ path: String, _ unit: MountUnit) async throws {
        let table = try MountObserver.table(layout)
        guard let entry = table.mounted(at: path) else { return }
        if isWork(of: unit, entry, table) { return try await unmount(path, entry) }
        guard !table.all(at: path).contains(where: { isWork(of: unit, $0, table) }) else { throw covered(path, entry) }
    }

    /// Whether a mount is the unit's: the folder that it binds, its source, or NFS where it mounts NFS.
    private func isWork(of unit: MountUnit, _ entry: MountTable.Entry, _ table: MountTable) -> Bool {
        if unit.options.split(separator: ",").contains("bind") {
            return table.binds(entry, unit.what) || MountObserver.shows(entry, unit.what, table)
        }
        return entry.source == unit.what || entry.type.hasPrefix("nfs") && unit.type.hasPrefix("nfs")
    }

    private func covered(_ path: String, _ entry: MountTable.Entry) -> HostFailure {
        HostFailure("\(entry.source) (\(entry.type)) is mounted over \(path) by somebody else; unmount it")
    }

    private func mount(_ path: String, _ unit: MountUnit) async throws {
        guard layout.hasSystemd else {
            guard try MountObserver.table(layout).mounted(at: path) == nil else { return }
            try Files.makeDirectory(path)
            let type = unit.type == "none" || unit.type == "auto" ? [] : ["-t", unit.type]
            try await run(layout.mount.command(type + ["-o", unit.options, "--", unit.what, path], deadline: Self.deadline)).orFail("\(path)")
            return
        }
        let name = MountUnit.name(path)
        _ = try? await systemd.control("reset-failed", name)
        try await systemd.control("start", unit: name, deadline: Self.deadline)
    }

    /// A probe that hangs in what is gone says nothing of what comes after it.
    private func unmount(_ path: String, _ entry: MountTable.Entry) async throws {
        try await detach(path, entry)
        state.stuckProbes[path] = nil
        state.lateProbes.remove(path)
    }

    /// Politely from local file systems; from a server at once lazily, as a polite unmount waits for a server that may never answer.
    private func detach(_ path: String, _ entry: MountTable.Entry) async throws {
        let name = MountUnit.name(path)
        if !entry.isRemote {
            do {
                if layout.hasSystemd {
                    try await systemd.control("stop", name, deadline: Self.patience)
                } else {
                    try await run(layout.umount("--", path, deadline: Self.patience)).orFail("\(path)")
                }
                return
            } catch {
                Log.notice("a mount is busy; unmounting it lazily", ["path": path, "error": words(error)])
            }
        }
        // Without the helper and without looking at the path: both would ask the server.
        let lazily = ["--lazy", "--internal-only", "--no-canonicalize", "--", path]
        guard layout.hasSystemd else {
            try await run(layout.umount.command(lazily, deadline: Self.patience)).orFail("\(path)")
            return
        }
        try await systemd.runOutside("skep-umount.service", layout.umount, lazily, deadline: Self.patience)
        // Has systemd see that it is gone, before it is asked to start it again.
        _ = try? await systemd.control("stop", name, deadline: Self.patience)
    }

    private func file(_ path: String) -> String { "\(layout.units)/\(MountUnit.name(path))" }
}
