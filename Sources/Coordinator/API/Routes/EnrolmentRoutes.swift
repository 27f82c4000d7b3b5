import CoordinatorAuthority
import Hummingbird
import NIOCore
import SkepModel
import SkepWire

/// What machines ask that are not enrolled yet, or whose certificate has ended.
struct EnrolmentRoutes: Sendable {
    let doorkeeper: Doorkeeper
    let enrolment: EnrolmentService
    let renewal: RenewalService
    let shelf: PackageShelf
    private static let limit = 64 * 1024

    init(doorkeeper: Doorkeeper, enrolment: EnrolmentService, renewal: RenewalService, shelf: PackageShelf) {
        self.doorkeeper = doorkeeper
        self.enrolment = enrolment
        self.renewal = renewal
        self.shelf = shelf
    }

    func add(to router: Router<CoordinatorContext>) {
        let refusals = doorkeeper.refusals
        doorkeeper.add(Route(.operators, .get, "/healthz"), to: router) { _, _, _ in Answers.text("ok\n") }
        doorkeeper.add(Route(.operators, .get, "/v1/authority"), to: router) { _, _, _ in
            Answers.text(enrolment.authority.roots, type: "application/x-pem-file")
        }
        doorkeeper.add(Route(.operators, .post, "/v1/enrol"), to: router) { request, context, _ in
            let body = try await Answers.body(EnrolRequest.self, of: request, limit: Self.limit)
            guard !refusals.isBlocked("TokenUnknown", caller: context.address) else { throw Doorkeeper.tooMany }
            return try Answers.json(try await enrolment.enrol(body))
        }
        doorkeeper.add(Route(.operators, .post, "/v1/renew/challenge"), to: router) { request, context, _ in
            let body = try await Answers.body(ChallengeRequest.self, of: request, limit: Self.limit)
            guard !refusals.isBlocked("NonceUnknown", caller: context.address) else { throw Doorkeeper.tooMany }
            return try Answers.json(renewal.challenge(body))
        }
        doorkeeper.add(Route(.operators, .post, "/v1/renew/late"), to: router) { request, context, _ in
            let body = try await Answers.body(LateRenewRequest.self, of: request, limit: Self.limit)
            guard !refusals.isBlocked("NonceUnknown", caller: context.address) else { throw Doorkeeper.tooMany }
            return try Answers.json(try await renewal.renewLate(body))
        }
        doorkeeper.add(Route(.operators, .get, "/v1/packages/agent/:arch"), to: router) { _, context, _ in
            let bytes = try package(context)
            return Response(
                status: .ok, headers: [.contentType: "application/vnd.debian.binary-package"],
                body: .init(byteBuffer: ByteBuffer(bytes: bytes)))
        }
        doorkeeper.add(Route(.operators, .get, "/v1/packages/agent/:arch/sha256"), to: router) { _, context, _ in
            Answers.text(Secret.hash(try package(context)) + "\n")
        }
    }

    private func package(_ context: CoordinatorContext) throws -> [UInt8] {
        let architecture = context.parameters.get("arch") ?? ""
        guard let bytes = shelf.package(for: architecture) else {
            throw Refusal.notFound("there is no agent's package for '\(architecture.prefix(16))' in \(shelf.folder)")
        }
        return bytes
    }
}
