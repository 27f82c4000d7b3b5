internal import AgentCore
internal import SkepSystem

/// Installs, holds and removes packages, by apt.
@LoopActor struct PackageActions {
    let state: HostState
    private var layout: HostLayout { state.layout }
    private var systemd: Systemd { Systemd(layout: layout) }

    private static let patience = Duration.seconds(600)
    private static let limit = Duration.seconds(3600)

    init(_ state: HostState) { self.state = state }

    /// A run of apt that an earlier agent left is waited for; then what is missing is installed. No names: only an interruption is mended.
    func install(_ names: [String]) async throws -> ActionOutcome {
        try await awaitEarlierRun()
        let before = try await PackageDatabase.read(layout)
        let missing = names.filter { !before.isInstalled($0) }
        try state.update { record in record.packages += missing.filter { !record.packages.contains($0) } }
        if try await isInterrupted(before) { try await waitingForLock(.configure, []) }
        if !missing.isEmpty {
            if lacksLists { try await waitingForLock(.update, []) }
            do {
                try await waitingForLock(.install, missing)
            } catch let failure as AptFailure where AptStep.wantsUpdate(failure.text) {
                try await waitingForLock(.update, [])
                try await waitingForLock(.install, missing)
            }
        }
        let after = try await PackageDatabase.read(layout)
        if let absent = names.first(where: { !after.isInstalled($0) }) { throw HostFailure("apt ended well, but \(absent) is not installed") }
        return .originals(.init(packages: state.record.packages.filter(after.isInstalled)))
    }

    func hold(_ names: [String], _ isHeld: Bool) async throws {
        try await run(layout.aptMark.command([isHeld ? "hold" : "unhold"] + names, environment: AptStep.environment))
            .orFail("apt-mark cannot \(isHeld ? "hold" : "release") \(names.joined(separator: ", "))")
    }

    /// The packages' configuration and data stay.
    func remove(_ names: [String]) async throws {
        try await awaitEarlierRun()
        let before = try await PackageDatabase.read(layout)
        let present = names.filter(before.isPresent)
        if try await isInterrupted(before) { try await waitingForLock(.configure, []) }
        if !present.isEmpty { try await waitingForLock(.remove, present) }
        try state.update { record in record.packages.removeAll { names.contains($0) } }
    }

    /// Whether dpkg was interrupted: pending changes of its database, or packages that `dpkg --audit` names.
    private func isInterrupted(_ database: PackageDatabase) async throws -> Bool {
        if database.hasPendingUpdates { return true }
        let audit = try await run(layout.dpkg("--audit"))
        return !audit.output.trimmed.isEmpty
    }

    private var lacksLists: Bool {
        !((try? Files.list(layout.aptLists)) ?? []).contains { $0.contains("_Packages") }
    }

    private func awaitEarlierRun() async throws {
        guard layout.hasSystemd else { return }
        while try await systemd.show(AptStep.allCases.map(\.unit)).values.contains(where: \.isRunning) {
            try await LoopActor.sleep(for: .seconds(1))
        }
    }

    private func waitingForLock(_ step: AptStep, _ packages: [String]) async throws {
        let begin = SystemClock.monotonicMilliseconds()
        while true {
            do {
                return try await perform(step, packages)
            } catch let failure as AptFailure where AptStep.isLocked(failure.text) {
                guard SystemClock.monotonicMilliseconds() - begin < Self.patience.wholeMilliseconds else { throw failure }
                state.aptLine = "waiting for another run of apt or dpkg: \(AptStep.lockLine(failure.text))"
                defer { state.aptLine = nil }
                try await LoopActor.sleep(for: .seconds(5))
            }
        }
    }

    private func perform(_ step: AptStep, _ packages: [String]) async throws {
        try Files.makeDirectory(layout.state, mode: 0o700)
        try await layout.hasSystemd ? performInUnit(step, packages) : performHere(step, packages)
    }

    private func performInUnit(_ step: AptStep, _ packages: [String]) async throws {
        await systemd.forget(step.unit)
        try await systemd.start(
            step.unit, step.description, step.program(layout), step.arguments(packages), environment: AptStep.environment,
            log: step.log(layout))
        let begin = SystemClock.monotonicMilliseconds()
        while true {
            if systemd.isPopulated(step.unit) != true, case let unit = try await systemd.show(step.unit), !unit.isRunning {
                guard unit.active == "failed" || unit.result != "success" else { break }
                let text = (try? Files.readText(step.log(layout), limit: 64 << 20)) ?? ""
                let cause = unit.result == "exit-code" ? "" : "it was ended (\(unit.result)); "
                throw AptFailure(text: text, message: "\(step.program(layout).path): \(cause)\(AptStep.failure(text))")
            }
            guard SystemClock.monotonicMilliseconds() - begin < Self.limit.wholeMilliseconds else {
                throw HostFailure("\(step.program(layout).path) has not ended within an hour; look at \(step.log(layout))")
            }
            try await LoopActor.sleep(for: .milliseconds(700))
        }
        await systemd.forget(step.unit)
    }

    private func performHere(_ step: AptStep, _ packages: [String]) async throws {
        state.aptLine = step.description
        state.aptFailure = nil
        defer { state.aptLine = nil }
        let program = step.program(layout)
        let command = program.command(step.arguments(packages), environment: AptStep.environment, deadline: Self.limit)
        let result = try await run(command) { line, _ in
            if let words = AptStep.progress(line) { state.aptLine = words }
        }
        let text = result.output + "\n" + result.errorOutput
        try AtomicFile.write(step.log(layout), text, mode: 0o600)
        guard !result.succeeded else { return }
        var failure = AptStep.failure(text)
        if case .signaled(let signal) = result.termination { failure = "it was ended by signal \(signal); \(failure)" }
        state.aptFailure = "\(program.path): \(failure)"
        throw AptFailure(text: text, message: "\(program.path): \(failure)")
    }
}

/// A failed run of apt, with all that it wrote.
private struct AptFailure: Error, CustomStringConvertible {
    var text: String
    var message: String
    var description: String { message }
}
