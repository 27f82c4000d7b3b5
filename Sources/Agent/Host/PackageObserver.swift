internal import AgentCore
internal import SkepSystem

/// Looks at packages and at apt runs of ours.
@LoopActor final class PackageObserver {
    private let state: HostState
    private var cached: (stamp: [Int64], database: PackageDatabase)?

    init(_ state: HostState) { self.state = state }

    func look(_ wanted: [String]) async throws -> Observation.Packages {
        let layout = state.layout
        let database = try await database()
        var seen = Observation.Packages(
            installed: Set(wanted.filter(database.isInstalled)), held: Set(wanted.filter(database.isHeld)),
            interrupted: database.isInterrupted(wanted), running: state.aptLine, failure: state.aptFailure)
        seen.ours = Set(state.record.packages.filter(database.isInstalled))
        if layout.hasSystemd {
            // A transient unit has a file as long as systemd knows of it: without one there is no need to ask.
            let known = AptStep.allCases.filter { Files.exists("/run/systemd/transient/\($0.unit)") }
            let systemd = Systemd(layout: layout)
            let populated = known.filter { systemd.isPopulated($0.unit) == true }
            for step in populated { seen.running = progress(step) }
            let others = known.filter { !populated.contains($0) }
            let units = others.isEmpty ? [:] : try await systemd.show(others.map(\.unit))
            for step in others {
                guard let unit = units[step.unit] else { continue }
                if unit.isRunning { seen.running = progress(step) }
                if unit.active == "failed" { seen.failure = AptStep.failure(log(step)) }
            }
        }
        // somebody else's dpkg, our own package's upgrade for one, is not to be mended in its midst
        if seen.running != nil || RecordLock.isHeld(layout.dpkgLock) { seen.interrupted = false }
        return seen
    }

    /// dpkg is asked again only when its files have changed.
    private func database() async throws -> PackageDatabase {
        let layout = state.layout
        let stamp = try [layout.dpkgStatus, layout.dpkgUpdates].flatMap { path in
            let status = try Files.status(path)
            return [status?.modified ?? 0, status?.size ?? 0, Int64(truncatingIfNeeded: status?.inode ?? 0)]
        }
        if let cached, cached.stamp == stamp, stamp[0] != 0 { return cached.database }
        let database = try await PackageDatabase.read(layout)
        cached = (stamp, database)
        return database
    }

    private func progress(_ step: AptStep) -> String {
        AptStep.progress(log(step)) ?? step.description
    }

    private func log(_ step: AptStep) -> String {
        (try? Files.readText(step.log(state.layout), limit: 64 << 20)) ?? ""
    }
}
