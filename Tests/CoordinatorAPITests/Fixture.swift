import CoordinatorAuthority
import CoordinatorCore
import Foundation
import Logging
import SkepCrypto
import SkepHTTP
import SkepModel
import SkepWire
import Synchronization
import Testing

@testable import CoordinatorAPI

/// A coordinator on loopback with a folder of its own, and a clock that can be moved.
final class Fixture: Sendable {
    let folder: String
    let coordinator: Coordinator
    let operators: String
    let agents: String
    let roots: String
    let token: String
    let log: LogBook
    private let running: Task<Void, any Error>
    private let offset: Offset

    final class Offset: Sendable {
        let milliseconds = Mutex<Int64>(0)
    }

    /// Starts one, on an old folder if given, and logs an admin in.
    static func start(
        folder: String? = nil, settings: Settings = Settings(beat: 400, suspectAfter: 900, downAfter: 1500), connections: Int = 8192,
        handshakeSeconds: Int64 = 10, requestSeconds: Int64 = 60, token: String? = nil
    ) async throws -> Fixture {
        let path = folder ?? NSTemporaryDirectory() + "skep-api-\(UUID().uuidString)"
        let offset = Offset()
        let clock = WallClock {
            Instant(milliseconds: Int64(Date().timeIntervalSince1970 * 1000) + offset.milliseconds.withLock { $0 })
        }
        let log = LogBook()
        let logger = Logger(label: "test", factory: { _ in LogBook.Handler(book: log) })
        try? FileManager.default.createDirectory(atPath: path + "/packages", withIntermediateDirectories: true)
        let coordinator = try await Coordinator(
            CoordinatorConfiguration(
                state: path, operators: .init(host: "127.0.0.1", port: 0), agents: .init(host: "127.0.0.1", port: 0),
                advertise: ["127.0.0.1"], packages: path + "/packages", settings: settings, maximumConnections: connections,
                machineID: nil, handshakeSeconds: handshakeSeconds, requestSeconds: requestSeconds),
            clock: clock, logger: logger)
        let running = Task { try await coordinator.run() }
        guard let ports = await coordinator.ports() else {
            try await running.value
            throw CancellationError()
        }
        let roots = coordinator.authority.roots
        var granted = token ?? ""
        if token == nil {
            let code = try await FirstLogin.make(state: path, clock: clock)
            let answer: LoginAnswer = try await Self.call(
                "https://127.0.0.1:\(ports.operators)/v1/login", .post, LoginRequest(code: code, name: "root"), roots: roots)
            granted = answer.token
        }
        return Fixture(path, coordinator, ports, roots, granted, log, running, offset)
    }

    private init(
        _ folder: String, _ coordinator: Coordinator, _ ports: (operators: Int, agents: Int), _ roots: String, _ token: String,
        _ log: LogBook, _ running: Task<Void, any Error>, _ offset: Offset
    ) {
        self.folder = folder
        self.coordinator = coordinator
        operators = "https://127.0.0.1:\(ports.operators)"
        agents = "https://127.0.0.1:\(ports.agents)"
        self.roots = roots
        self.token = token
        self.log = log
        self.running = running
        self.offset = offset
    }

    func advance(_ milliseconds: Int64) { offset.milliseconds.withLock { $0 += milliseconds } }

    /// Stops it; the folder stays.
    func stop() async {
        running.cancel()
        _ = try? await running.value
    }

    func remove() async {
        await stop()
        try? FileManager.default.removeItem(atPath: folder)
    }

    // MARK: Requests

    /// One request over a connection of its own, by libcurl on a thread of its own.
    static func send(_ request: HTTPRequest) async throws -> HTTPResponse {
        try await withCheckedThrowingContinuation { continuation in
            Thread.detachNewThread {
                do {
                    continuation.resume(returning: try BlockingHTTPClient().perform(request))
                } catch {
                    continuation.resume(throwing: error)
                }
            }
        }
    }

    static func call<Answer: Decodable>(
        _ url: String, _ method: SkepHTTP.HTTPRequest.Method, _ body: (any Encodable)? = nil, roots: String, token: String? = nil
    ) async throws -> Answer {
        var request = SkepHTTP.HTTPRequest(method, url, body: try body.map { Array(try JSONEncoder().encode($0)) } ?? (method == .post ? [] : nil))
        request.tls.trust = .authorityPEM(roots)
        if let token { request.setHeader("Authorization", "Bearer \(token)") }
        return try decode(try await send(request))
    }

    static func decode<Answer: Decodable>(_ response: HTTPResponse) throws -> Answer {
        guard response.isSuccess else {
            if let error = try? JSONDecoder().decode(WireError.self, from: Data(response.body)) { throw error }
            throw WireError(code: "HTTP\(response.status)", message: response.text)
        }
        return try JSONDecoder().decode(Answer.self, from: Data(response.body))
    }

    func get<Answer: Decodable>(_ path: String) async throws -> Answer {
        try await Self.call(operators + path, .get, roots: roots, token: token)
    }

    func post<Answer: Decodable>(_ path: String, _ body: (any Encodable)? = nil, token: String? = nil) async throws -> Answer {
        try await Self.call(operators + path, .post, body, roots: roots, token: token ?? self.token)
    }

    func anonymous<Answer: Decodable>(_ path: String, _ body: any Encodable) async throws -> Answer {
        try await Self.call(operators + path, .post, body, roots: roots)
    }

    func raw(_ method: SkepHTTP.HTTPRequest.Method, _ path: String, token: String? = nil, body: [UInt8]? = nil) async throws -> HTTPResponse {
        var request = SkepHTTP.HTTPRequest(method, operators + path, body: body)
        request.tls.trust = .authorityPEM(roots)
        if let token { request.setHeader("Authorization", "Bearer \(token)") }
        return try await Self.send(request)
    }

    // MARK: A cluster and its machines

    static let file = """
        cluster: geneva
        kind: target
        audiences:
          management: [127.0.0.0/8]
          nodes: [10.77.0.0/16]
          users: [10.0.0.0/8]
        nodes:
          n1: {role: manager}
          n2: {}
          n3: {}

        """

    func apply(_ text: String = Fixture.file, files: [String: String] = [:], planOnly: Bool = false) async throws -> ApplyAnswer {
        let files = files.mapValues { Data($0.utf8).base64EncodedString() }
        return try await post("/v1/apply", ApplyRequest(name: "geneva.yaml", file: text, files: files, planOnly: planOnly))
    }

    func invite(_ name: String? = nil, seconds: Int? = nil) async throws -> InviteAnswer {
        try await post("/v1/clusters/geneva/invitations", InviteRequest(name: name.flatMap(NodeName.init(rawValue:)), seconds: seconds))
    }

    func enrol(
        _ name: String, machine: Int, token: String? = nil, key: P256Key? = nil
    ) async throws -> Machine {
        let key = try key ?? P256Key.generate()
        let text = if let token { token } else { try await invite(name).token }
        let request = EnrolRequest(
            token: text, csr: try key.request(commonName: name), machineID: Self.machineID(machine), hostname: name,
            name: NodeName(rawValue: name))
        let answer: EnrolAnswer = try await anonymous("/v1/enrol", request)
        return Machine(key: key, answer: answer, machineID: Self.machineID(machine), agents: agents, roots: roots)
    }

    static func machineID(_ number: Int) -> String { String(repeating: "0", count: 28) + String(1000 + number) }

    func status() async throws -> StatusAnswer { try await get("/v1/clusters/geneva/status") }

    func runtime() async throws -> ClusterRuntime { try #require(await coordinator.registry.runtime(ClusterName(unchecked: "geneva"))) }

    /// Records what the planner does when it made a swarm `s1`.
    func recordSwarm() async throws {
        let runtime = try await runtime()
        let pool = try #require(CIDR("10.200.0.0/16"))
        await runtime.lock()
        var record = await runtime.record
        record.decisions = .init(addressPool: pool, mtu: 1450, dataPathPort: 4789, initialiser: NodeID(unchecked: "00000000000000a1"))
        record.swarm = "s1"
        let event = await runtime.event("the swarm is made", node: nil, actor: "test")
        do {
            try await runtime.store(record: record, event: event)
            await runtime.unlock()
        } catch {
            await runtime.unlock()
            throw error
        }
    }
}

/// What a coordinator has logged, a line each.
final class LogBook: Sendable {
    private let kept = Mutex<[String]>([])

    var lines: [String] { kept.withLock { $0 } }

    struct Handler: LogHandler {
        let book: LogBook
        var metadata: Logger.Metadata = [:]
        var metadataProvider: Logger.MetadataProvider?
        var logLevel: Logger.Level = .notice

        init(book: LogBook) { self.book = book }

        subscript(metadataKey key: String) -> Logger.Metadata.Value? {
            get { metadata[key] }
            set { metadata[key] = newValue }
        }

        func log(event: LogEvent) {
            let data = metadata.merging(event.metadata ?? [:]) { _, new in new }
            let line = "\(event.message)" + data.sorted { $0.key < $1.key }.map { " \($0.key)=\($0.value)" }.joined()
            book.kept.withLock { $0.append(line) }
            if event.level >= .error { print(line) }
        }
    }
}

/// A machine that has enrolled, as far as the coordinator can tell.
struct Machine: Sendable {
    let key: P256Key
    var answer: EnrolAnswer
    let machineID: String
    let agents: String
    let roots: String

    var id: NodeID { answer.node }

    func status(_ change: (inout NodeStatus) -> Void = { _ in }) -> NodeStatus {
        var status = NodeStatus(
            node: id, bootID: "b1", agentVersion: "0.1.0", observed: Instant(milliseconds: Int64(Date().timeIntervalSince1970 * 1000)),
            revision: 0, generation: nil, facts: NodeFacts(machineID: machineID, hostname: answer.name.rawValue),
            swarm: SwarmStatus(state: .absent))
        change(&status)
        return status
    }

    /// What a manager observes of the swarm `s1` with these managers, the first of which leads.
    func manager(of managers: [String], networks: [String] = []) -> NodeStatus {
        status {
            $0.swarm = SwarmStatus(state: .active, nodeID: "docker-\(answer.name)", swarmID: "s1", isManager: true)
            $0.manager = ManagerView(
                swarmID: "s1",
                members: managers.map { .init(id: "docker-\($0)", hostname: $0, role: .manager, state: "ready", leader: $0 == managers[0]) },
                networks: networks.map { .init(name: $0, ours: true) })
        }
    }

    func send(_ path: String, _ body: any Encodable) async throws -> HTTPResponse {
        var request = SkepHTTP.HTTPRequest(.post, agents + path, body: Array(try JSONEncoder().encode(body)))
        request.tls.trust = .authorityPEM(roots)
        request.tls.identity = .pem(certificate: answer.certificate ?? "", key: try key.pem())
        return try await Fixture.send(request)
    }

    func report(_ status: NodeStatus? = nil, holds: Int = 0, urgent: Bool = true) async throws -> ReportAnswer {
        try Fixture.decode(try await send("/v1/report", ReportRequest(status: status ?? self.status(), holds: holds, urgent: urgent)))
    }

    func renewed(_ certificate: String) -> Machine {
        var machine = self
        machine.answer.certificate = certificate
        return machine
    }
}

/// The code of the refusal that the body ends in.
func refusal(_ body: () async throws -> Any) async -> String {
    do {
        _ = try await body()
        return "none"
    } catch let error as WireError {
        return error.code
    } catch {
        return "\(error)"
    }
}
