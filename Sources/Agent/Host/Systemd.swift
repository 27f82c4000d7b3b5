internal import SkepSystem

/// What is asked of systemd, by its own programs.
@LoopActor struct Systemd {
    /// The state of a unit, in systemd's words.
    struct Unit: Equatable, Sendable {
        var isLoaded: Bool
        /// active, inactive, failed, activating, deactivating, reloading.
        var active: String
        /// running, exited, dead, failed, mounted, …
        var sub: String
        /// success, exit-code, signal, timeout, …
        var result: String
        /// enabled, disabled, transient, …
        var file: String
        /// The unit's file on disk is not the one that systemd has read.
        var needsReload = false

        /// A transient unit whose program is still at work.
        var isRunning: Bool { ["running", "start", "start-pre", "start-post", "stop", "stop-sigterm"].contains(sub) || active == "activating" }
    }

    let layout: HostLayout

    /// The units' states, by name; one that systemd does not know is there and not loaded.
    func show(_ units: [String]) async throws -> [String: Unit] {
        let command = layout.systemctl.command(
            ["show", "--property=Id,LoadState,ActiveState,SubState,Result,UnitFileState,NeedDaemonReload"] + units)
        let result = try await run(command).orFail("systemctl cannot show \(units.joined(separator: ", "))")
        return Dictionary(zip(units, Self.parse(result.output))) { first, _ in first }
    }

    func show(_ unit: String) async throws -> Unit {
        guard let state = try await show([unit])[unit] else { throw HostFailure("systemctl does not show \(unit)") }
        return state
    }

    /// Whether a unit has processes, by its control group (cgroup v2: `populated` of `cgroup.events`); nil where that cannot be read.
    ///
    /// It reads a file and starts no program: while apt works it is asked every second, on machines that are busy with apt.
    func isPopulated(_ unit: String) -> Bool? {
        guard let text = try? Files.readText("/sys/fs/cgroup/system.slice/\(unit)/cgroup.events", limit: 4096) else { return nil }
        return text.contains("populated 1")
    }

    /// Blocks of `Key=value`, one block a unit, in the order in which they were asked for.
    static func parse(_ text: String) -> [Unit] {
        var blocks: [[String: String]] = [[:]]
        for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
            guard let sign = line.firstIndex(of: "=") else {
                if !(blocks.last?.isEmpty ?? true) { blocks.append([:]) }
                continue
            }
            blocks[blocks.count - 1][String(line[..<sign])] = String(line[line.index(after: sign)...])
        }
        return blocks.filter { !$0.isEmpty }.map { block in
            Unit(
                isLoaded: block["LoadState"] == "loaded", active: block["ActiveState"] ?? "", sub: block["SubState"] ?? "",
                result: block["Result"] ?? "", file: block["UnitFileState"] ?? "", needsReload: block["NeedDaemonReload"] == "yes")
        }
    }

    /// `systemctl` with those arguments; its words when it fails.
    func control(_ arguments: String..., deadline: Duration = .seconds(30)) async throws {
        let command = layout.systemctl.command(["--no-ask-password"] + arguments, deadline: deadline)
        try await run(command).orFail("systemctl \(arguments.joined(separator: " "))")
    }

    /// The same, with the unit's own last lines of the journal when it fails.
    func control(_ verb: String, unit: String, deadline: Duration) async throws {
        do {
            try await control(verb, unit, deadline: deadline)
        } catch {
            let journal = await lastWords(of: unit)
            throw HostFailure(journal.isEmpty ? words(error) : "systemctl \(verb) \(unit) failed: \(journal)")
        }
    }

    /// What a unit said last: lines that speak of a failure, or else simply the last ones.
    func lastWords(of unit: String) async -> String {
        let command = layout.journalctl("--unit", unit, "--lines=40", "--output=cat", "--no-pager", "--quiet")
        guard let result = try? await run(command), result.succeeded else { return "" }
        return Self.telling(result.output)
    }

    private static let refrains = [
        "Main process exited", "Failed with result", "Scheduled restart", "Start request repeated", "Stopped ", "Starting ", "Started ",
        "Failed to start ",
    ]

    static func telling(_ text: String) -> String {
        let lines = text.split(whereSeparator: \.isNewline).map { $0.trimmed }.filter { !$0.isEmpty }
        // systemd's own lines repeat that it failed, and not why.
        let own = lines.filter { line in
            !Self.refrains.contains { line.contains($0) }
        }
        let why = own.filter { line in
            ["fail", "error", "unable", "cannot", "invalid", "denied", "refused", "no such"].contains { line.lowercased().contains($0) }
        }
        return (why.isEmpty ? own.suffix(2) : why.suffix(2)).joined(separator: "; ")
    }

    /// Starts a program as a transient service: outside of this agent's sandbox, and found again by its name.
    ///
    /// It stays in systemd's memory when it has ended well (`RemainAfterExit=`) and when it failed (`CollectMode=inactive`), so that an
    /// agent that was away learns how it ended; ``forget(_:)`` removes it. What it writes goes to the file `log`, made anew.
    func start(_ unit: String, _ description: String, _ program: Program, _ arguments: [String], environment: [String: String], log: String)
        async throws
    {
        var all = [
            "--quiet", "--no-ask-password", "--unit=\(unit)", "--description=\(description)", "--service-type=exec",
            "--property=RemainAfterExit=yes", "--property=StandardInput=null", "--property=StandardOutput=truncate:\(log)",
            "--property=StandardError=inherit", "--property=TimeoutStopSec=15min",
        ]
        all += environment.sorted { $0.key < $1.key }.map { "--setenv=\($0.key)=\($0.value)" }
        all += ["--", program.path] + program.arguments + arguments
        try await run(layout.systemdRun.command(all)).orFail("systemd-run cannot start \(unit)")
    }

    /// Removes what systemd remembers of a transient unit that has ended.
    func forget(_ unit: String) async {
        _ = try? await run(layout.systemctl("--no-ask-password", "stop", unit))
        _ = try? await run(layout.systemctl("--no-ask-password", "reset-failed", unit))
    }

    /// Runs a short program in the machine's own mount namespace and waits for it: the start of a oneshot unit ends with its program.
    func runOutside(_ unit: String, _ program: Program, _ arguments: [String], deadline: Duration) async throws {
        var all = ["--quiet", "--no-ask-password", "--collect", "--service-type=oneshot", "--unit=\(unit)", "--", program.path]
        all += program.arguments + arguments
        let result = try await run(layout.systemdRun.command(all, deadline: deadline))
        guard !result.succeeded else { return }
        let journal = await lastWords(of: unit)
        throw HostFailure("\(program.path) \(arguments.joined(separator: " ")): \(journal.isEmpty ? result.lastWords() : journal)")
    }
}
