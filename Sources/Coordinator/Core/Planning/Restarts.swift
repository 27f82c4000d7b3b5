import SkepModel

/// Engines of members that only a restart mends, where the file allows it (`restart-docker: quorum-safe`): one at a time, and none that the majority of
/// managers needs.
extension Planning {
    /// The reasons of an agent that cannot go on without a restart.
    private static let reasons: Set<String> = ["ChainsGone", "RestartNeeded"]

    mutating func restarts() {
        followRestart()
        guard spec.policy.restartDocker == .quorumSafe else { return }
        for participant in participants where isMember(participant) && participant.liveness == .live && !isRestarted(participant) {
            guard let status = participant.status, Self.needsRestart(status) else { continue }
            let what = "the engine of \(participant.entry.name), which must be restarted"
            if let reason = whyNotRestart(participant) {
                wait(what, for: reason)
            } else {
                begin(.restart, nodes: [participant.id], "the engine of \(participant.entry.name) is restarted")
            }
        }
    }

    private static func needsRestart(_ status: NodeStatus) -> Bool {
        [Condition.Kind.docker, .daemonConfig].contains { status.condition($0).map { reasons.contains($0.reason) } ?? false }
    }

    private func whyNotRestart(_ participant: Participant) -> String? {
        if let failure = recentFailure(.restart, of: participant.id) { return "another try, because \(failure)" }
        if open != nil { return "the operation that is open" }
        if let away = participants.first(where: { !isExcused($0) && $0.id != participant.id && ($0.liveness != .live || !isMember($0)) }) {
            return "\(away.entry.name) to be in the swarm: one engine is away at a time"
        }
        // a swarm's only manager is away for some seconds, as it is with any restart of its machine
        return isOnlyManager(participant) ? nil : whyNotWithout(participant)
    }

    private mutating func followRestart() {
        guard let operation = open, operation.kind == .restart, let id = operation.nodes.first else { return }
        guard let participant = participants.first(where: { $0.id == id }) else { return end("the restart", failed: "\(name(id)) is no longer here") }
        let name = participant.entry.name
        if participant.liveness == .live, let status = participant.status, isMember(participant),
            [Condition.Kind.docker, .daemonConfig].allSatisfy({ status.condition($0)?.status == .true })
        {
            step("restarted", "the engine of \(name) is as it should be")
            return end("the engine of \(name) was restarted")
        }
        if now.since(operation.started) > snapshot.settings.joinDeadline {
            return end("the restart", failed: "the engine of \(name) was not seen in order within \(snapshot.settings.joinDeadline / 1000) s")
        }
        amend { $0.waitsFor = "the engine of \(name) to be in order" }
    }

    func isRestarted(_ participant: Participant) -> Bool { open?.kind == .restart && open?.nodes == [participant.id] }
}
