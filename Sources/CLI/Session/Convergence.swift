import Glibc
import SkepModel
import SkepSystem
import SkepWire

/// Waits for a cluster, shows how it comes along, and opens the connections that firewall trials wait for.
struct Convergence {
    let client: CoordinatorClient
    let cluster: ClusterName
    let generation: Generation
    let limit: Duration
    let reach: Reach
    let quiet: Bool

    /// How far a look says that it is.
    enum Verdict: Equatable {
        case waiting
        case done
        /// Time does not mend it: why, and what a person has to do.
        case stuck(String)
    }

    /// Until the cluster is ready in that generation, or waits for nothing but a person.
    func untilReady() throws {
        let final = try watch { Self.verdict($0, generation) }
        guard let final else { return }
        throw final
    }

    /// What the swarm took back is not tried again by itself: nobody need wait for it.
    static func verdict(_ status: StatusAnswer, _ generation: Generation) -> Verdict {
        guard status.cluster.generation >= generation else { return .waiting }
        if status.cluster.ready { return .done }
        let waits = status.cluster.waits
        guard !waits.isEmpty, waits.allSatisfy({ $0.command?.hasPrefix("skep stack deploy ") == true }),
            !status.operations.contains(where: \.isOpen)
        else { return .waiting }
        return .stuck(waits.map(words).joined(separator: "; "))
    }

    /// Until the cluster is gone.
    func untilDown() throws {
        let final = try watch { $0.cluster.phase == "down" ? .done : .waiting }
        guard let final else { return }
        throw final
    }

    /// Nil when it came true in time, otherwise what is still waited for.
    private func watch(_ verdict: (StatusAnswer) -> Verdict) throws -> CommandFailure? {
        let end = SystemClock.monotonicMilliseconds() + Int64(limit.components.seconds) * 1000
        let paints = Output.isTerminal && !quiet
        var screen = Screen()
        var journal = ProgressJournal()
        var connections = ConnectionOpener()
        defer { connections.close() }
        var last: StatusAnswer?
        var trouble: String?
        while true {
            do {
                let status: StatusAnswer = try client.get("/v1/clusters/\(cluster)/status")
                last = status
                trouble = nil
                let lines = StatusView(status).lines
                if paints {
                    screen.paint(lines)
                } else if !quiet {
                    for line in journal.news(status) { Output.line(line) }
                }
                switch verdict(status) {
                case .done: return nil
                case .stuck(let words): return CommandFailure(.failed, "it waits for a person: \(words)")
                case .waiting: break
                }
                connections.round(status.nodes.filter(FirewallTrial.isOn).flatMap(reach.endpoints))
            } catch let failure as CommandFailure {
                // A node's restart or a firewall trial may cut us off for a moment; only the time limit ends the wait.
                guard failure.outcome == .failed, !failure.lines.contains(where: { $0.hasPrefix("log in:") }) else { throw failure }
                if trouble == nil, !paints, !quiet { Output.error(failure.lines.first ?? "the coordinator does not answer") }
                trouble = failure.lines.first
            }
            guard SystemClock.monotonicMilliseconds() < end else { return CommandFailure(.notConverged, Self.reason(last, trouble)) }
            sleepOneSecond()
        }
    }

    private static func words(_ wait: StatusAnswer.Wait) -> String {
        "\(wait.what) waits for \(wait.waitsFor)\(wait.command.map { " (\($0))" } ?? "")"
    }

    private static func reason(_ status: StatusAnswer?, _ trouble: String?) -> String {
        if let trouble { return "not ready in time: \(trouble)" }
        let waits = status?.cluster.waits.map(words) ?? []
        return "not ready in time: \(waits.isEmpty ? status?.cluster.phase ?? "the coordinator said nothing" : waits.joined(separator: "; "))"
    }
}

/// What a node says of its rules' trial.
enum FirewallTrial {
    static func condition(_ node: StatusAnswer.Node) -> Condition? { node.conditions.first { $0.type == .firewall } }
    /// Whether it waits for a connection from management.
    static func isOn(_ node: StatusAnswer.Node) -> Bool { condition(node)?.reason == "OnTrial" }
    /// Whether the rules were taken back.
    static func isUndone(_ node: StatusAnswer.Node) -> Bool { condition(node)?.reason == "TrialUndone" }
}
