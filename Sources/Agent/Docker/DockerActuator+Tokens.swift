internal import SkepModel

/// Join tokens: read when one is needed, sealed at once, never kept and never in a message.
extension DockerActuator {
    func seal(for sealing: ManagerDuties.Sealing, expectedKey: String) async throws -> ManagerView.SealedToken {
        let swarm: SwarmInspection = try await client.get("/swarm")
        let token = swarm.JoinTokens.Worker
        do {
            let sealed = try seal(token, sealing, expectedKey)
            return ManagerView.SealedToken(node: sealing.node, sealed: sealed, epoch: Self.epoch(swarm.Spec))
        } catch {
            throw DockerError(.refused, "the join token was not sealed for \(sealing.node): \("\(error)".replacing(token, with: "(the token)"))")
        }
    }

    /// Makes both tokens anew and records the epoch in the same change, so that neither happens without the other.
    func rotateTokens(epoch: Int) async throws {
        for attempt in 1... {
            let swarm: SwarmInspection = try await client.get("/swarm")
            guard Self.epoch(swarm.Spec) < epoch else { return }
            var spec = swarm.Spec
            var labels = spec["Labels"]?.texts ?? [:]
            labels[SkepLabel.tokenEpoch] = String(epoch)
            spec["Labels"] = .object(labels.mapValues { .string($0) })
            do {
                try await client.post(
                    "/swarm/update", ["version": "\(swarm.Version.Index)", "rotateWorkerToken": "true", "rotateManagerToken": "true"], body: spec)
                return
            } catch let error as DockerError where error.isOutOfSequence && attempt < 8 {
                continue
            }
        }
    }

    private static func epoch(_ spec: JSONValue) -> Int { (spec["Labels"]?.texts[SkepLabel.tokenEpoch]).flatMap { Int($0) } ?? 0 }
}
