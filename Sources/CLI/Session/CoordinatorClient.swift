import FoundationEssentials
import SkepHTTP
import SkepWire

/// Speaks to one coordinator as one operator.
final class CoordinatorClient {
    let address: CoordinatorAddress
    private let authority: String
    private let token: String?
    private let http = BlockingHTTPClient()

    init(address: CoordinatorAddress, authority: String, token: String?) {
        self.address = address
        self.authority = authority
        self.token = token
    }

    func get<Answer: Decodable>(_ path: String, _: Answer.Type = Answer.self) throws -> Answer {
        try decode(send(request(.get, path)))
    }

    func post<Answer: Decodable>(_ path: String, _ body: (any Encodable)? = nil, deadline: Duration = .seconds(60), _: Answer.Type = Answer.self)
        throws
        -> Answer
    {
        var request = request(.post, path)
        request.deadline = deadline
        request.body = try body.map { Array(try JSONEncoder().encode($0)) } ?? []
        request.setHeader("Content-Type", "application/json")
        return try decode(send(request))
    }

    func delete<Answer: Decodable>(_ path: String, _: Answer.Type = Answer.self) throws -> Answer { try decode(send(request(.delete, path))) }

    /// A text, with the whole answer; nil when there is no such thing.
    func text(_ path: String) throws -> HTTPResponse? {
        let response = try perform(request(.get, path))
        if response.status == 404 { return nil }
        guard response.isSuccess else { throw Self.failure(response, at: address.url) }
        return response
    }

    /// Server-sent events: each event's data, until the other end closes.
    func events(_ path: String, onData: @escaping (String) -> Void) throws {
        var request = request(.get, path)
        request.deadline = nil
        request.idleDeadline = .seconds(60)
        request.setHeader("Accept", "text/event-stream")
        var reader = EventStreamReader()
        let response: HTTPResponse
        do {
            response = try http.perform(request) { bytes in
                for data in reader.read(bytes) { onData(data) }
                return true
            }
        } catch {
            throw unreachable(error)
        }
        guard response.isSuccess else { throw Self.failure(response, at: address.url) }
    }

    private func request(_ method: HTTPRequest.Method, _ path: String) -> HTTPRequest {
        var request = HTTPRequest(method, "https://\(CoordinatorAddress.serverName):\(address.port)\(path)")
        request.connectTo = address.endpoint
        request.tls = TLSOptions(trust: .authorityPEM(authority), capturePeer: path == "/healthz")
        if let token { request.setHeader("Authorization", "Bearer \(token)") }
        return request
    }

    private func perform(_ request: HTTPRequest) throws -> HTTPResponse {
        do { return try http.perform(request) } catch { throw unreachable(error) }
    }

    private func send(_ request: HTTPRequest) throws -> [UInt8] {
        let response = try perform(request)
        guard response.isSuccess else { throw Self.failure(response, at: address.url) }
        return response.body
    }

    private func unreachable(_ error: HTTPError) -> CommandFailure {
        switch error.code {
        case .tls:
            CommandFailure(
                .failed, "\(address.url): \(error.message)",
                "the coordinator is not the one that was logged in to, or a clock is wrong: look with 'skep doctor', log in again with 'skep login \(address.url)'"
            )
        default: CommandFailure(.failed, "\(address.url): \(error.message)", "look whether the coordinator runs and 7443 is open to you: skep doctor")
        }
    }

    private func decode<Answer: Decodable>(_ body: [UInt8]) throws -> Answer {
        do {
            return try JSONDecoder().decode(Answer.self, from: Data(body))
        } catch {
            throw CommandFailure(
                .failed, "\(address.url) answered something that this version of skep cannot read", "use the skep of the coordinator's version")
        }
    }

    /// What a refusal means for the exit code, and its words.
    static func failure(_ response: HTTPResponse, at url: String) -> CommandFailure {
        let refusal = try? JSONDecoder().decode(WireError.self, from: Data(response.body))
        let words = refusal?.message ?? "the coordinator answered \(response.status)"
        switch response.status {
        case 401: return CommandFailure(.failed, words, "log in: skep login \(url)")
        case 409: return CommandFailure(.refused, words)
        case 422:
            if let diagnostics = refusal?.diagnostics, !diagnostics.isEmpty { return CommandFailure(diagnostics) }
            return CommandFailure(.usage, words)
        default: return CommandFailure(.failed, words)
        }
    }
}
