internal import SkepSystem

/// What systemd says of docker.service.
struct EngineUnit: Sendable, Equatable {
    /// For people.
    var words: String
    /// Whether there is such a unit that can be started.
    var isLoaded: Bool
    /// Whether its process is there, also while it is being stopped.
    var isActive: Bool
    var isStopping: Bool

    /// From the words of `systemctl show`; nil when they say nothing.
    init?(_ output: String) {
        var values: [Substring: Substring] = [:]
        for line in output.split(whereSeparator: \.isNewline) {
            let parts = line.split(separator: "=", maxSplits: 1)
            if parts.count == 2 { values[parts[0]] = parts[1] }
        }
        guard let load = values["LoadState"] else { return nil }
        guard load == "loaded", let active = values["ActiveState"] else {
            (words, isLoaded, isActive, isStopping) = ("docker.service is \(load)", false, false, false)
            return
        }
        let reason = values["Result"].flatMap { $0 == "success" ? nil : ", \($0)" } ?? ""
        words = "docker.service is \(active) (\(values["SubState"] ?? "")\(reason)); see journalctl -u docker"
        isLoaded = true
        isActive = ["active", "reloading", "deactivating"].contains(active)
        isStopping = active == "deactivating"
    }

    /// Asks systemd; nil where there is none.
    @LoopActor static func read() async -> EngineUnit? {
        guard Files.exists("/run/systemd/system") else { return nil }
        let command = Command(
            "/usr/bin/systemctl", ["show", "--property=LoadState,ActiveState,SubState,Result", "docker.service"], deadline: .seconds(5))
        guard let result = try? await run(command), result.succeeded else { return nil }
        return EngineUnit(result.output)
    }
}
