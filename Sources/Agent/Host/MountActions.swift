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
        if let entry, before == nil, !state.record.mounts.contains(path) {
            throw HostFailure("\(entry.source) is already mounted at \(path); unmount it or choose another path")
        }
        let isThere = table.containing(path)?.isRemote == true || Files.exists(path)
        try state.update { record in
            if !record.mounts.contains(path) { record.mounts.append(path) }
            if !isThere, !record.madeFolders.contains(path) { record.madeFolders.append(path) }
        }
        if let entry, before != text { try await unmount(path, entry) }
        if before != text { _ = try AtomicFile.writeIfChanged(file, text) }
        if layout.hasSystemd {
            try await systemd.control("daemon-reload", deadline: Self.deadline)
            try await systemd.control("enable", MountUnit.name(path), deadline: Self.deadline)
        }
        try await mount(path, unit)
    }

    func remount(_ path: String) async throws {
        guard let text = try Files.readIfPresent(file(path)) else { throw HostFailure("there is no mount unit for \(path)") }
        let unit = MountUnit(String(decoding: text, as: UTF8.self))
        guard unit.isOurs else { throw HostFailure("the mount unit for \(path) is not ours") }
        for _ in 0..<4 {
            guard let entry = try MountObserver.table(layout).mounted(at: path) else { break }
            let isOurs = entry.type.hasPrefix("nfs") || entry.source == unit.what || unit.options.split(separator: ",").contains("bind")
            guard isOurs else { throw HostFailure("\(entry.source) (\(entry.type)) is mounted over \(path) by somebody else; unmount it") }
            try await unmount(path, entry)
        }
        try await mount(path, unit)
    }

    /// The mount point goes as well if it was made for the mount and is empty.
    func remove(_ path: String) async throws {
        let file = file(path)
        let name = MountUnit.name(path)
        if let text = try Files.readIfPresent(file), !MountUnit(String(decoding: text, as: UTF8.self)).isOurs {
            throw HostFailure("\(file) was written by somebody else and stays")
        }
        if let entry = try MountObserver.table(layout).mounted(at: path), Files.exists(file) || state.record.mounts.contains(path) {
            try await unmount(path, entry)
        }
        if layout.hasSystemd, Files.exists(file) { try await systemd.control("disable", name, deadline: Self.deadline) }
        try Files.remove(file)
        if layout.hasSystemd {
            try await systemd.control("daemon-reload", deadline: Self.deadline)
            _ = try? await systemd.control("reset-failed", name)
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

    /// Politely from local file systems; from a server at once lazily, as a polite unmount waits for a server that may never answer.
    private func unmount(_ path: String, _ entry: MountTable.Entry) async throws {
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
