internal import SkepCrypto
internal import SkepHTTP
internal import SkepModel
internal import SkepSystem

/// Asks a coordinator whom nobody vouches for yet for its authority, and believes only what fits a known fingerprint.
///
/// The dates of certificates play no part in it: it is how a node with a wrong clock finds that out.
@LoopActor struct AuthorityProbe {
    /// What a coordinator is believed for.
    enum Anchor: Sendable {
        /// SHA-256 of the root's public key, from the token.
        case fingerprint([UInt8])
        /// Roots from an earlier enrolment.
        case roots([Certificate])

        func accepts(_ certificate: Certificate) -> Bool {
            switch self {
            case .fingerprint(let digest): Bytes.equalConstantTime(certificate.publicKeySHA256, digest)
            case .roots(let roots): roots.contains { $0.publicKeyDER == certificate.publicKeyDER }
            }
        }
    }

    struct Found: Sendable {
        /// The roots that fit, PEM.
        var rootsPEM: String
        /// Milliseconds that this node's clock is ahead.
        var clockOffset: Int64
    }

    /// What `GET /v1/authority` may answer: PEM, or this.
    private struct Answer: Decodable { var roots: String }

    let client: CoordinatorClient

    /// Throws ``AgentError/Code/wrongAuthority`` when the server at that address is somebody else's.
    func ask(_ address: CoordinatorAddress, anchor: Anchor) async throws -> Found {
        var request = HTTPRequest(.get, "https://\(CoordinatorAddress.serverName):\(address.port)/v1/authority")
        request.connectTo = address.endpoint
        request.tls = TLSOptions(trust: .nobody, capturePeer: true)
        request.deadline = .seconds(15)
        request.responseLimit = 256 * 1024
        request.freshConnection = true
        let response = try await client.send(request)
        let received = SystemClock.wallMilliseconds()
        let text = (try? JSON.decode(Answer.self, response.body))?.roots ?? response.text
        let trusted = ((try? Certificate.all(pem: text)) ?? []).filter { anchor.accepts($0) }
        guard !trusted.isEmpty else {
            throw AgentError(
                .wrongAuthority,
                "the coordinator at \(address) has another authority than the invitation names: check the address, "
                    + "or make a new invitation with `skep node invite`")
        }
        try checkPeer(response.peerCertificates, roots: trusted, address: address)
        return Found(rootsPEM: trusted.map(\.pem).joined(), clockOffset: try offset(response, received))
    }

    /// The connection itself must end at somebody whom the authority vouches for, or its `Date` says nothing.
    private func checkPeer(_ chain: [String], roots: [Certificate], address: CoordinatorAddress) throws {
        let certificates = chain.compactMap { try? Certificate(pem: $0) }
        guard let leaf = certificates.first else { throw AgentError(.wrongAuthority, "the coordinator at \(address) showed no certificate") }
        let above = Array(certificates.dropFirst())
        // A moment at which the whole chain is good, whatever this node's clock says.
        let moment = (certificates + roots).map(\.notBefore).max() ?? leaf.notBefore
        do { try leaf.verify(intermediates: above, roots: roots, at: moment) } catch {
            throw AgentError(.wrongAuthority, "the server at \(address) shows a certificate that the invitation's authority did not issue: \(error)")
        }
    }

    private func offset(_ response: HTTPResponse, _ received: Int64) throws -> Int64 {
        guard let seconds = response.date else {
            throw AgentError(.badAnswer, "the coordinator's answer has no date")
        }
        // The header has whole seconds: in the mean half a second is cut off.
        return received - seconds * 1000 - 500
    }
}
