import CoordinatorAuthority
import CoordinatorStore
import Foundation
import SkepModel
import SkepWire

/// Gives enrolled nodes new certificates, in time or late.
struct RenewalService: Sendable {
    /// How long after its end a certificate can still be renewed, milliseconds.
    static let lateLimit: Int64 = 30 * 24 * 3_600_000

    let store: any Store
    let authority: Authority
    let registry: ClusterRegistry
    let clock: WallClock
    let challenges = Challenges()

    /// Over a connection that the old certificate opened.
    func renew(_ request: RenewRequest, identity: NodeIdentity) async throws -> RenewAnswer {
        try Refusal.check(version: request.version)
        return try await issue(request.csr, identity)
    }

    /// Whoever asks for a node that does not exist learns nothing of it.
    func challenge(_ request: ChallengeRequest) -> ChallengeAnswer {
        ChallengeAnswer(nonce: challenges.make(for: request.node, now: clock.now()))
    }

    /// With an expired certificate: its key signs our nonce and the request.
    func renewLate(_ request: LateRenewRequest) async throws -> RenewAnswer {
        try Refusal.check(version: request.version)
        let now = clock.now()
        guard challenges.isGood(request.nonce, for: request.node, now: now) else { throw Self.nonceUnknown }
        let shown: ShownCertificate
        do {
            shown = try authority.read(pem: request.certificate)
        } catch let error as AuthorityError {
            throw EnrolmentService.refused(error)
        }
        guard shown.identity.node == request.node, let signature = Data(base64Encoded: request.signature),
            authority.isSigned(Array((request.nonce + request.csr).utf8), signature: Array(signature), by: request.certificate)
        else {
            throw Refusal(.unauthorized, "ForgedRequest", "the request is not signed with the certificate's key")
        }
        guard now.since(shown.notAfter) <= Self.lateLimit else {
            throw Refusal(
                .unauthorized, "TooLate", "the certificate ended more than 30 days ago: enrol the machine again with a new invitation")
        }
        guard let known = try await store.certificate(serial: shown.serial), !known.revoked else {
            throw Refusal(.unauthorized, "CertificateRevoked", "the certificate was replaced or withdrawn: enrol with a new invitation")
        }
        guard challenges.use(request.nonce, for: request.node, now: now) else { throw Self.nonceUnknown }
        return try await issue(request.csr, shown.identity)
    }

    private static let nonceUnknown = Refusal(
        .unauthorized, "NonceUnknown", "the nonce is not known, was used, or is older than two minutes: ask for another")

    private func issue(_ csr: String, _ identity: NodeIdentity) async throws -> RenewAnswer {
        guard let runtime = await registry.runtime(identity.cluster) else {
            throw Refusal(.forbidden, "UnknownNode", "no such cluster is looked after here")
        }
        try await runtime.check(identity.node)
        let now = clock.now()
        let certificate: NodeCertificate
        do {
            certificate = NodeCertificate(try authority.issueNode(csr: csr, identity: identity, now: now), node: identity.node, now: now)
        } catch let error as AuthorityError {
            throw EnrolmentService.refused(error)
        }
        try await store.add(certificate)
        return RenewAnswer(certificate: certificate.pem, roots: authority.roots)
    }
}
