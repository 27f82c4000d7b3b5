import CoordinatorAuthority
import CoordinatorStore
import Hummingbird
import Logging
import NIOSSL
import SkepModel
import SkepWire

/// Finds out who is asking, and lets in whom the table allows.
struct Doorkeeper: Sendable {
    typealias Handler = @Sendable (Request, CoordinatorContext, Caller) async throws -> Response

    let store: any Store
    let authority: Authority
    let operators: OperatorService
    let registry: ClusterRegistry
    let live: LiveConnections
    let refusals: RefusalLog
    let logger: Logger

    static let cookie = "skep_session"

    /// Adds the route; without a row in the table it is refused to everybody.
    func add(_ route: Route, to router: Router<CoordinatorContext>, handler: @escaping Handler) {
        router.on(RouterPath(route.path), method: route.method) { request, context in
            await answer(route, request, context, handler)
        }
    }

    private func answer(_ route: Route, _ request: Request, _ context: CoordinatorContext, _ handler: Handler) async -> Response {
        let isPage = route.listener == .operators && !route.path.hasPrefix("/v1/")
        do {
            let caller = try await caller(route.listener, request, context)
            guard AuthorizationTable.allows(route, caller.kind) else {
                if case .anonymous = caller {
                    if isPage, route.method == .get { return Self.redirect("/login") }
                    throw Refusal(.unauthorized, "NotLoggedIn", "log in first: skep login")
                }
                throw Refusal(.forbidden, "NotAllowed", "\(caller.name) may not do this: it needs a higher role")
            }
            // A browser sends the cookie by itself: what changes anything needs the token.
            if case .person(_, _, byCookie: true) = caller, route.method != .get, !isPage {
                throw Refusal(.forbidden, "NeedsToken", "this is done with a token, not from a browser's session")
            }
            return try await handler(request, context, caller)
        } catch let refusal as Refusal {
            switch refusal.status {
            case .badRequest, .unauthorized, .forbidden, .contentTooLarge, .tooManyRequests:
                refusals.note(refusal.wire.code, caller: context.address)
            case .notFound, .conflict, .unprocessableContent, .internalServerError: break
            }
            return Answers.refusal(refusal)
        } catch let error as StoreError where error.code == .leaseLost {
            return Answers.refusal(Refusal(.conflict, "LeaseLost", error.message))
        } catch {
            logger.error("request failed", metadata: ["route": "\(route)", "error": "\(error)"])
            return Answers.refusal(Refusal(.internalServerError, "Failed", "the coordinator failed at this; its log says why"))
        }
    }

    static func redirect(_ path: String) -> Response {
        Response(status: .seeOther, headers: [.location: path, .cacheControl: "no-store"])
    }

    // MARK: Who

    private func caller(_ listener: Listener, _ request: Request, _ context: CoordinatorContext) async throws -> Caller {
        switch listener {
        case .agents:
            _ = try await node()
            return .node
        case .operators:
            if let header = request.headers[.authorization] {
                guard !refusals.isBlocked("BadToken", caller: context.address) else { throw Self.tooMany }
                guard header.hasPrefix("Bearer "), let person = try await operators.person(token: String(header.dropFirst(7))),
                    let role = OperatorRole(rawValue: person.role)
                else { throw Refusal(.unauthorized, "BadToken", "the token is not known here: log in again with skep login") }
                return .person(name: person.name, role: role, byCookie: false)
            }
            if let session = request.cookies[Self.cookie]?.value, let person = try await operators.person(token: session),
                let role = OperatorRole(rawValue: person.role)
            {
                return .person(name: person.name, role: role, byCookie: true)
            }
            return .anonymous
        }
    }

    static let tooMany = Refusal(.tooManyRequests, "TooManyRefusals", "too many refusals from this address: wait a minute")

    /// The node behind this connection; looked up once, for as long as the connection lives.
    func node() async throws -> NodeIdentity {
        guard let state = ConnectionState.current else { throw Refusal(.forbidden, "NoCertificate", "a client certificate is needed") }
        if let known = state.certificate { return known.identity }
        guard let peer = try await state.channel.nioSSL_peerCertificate().get() else {
            throw Refusal(.forbidden, "NoCertificate", "a client certificate is needed")
        }
        let shown: ShownCertificate
        do {
            shown = try authority.read(der: try peer.toDERBytes())
        } catch let error as AuthorityError {
            throw EnrolmentService.refused(error)
        }
        guard let certificate = try await store.certificate(serial: shown.serial), !certificate.revoked,
            let runtime = await registry.runtime(shown.identity.cluster)
        else {
            throw Refusal(.forbidden, "CertificateRevoked", "the certificate was replaced or withdrawn: enrol with a new invitation")
        }
        live.add(state.channel, of: shown.identity.node)
        do {
            // After it was added: an eviction of this moment closes it, or is seen here.
            try await runtime.check(shown.identity.node)
            if certificate.used == nil { try await runtime.used(certificate) }
        } catch {
            live.remove(state.channel, of: shown.identity.node)
            throw error
        }
        state.certificate = shown
        return shown.identity
    }
}
