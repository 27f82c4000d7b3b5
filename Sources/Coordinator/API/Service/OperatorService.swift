import CoordinatorAuthority
import CoordinatorStore
import SkepModel
import SkepWire

/// What an operator may do; each includes those before it.
enum OperatorRole: String, CaseIterable, Comparable, Sendable {
    case viewer, `operator`, admin

    static func < (left: Self, right: Self) -> Bool {
        (allCases.firstIndex(of: left) ?? 0) < (allCases.firstIndex(of: right) ?? 0)
    }
}

/// Who people are, and how they show it; only digests of what they hold are stored.
struct OperatorService: Sendable {
    static let sessionLimit: Int64 = 12 * 3_600_000
    static let firstLoginLimit: Int64 = 600_000

    let store: any Store
    let clock: WallClock

    /// Who holds this token or session.
    func person(token: String) async throws -> StoredOperator? {
        guard token.utf8.count <= 256 else { return nil }
        let hash = Secret.hash(token)
        if let person = try await store.operatorWithToken(hash: hash) { return person }
        return try await store.operatorWithSession(hash: hash, now: clock.now())
    }

    /// Exchanges the first login for an admin's token, or an operator's token for a session.
    func login(code: String, name: String?) async throws -> LoginAnswer? {
        let code = String(code.filter { !$0.isWhitespace })
        guard !code.isEmpty, code.utf8.count <= 256 else { return nil }
        // Before the code is used: it is good once.
        if let name { try Self.check(name) }
        if try await store.useFirstLogin(hash: Secret.hash(code), now: clock.now()) {
            return try await save(name: name ?? "admin", role: .admin, actor: "first login")
        }
        guard let person = try await store.operatorWithToken(hash: Secret.hash(code)) else { return nil }
        return LoginAnswer(operatorName: person.name, role: person.role, token: try await session(for: person.name))
    }

    /// Opens a session of twelve hours.
    func session(for name: String) async throws -> String {
        let session = "skeps." + Secret.text()
        try await store.addSession(hash: Secret.hash(session), operator: name, expires: clock.now().advanced(by: Self.sessionLimit))
        return session
    }

    func logout(session: String) async throws { try await store.removeSession(hash: Secret.hash(session)) }

    /// Makes an operator, or gives one another role and a new token.
    func add(_ request: OperatorRequest, actor: String) async throws -> LoginAnswer {
        guard let role = OperatorRole(rawValue: request.role) else {
            throw Refusal(.badRequest, "UnknownRole", "'\(request.role)' is no role: viewer, operator or admin")
        }
        try Self.check(request.name)
        return try await keepingAnAdmin { try await save(name: request.name, role: role, actor: actor) }
    }

    func remove(_ name: String, actor: String) async throws -> String {
        guard try await store.operators().contains(where: { $0.name == name }) else { throw Refusal.notFound("there is no operator '\(name)'") }
        let event = Event(at: clock.now(), kind: .act, message: "operator \(name) removed", actor: actor)
        _ = try await keepingAnAdmin { try await store.removeOperator(name, event: event) }
        return "\(name) is removed; the token and open sessions are not good any more"
    }

    func list() async throws -> OperatorsAnswer {
        OperatorsAnswer(
            operators: try await store.operators().map { OperatorSummary(name: $0.name, role: $0.role, created: $0.created) })
    }

    private func keepingAnAdmin<Answer: Sendable>(_ change: () async throws -> Answer) async throws -> Answer {
        do { return try await change() } catch let error as StoreError where error.code == .lastAdmin {
            throw Refusal(.conflict, "LastAdmin", error.message)
        }
    }

    private static func check(_ name: String) throws {
        guard (1...64).contains(name.utf8.count),
            name.utf8.allSatisfy({ (0x30...0x39).contains($0) || (0x61...0x7a).contains($0 | 0x20) || [0x2d, 0x2e, 0x5f, 0x40].contains($0) })
        else {
            throw Refusal(.badRequest, "BadName", "an operator's name has letters, digits, '.', '_', '@' and '-', at most 64")
        }
    }

    private func save(name: String, role: OperatorRole, actor: String) async throws -> LoginAnswer {
        let token = "skepo." + Secret.text()
        _ = try await store.save(
            StoredOperator(name: name, role: role.rawValue, created: clock.now()), tokenHash: Secret.hash(token),
            event: Event(at: clock.now(), kind: .act, message: "operator \(name) got a token as \(role.rawValue)", actor: actor))
        return LoginAnswer(operatorName: name, role: role.rawValue, token: token)
    }
}
