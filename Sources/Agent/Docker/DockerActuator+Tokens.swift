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
        try await raise(SkepLabel.tokenEpoch, to: epoch, rotating: true)
    }

    /// Records that this manager acts for the swarm; refused when another one has since been named.
    func takeOver(term: Int) async throws {
        try await raise(SkepLabel.term, to: term, rotating: false)
        let swarm: SwarmInspection = try await client.get("/swarm")
        let recorded = Self.number(SkepLabel.term, swarm.Spec)
        guard recorded == term else {
            throw DockerError(.refused, "another manager acts for the swarm (number \(recorded), this one is \(term))")
        }
    }

    /// Raises a number that the swarm keeps in a label, never lowers it: Docker refuses a change that was made from an older version.
    private func raise(_ label: String, to number: Int, rotating: Bool) async throws {
        for attempt in 1... {
            let swarm: SwarmInspection = try await client.get("/swarm")
            guard Self.number(label, swarm.Spec) < number else { return }
            var spec = swarm.Spec
            var labels = spec["Labels"]?.texts ?? [:]
            labels[label] = String(number)
            spec["Labels"] = .object(labels.mapValues { .string($0) })
            do {
                let rotate = rotating ? "true" : "false"
                try await client.post(
                    "/swarm/update", ["version": "\(swarm.Version.Index)", "rotateWorkerToken": rotate, "rotateManagerToken": rotate], body: spec)
                return
            } catch let error as DockerError where error.isOutOfSequence && attempt < 8 {
                continue
            }
        }
    }

    private static func epoch(_ spec: JSONValue) -> Int { number(SkepLabel.tokenEpoch, spec) }

    private static func number(_ label: String, _ spec: JSONValue) -> Int { (spec["Labels"]?.texts[label]).flatMap { Int($0) } ?? 0 }
}
