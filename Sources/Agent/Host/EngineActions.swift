internal import AgentCore
internal import SkepModel
internal import SkepSystem

/// Writes daemon.json and starts, restarts or reloads the engine.
@LoopActor struct EngineActions {
    let state: HostState
    private var layout: HostLayout { state.layout }
    private var systemd: Systemd { Systemd(layout: layout) }

    private static let unit = "docker.service"
    private static let deadline = Duration.seconds(150)

    init(_ state: HostState) { self.state = state }

    /// What the file is, against what is wanted.
    func look(_ wanted: NodeSpec.Docker?) throws -> Observation.DaemonConfig {
        guard let wanted else { return .asWanted }
        do {
            let merged = try DaemonConfig(try text()).merged(wanted, added: state.record.engine.added)
            if merged.isChanged { return .differs(restart: merged.needsRestart) }
            if lagsBehind { return .restartNeeded }
            return isUnread ? .differs(restart: false) : .asWanted
        } catch let problem as DaemonConfig.Problem {
            return .invalid(problem.message)
        }
    }

    /// Works without an engine, too: then the file is there before the engine's first start.
    func merge(_ wanted: NodeSpec.Docker, restart: Bool) async throws -> ActionOutcome {
        let before = try text()
        let former = state.record.engine
        let merged = try DaemonConfig(before).merged(wanted, added: state.record.engine.added)
        if !state.record.engine.known {
            try state.update { record in
                record.engine.known = true
                record.engine.original = before
            }
        }
        if merged.isChanged {
            try await validate(merged.text)
            try state.update { record in
                record.engine.added = merged.added
                record.engine.written = merged.text
                if merged.needsRestart { record.engine.changed = SystemClock.wallMilliseconds() }
                record.engine.unread = SystemClock.wallMilliseconds()
            }
            try write(merged.text)
        }
        if merged.isChanged || lagsBehind || isUnread {
            do {
                try await apply(restart: restart, mayReload: merged.isChanged || isUnread)
            } catch {
                guard merged.isChanged else { throw error }
                throw HostFailure(try await undo(before, former, error))
            }
        }
        return .originals(.init(daemonConfig: .some(state.record.engine.original)))
    }

    /// The file as it was found; where somebody else changed it meanwhile, only what is ours is taken out.
    ///
    /// The record goes last: until then the engine may still run with our keys, or stand still after a start that failed.
    func restore(_ original: String?, restart: Bool) async throws {
        let current = try text()
        let record = state.record.engine
        let original = record.known ? record.original : original
        var next = original
        if current != record.written, current != original, let current {
            let nothing = NodeSpec.Docker(package: "", hold: false)
            next = try DaemonConfig(current).merged(nothing, added: record.added).text
        }
        if next != current {
            if let next { try await validate(next) }
            if try DaemonConfig(current).mtu != DaemonConfig(next).mtu {
                try state.update { record in record.engine.changed = SystemClock.wallMilliseconds() }
            }
            try write(next)
        }
        let hasRead = state.record.engine.changed.map { changed in started.map { $0 > changed } ?? false } ?? true
        if restart, !hasRead, try await isInstalled() {
            try await apply(restart: true, mayReload: false)
        } else {
            try await apply(restart: false, mayReload: true)
        }
        try state.update { record in record.engine = .init() }
    }

    /// The engine was seen to run, since that start: the file that it has read then is one that it starts with. One that was moved here since is as old as
    /// it was elsewhere, but its entry changed.
    func noteGood(since: Int64) throws {
        guard started == since, try Files.status(layout.daemonConfig).map({ max($0.modified, $0.changed) < since }) ?? true else { return }
        let text = try text()
        // one that was removed since was read all the same
        if text == nil, state.record.engine.good != nil { return }
        guard (try? DaemonConfig(text)) != nil, state.record.engine.good != HostRecord.GoodConfig(text: text) else { return }
        try state.update { record in record.engine.good = HostRecord.GoodConfig(text: text) }
    }

    /// Whether the file is another one than that with which the engine was last seen to start.
    var hasFormer: Bool {
        guard let good = state.record.engine.good, let current = try? HostRecord.GoodConfig(text: text()) else { return false }
        return good != current
    }

    /// daemon.json tells Docker to leave the firewall alone.
    var isWithoutIptables: Bool { (try? DaemonConfig(text()).root["iptables"]?.boolValue) == false }

    /// Puts the file back with which the engine last started, and starts it. The other one is kept beside it, for whoever wrote it.
    func putBack() async throws {
        guard let good = state.record.engine.good else { throw HostFailure("no daemon.json is known with which the engine started") }
        let broken = try text()
        if let broken {
            var aside = layout.daemonConfig + ".broken"
            if let earlier = try Files.readIfPresent(aside), earlier != Array(broken.utf8) { aside += "-\(SystemClock.wallMilliseconds())" }
            try AtomicFile.write(aside, broken, mode: 0o600)
        }
        try write(good.text)
        do { try await start() } catch {
            // then it was not the file: a full disk, a containerd that is down
            try write(broken)
            throw error
        }
    }

    func restart() async throws { try await apply(restart: true, mayReload: false) }

    func start() async throws {
        guard layout.hasSystemd else { return try await perform(layout.engineStart, "start") }
        // an engine that the file asks for and somebody masked is started like one that was stopped
        if try await systemd.show(Self.unit).file.hasPrefix("masked") { try await systemd.control("unmask", Self.unit, "docker.socket") }
        _ = try? await systemd.control("reset-failed", Self.unit)
        try await systemd.control("start", unit: Self.unit, deadline: Self.deadline)
    }

    /// A setting that the engine reads only at its start was written after it had started.
    ///
    /// The time of that writing counts, not the file's: a later change of what a reload brings, or by others, asks for no restart.
    private var lagsBehind: Bool {
        guard let changed = state.record.engine.changed, let started else { return false }
        return changed >= started
    }

    /// A setting was written, and this agent or a former one was killed before the engine read it anew.
    private var isUnread: Bool {
        guard let unread = state.record.engine.unread, let started else { return false }
        return unread >= started
    }

    /// When the engine that runs was started, in milliseconds since 1970; nil when none runs.
    var started: Int64? { (try? Files.status(layout.enginePIDFile))?.modified }

    /// Whether the process of the PID file is there; nil where there is no such file.
    var isAlive: Bool? {
        guard let text = try? Files.readText(layout.enginePIDFile, limit: 64), let process = Int(text.trimmed), process > 0 else { return nil }
        return Files.exists("\(layout.processes)/\(process)")
    }

    /// Whether there is an engine to restart: its package may be gone already.
    private func isInstalled() async throws -> Bool {
        guard layout.hasSystemd else { return layout.engineRestart != nil }
        return try await systemd.show(Self.unit).isLoaded
    }

    private func apply(restart: Bool, mayReload: Bool) async throws {
        if restart {
            if layout.hasSystemd {
                _ = try? await systemd.control("reset-failed", Self.unit)
                try await systemd.control("restart", unit: Self.unit, deadline: Self.deadline)
            } else {
                try await perform(layout.engineRestart, "restart")
            }
            try state.update { record in
                record.engine.changed = nil
                record.engine.unread = nil
            }
        } else if mayReload, started != nil {
            if layout.hasSystemd {
                try await systemd.control("reload", unit: Self.unit, deadline: .seconds(30))
            } else {
                try await perform(layout.engineReload, "reload")
            }
            try state.update { record in record.engine.unread = nil }
        }
    }

    /// Puts the last good file back and has the engine run again; answers with why.
    private func undo(_ before: String?, _ former: HostRecord.Engine, _ cause: any Error) async throws -> String {
        let why = words(cause)
        try write(before)
        try state.update { record in
            record.engine.added = former.added
            record.engine.written = former.written
            record.engine.changed = former.changed
            record.engine.unread = former.unread
        }
        do {
            try await start()
            return "the engine did not start with our keys in daemon.json, and the former file is back: \(why)"
        } catch {
            return "the engine did not start with our keys in daemon.json (\(why)), nor with the former file: \(words(error))"
        }
    }

    private func perform(_ command: Command?, _ verb: String) async throws {
        guard let command else { throw HostFailure("there is no systemd here to \(verb) the engine") }
        try await run(command).orFail("the engine does not \(verb)")
    }

    /// The engine's own check, which it has since version 23.
    private func validate(_ text: String) async throws {
        guard layout.dockerd.isInstalled else { return }
        let candidate = layout.state + "/daemon.json.candidate"
        try Files.makeDirectory(layout.state, mode: 0o700)
        try AtomicFile.write(candidate, text, mode: 0o600)
        defer { try? Files.remove(candidate) }
        let result = try await run(layout.dockerd("--validate", "--config-file", candidate, deadline: .seconds(120)))
        guard !result.succeeded, !result.errorOutput.contains("unknown flag") else { return }
        throw HostFailure("the engine refuses the merged daemon.json, which was not installed: \(result.lastWords(2))")
    }

    private func text() throws -> String? {
        try Files.readIfPresent(layout.daemonConfig).map { String(decoding: $0, as: UTF8.self) }
    }

    private func write(_ text: String?) throws {
        guard let text else { return try Files.remove(layout.daemonConfig) }
        let folder = String(layout.daemonConfig.prefix(upTo: layout.daemonConfig.lastIndex(of: "/") ?? layout.daemonConfig.startIndex))
        if !Files.exists(folder) { try Files.makeDirectory(folder) }
        let mode = try Files.status(layout.daemonConfig)?.mode ?? 0o644
        try AtomicFile.write(layout.daemonConfig, text, mode: mode)
    }
}
