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
        var logger = Logger(label: "test")
        logger.logLevel = .error
        try? FileManager.default.createDirectory(atPath: path + "/packages", withIntermediateDirectories: true)
        let coordinator = try await Coordinator(
            CoordinatorConfiguration(
                state: path, operators: .init(host: "127.0.0.1", port: 0), agents: .init(host: "127.0.0.1", port: 0),
                advertise: ["127.0.0.1"], packages: path + "/packages", settings: settings, maximumConnections: connections,
                machineID: nil, handshakeSeconds: handshakeSeconds, requestSeconds: requestSeconds),
            clock: clock, logger: logger)
        let running = Task { try await coordinator.run() }
        let ports = await coordinator.ports()
        let roots = coordinator.authority.roots
        var granted = token ?? ""
        if token == nil {
            let code = try await FirstLogin.make(state: path, clock: clock)
            let answer: LoginAnswer = try await Self.call(
                "https://127.0.0.1:\(ports.operators)/v1/login", .post, LoginRequest(code: code, name: "root"), roots: roots)
            granted = answer.token
        }
        return Fixture(path, coordinator, ports, roots, granted, running, offset)
    }

    private init(
        _ folder: String, _ coordinator: Coordinator, _ ports: (operators: Int, agents: Int), _ roots: String, _ token: String,
        _ running: Task<Void, any Error>, _ offset: Offset
    ) {
        self.folder = folder
        self.coordinator = coordinator
        operators = "https://127.0.0.1:\(ports.operators)"
        agents = "https://127.0.0.1:\(ports.agents)"
        self.roots = roots
        self.token = token
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

    func apply(_ text: String = Fixture.file, planOnly: Bool = false) async throws -> ApplyAnswer {
        try await post("/v1/apply", ApplyRequest(name: "geneva.yaml", file: text, files: [:], planOnly: planOnly))
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
