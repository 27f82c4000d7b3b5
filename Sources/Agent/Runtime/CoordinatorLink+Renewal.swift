internal import SkepCrypto
internal import SkepHTTP
internal import SkepModel
internal import SkepSystem
internal import SkepWire

extension CoordinatorLink {
    /// Renews in time, and late where the node or its coordinator was away.
    func renewForEver() async {
        var backoff = Backoff(first: 5000, last: 300_000)
        while !Task.isCancelled {
            let leaf = credentials.shown.leaf
            let decision = RenewalSchedule.decide(
                notBefore: leaf.notBefore, notAfter: leaf.notAfter, now: correctedNow, seed: RenewalSchedule.seed(leaf.serial))
            var wait: Int64
            do {
                switch decision {
                case .wait(let until):
                    // Looked at again within the hour: clocks are set, machines sleep.
                    wait = min(max(1, until - correctedNow), 3600) * 1000
                case .renew:
                    try await renew()
                    backoff.succeeded()
                    continue
                case .late:
                    try await renewLate()
                    backoff.succeeded()
                    retry()
                    continue
                case .gone:
                    change {
                        $0.renewalFailure =
                            "it expired more than 30 days ago, which is too late to renew it: enrol this node again with `skep node invite`"
                    }
                    wait = 3_600_000
                }
            } catch is CancellationError {
                return
            } catch {
                let words = (error as? CoordinatorError)?.description ?? "\(error)"
                if state.renewalFailure == nil { Log.warning("the certificate was not renewed", ["error": words]) }
                change {
                    $0.renewalFailure = words
                    if let error = error as? CoordinatorError, error.isEviction { $0.isEvicted = true }
                }
                if decision == .late, case .transport(let transport) = error as? CoordinatorError, transport.code == .tls { await probeClock() }
                wait = state.isEvicted ? 300_000 : backoff.failed(chance: chance())
                // Never so late that the certificate ends meanwhile.
                if decision == .renew { wait = min(wait, max(1000, (leaf.notAfter - correctedNow) * 500)) }
            }
            do { try await pauseRenewal(wait) } catch { return }
        }
    }

    /// Waits, less long when a report found the coordinator there again and refused for a certificate that has ended.
    private func pauseRenewal(_ wait: Int64) async throws {
        let done = OneShot<Void>()
        let timer = LoopActor.schedule(after: .milliseconds(wait)) { done.finish(.success(())) }
        renewNow = done
        defer {
            timer.cancel()
            renewNow = nil
        }
        try await done.value()
    }

    private func request() throws -> String {
        try credentials.key.request(commonName: identity.name.rawValue, uri: NodeIdentity.uri(identity.cluster, identity.node))
    }

    /// The same key: peers pin it, and it changes by a new enrolment only.
    private func renew() async throws {
        let request = RenewRequest(csr: try request())
        let answer = try await client.post(
            "/v1/renew", request, to: identity.agentEndpoint, named: identity.serverName, tls: credentials.tls, as: RenewAnswer.self
        ).answer
        try renewed(answer)
        Log.info("the certificate was renewed")
    }

    /// Without a certificate that is good: the old key signs the coordinator's nonce.
    private func renewLate() async throws {
        let address = try CoordinatorAddress(identity.coordinator)
        let tls = TLSOptions(trust: .authorityPEM(credentials.rootsPEM))
        let challenge = try await client.post(
            "/v1/renew/challenge", ChallengeRequest(node: identity.node), to: address.endpoint, named: CoordinatorAddress.serverName, tls: tls,
            as: ChallengeAnswer.self
        ).answer
        let csr = try request()
        let signature = try credentials.key.sign(Array((challenge.nonce + csr).utf8))
        let request = LateRenewRequest(
            node: identity.node, nonce: challenge.nonce, csr: csr, certificate: credentials.shown.leaf.pem, signature: Bytes.base64(signature))
        let answer = try await client.post(
            "/v1/renew/late", request, to: address.endpoint, named: CoordinatorAddress.serverName, tls: tls, as: RenewAnswer.self
        ).answer
        try renewed(answer)
        Log.notice("the certificate was renewed after it had expired")
    }
}
