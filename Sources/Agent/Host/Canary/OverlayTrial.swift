internal import AgentCore
internal import SkepModel
internal import SkepSystem

/// Runs ``EchoProbe`` in the ingress network's namespace.
@LoopActor struct OverlayTrial {
    private static let deadline = Duration.seconds(10)

    let layout: HostLayout

    func round(_ sandbox: @LoopActor @Sendable () async throws -> IPAddress?, _ targets: [IPAddress]) async -> CanaryRound {
        let own: IPAddress
        do {
            guard let found = try await sandbox() else {
                return CanaryRound(
                    end: .none, trouble: "this node has no end in the swarm's ingress network, so there is nothing to send packets from")
            }
            own = found
        } catch {
            return CanaryRound(trouble: "the overlay could not be tried: \(words(error))")
        }
        do {
            let result = try await run(layout.inIngressNetwork(["probe-overlay"] + ([own] + targets).map(\.description), deadline: Self.deadline))
            let answer = try EchoProbe.read(result, sandbox: own)
            return CanaryRound(end: .at(answer.sandbox), echoes: answer.echoes)
        } catch {
            return CanaryRound(end: .at(.init(address: own)), trouble: "the overlay could not be tried: \(words(error))")
        }
    }
}
