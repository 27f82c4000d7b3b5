internal import AgentCore
internal import SkepSystem

/// The NFS server: its folders, exports and settings.
@LoopActor struct ServerActions {
    let state: HostState
    private var layout: HostLayout { state.layout }
    private var systemd: Systemd { Systemd(layout: layout) }

    private static let unit = "nfs-server.service"
    /// A stop waits for the kernel's threads, and a start for the grace of NFS v4.
    private static let deadline = Duration.seconds(120)

    init(_ state: HostState) { self.state = state }

    func look(_ folders: [String]) async throws -> Observation.Server {
        var server = Observation.Server(exports: try text(layout.exports), settings: try text(layout.nfsSettings))
        if server.exports != nil || server.settings != nil {
            server.active = try await isServing() && !(state.record.server?.needsRestart ?? false)
        }
        server.isOurs = state.record.server != nil
        server.exported = ExportTable.paths(try text(layout.exportTable) ?? "").subtracting(removed)
        for path in folders { server.folders[path] = try folder(path) }
        return server
    }

    private var removed: Set<String> { ExportTable.removed((try? text(layout.nfsServed)) ?? "") }

    private func folder(_ path: String) throws -> Observation.Folder {
        guard let status = try Files.status(path, followLinks: false), status.kind == .directory else { return .init(exists: false) }
        let digits = String(status.mode, radix: 8)
        return .init(
            exists: true, owner: "\(status.owner.uid):\(status.owner.gid)",
            mode: String(repeating: "0", count: max(0, 4 - digits.count)) + digits)
    }

    /// Makes the folder where it is missing, and gives it the owner and the mode that the spec says.
    func makeFolder(_ path: String, owner: String, mode: String) throws {
        let parts = path.split(separator: "/", omittingEmptySubsequences: false)
        guard path.hasPrefix("/"), parts.count > 1, parts.dropFirst().allSatisfy({ !$0.isEmpty && $0 != "." && $0 != ".." }) else {
            throw HostFailure("\(path) is not a plain absolute path")
        }
        let system = ["bin", "boot", "dev", "etc", "lib", "lib64", "proc", "run", "sbin", "sys", "usr"]
        let bare = ["/home", "/media", "/mnt", "/opt", "/root", "/srv", "/tmp", "/var", "/var/lib", "/var/log", "/var/lib/docker"]
        guard !system.contains(String(parts[1])), !bare.contains(path) else {
            throw HostFailure("\(path) belongs to the system: its owner and mode are not changed; share another folder")
        }
        let numbers = owner.split(separator: ":").compactMap { UInt32($0) }
        guard numbers.count == 2, let bits = UInt32(mode, radix: 8), bits <= 0o7777 else {
            throw HostFailure("owner '\(owner)' must be two numbers, and mode '\(mode)' octal")
        }
        if let status = try Files.status(path, followLinks: false), status.kind != .directory {
            throw HostFailure("\(path) is there and is not a folder")
        }
        try Files.makeDirectory(path, mode: bits, owner: FileOwner(uid: numbers[0], gid: numbers[1]))
    }

    /// Before the package is installed: its first start is then the only one, and without NFS v3. The exports wait for the server.
    func prepare(settings: String) throws {
        guard !layout.exportfs.isInstalled else { throw HostFailure("nfs-kernel-server is installed in part; dpkg must end it first") }
        try put(layout.nfsSettings, settings)
    }

    /// Writes both files; a changed setting needs a restart of the server, changed exports only `exportfs -ra`.
    func write(exports: String, settings: String) async throws {
        let isInstalled = layout.exportfs.isInstalled
        let changesSettings = try text(layout.nfsSettings) != settings
        if isInstalled, state.record.server == nil {
            var found = HostRecord.Server(wasActive: false, wasEnabled: false)
            if layout.hasSystemd, !state.record.packages.contains("nfs-kernel-server") {
                let unit = try await systemd.show(Self.unit)
                found = HostRecord.Server(wasActive: unit.active == "active", wasEnabled: unit.file == "enabled")
            }
            try state.update { record in record.server = found }
        }
        if changesSettings, isInstalled { try state.update { record in record.server?.needsRestart = true } }
        try put(layout.nfsSettings, settings)
        try put(layout.exports, exports)
        guard isInstalled else { throw HostFailure("nfs-kernel-server is not installed; exports and settings are written and wait for it") }
        if layout.hasSystemd {
            let unit = try await systemd.show(Self.unit)
            if unit.file != "enabled" { try await systemd.control("enable", Self.unit) }
            let serves = try await isServing()
            if unit.active != "active" || !serves || state.record.server?.needsRestart == true {
                _ = try? await systemd.control("reset-failed", Self.unit)
                try await systemd.control("restart", unit: Self.unit, deadline: Self.deadline)
                guard try await isServing() else {
                    throw HostFailure("\(Self.unit) was restarted, and no thread of it serves; look at `threads=` in /etc/nfs.conf")
                }
            }
        }
        try await run(layout.exportfs("-ra")).orFail("exportfs refuses \(layout.exports)")
        if !removed.isEmpty { try await run(layout.exportfs("-f")).orFail("exportfs cannot empty the kernel's table") }
        try state.update { record in record.server?.needsRestart = false }
    }

    /// Removes both files and ends what they exported; a server that was at work before us goes on, without our settings.
    ///
    /// The record of what was found goes last: as long as it is there, all of this is to be done.
    func removeExports() async throws {
        if try text(layout.nfsSettings) != nil { try state.update { record in record.server?.needsRestart = true } }
        try Files.remove(layout.exports)
        try Files.remove(layout.nfsSettings)
        if layout.exportfs.isInstalled {
            try await run(layout.exportfs("-ra")).orFail("exportfs cannot end the exports")
            if layout.hasSystemd { try await settle() }
        }
        try state.update { record in record.server = nil }
    }

    private func settle() async throws {
        guard let found = state.record.server else { return }
        if !found.wasActive {
            try await systemd.control("stop", unit: Self.unit, deadline: Self.deadline)
        } else if found.needsRestart {
            try await systemd.control("restart", unit: Self.unit, deadline: Self.deadline)
        }
        if !found.wasEnabled { try await systemd.control("disable", Self.unit) }
    }

    /// The kernel has threads that serve; where its files are not in sight, systemd's word is taken.
    private func isServing() async throws -> Bool {
        if let threads = try text(layout.nfsThreads) { return (Int(threads.trimmed) ?? 0) > 0 }
        guard layout.hasSystemd, layout.exportfs.isInstalled else { return false }
        return try await systemd.show(Self.unit).active == "active"
    }

    private func put(_ path: String, _ text: String) throws {
        let folder = String(path.prefix(upTo: path.lastIndex(of: "/") ?? path.startIndex))
        if !Files.exists(folder) { try Files.makeDirectory(folder) }
        _ = try AtomicFile.writeIfChanged(path, text)
    }

    private func text(_ path: String) throws -> String? {
        try Files.readIfPresent(path).map { String(decoding: $0, as: UTF8.self) }
    }
}
