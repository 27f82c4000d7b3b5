internal import FoundationEssentials
internal import SkepHTTP
public import SkepSystem

/// Docker's API over its socket, in the newest version that the engine and Skep both speak. Errors are ``DockerError``.
@LoopActor public final class DockerClient {
    /// Path of the engine's socket.
    public nonisolated let socket: String
    private let deadline: Duration
    private let limit: Int
    private let http = HTTPClient(idleConnections: 2)
    private var version: APIVersion?

    /// A client of the engine at that socket. `deadline` is for a request that has none of its own, `limit` for an answer's bytes.
    public init(socket: String = "/var/run/docker.sock", deadline: Duration = .seconds(20), limit: Int = 32 << 20) {
        self.socket = socket
        self.deadline = deadline
        self.limit = limit
    }

    // MARK: Requests

    func get<Answer: Decodable & Sendable>(
        _ path: String, _ query: KeyValuePairs<String, String> = [:], headers: [String: String] = [:], deadline: Duration? = nil,
        as type: Answer.Type = Answer.self
    ) async throws -> Answer {
        try Self.decode(try await send(.get, path, query, headers: headers, deadline: deadline), path)
    }

    @discardableResult
    func post(
        _ path: String, _ query: KeyValuePairs<String, String> = [:], body: (any Encodable & Sendable)? = nil, deadline: Duration? = nil
    ) async throws -> [UInt8] {
        let bytes = try body.map { Array(try JSONEncoder().encode($0)) }
        return try await send(.post, path, query, body: bytes, deadline: deadline)
    }

    func delete(_ path: String, _ query: KeyValuePairs<String, String> = [:]) async throws {
        _ = try await send(.delete, path, query)
    }

    /// Hands the body to `onData` as it comes, until the engine ends it or the task is cancelled.
    func stream(
        _ path: String, _ query: KeyValuePairs<String, String>, onOpen: @escaping @LoopActor () -> Void,
        onData: @escaping @LoopActor ([UInt8]) throws -> Void
    ) async throws {
        try await versioned { version in
            var request = self.request(.get, "/v\(version)\(path)\(Self.text(query))", deadline: nil)
            request.freshConnection = true
            let answer = try await self.exchange { http in
                try await http.stream(request, onHead: { if (200..<300).contains($0) { onOpen() } }, onData: onData)
            }
            _ = try Self.body(of: answer)
        }
    }

    private func send(
        _ method: HTTPRequest.Method, _ path: String, _ query: KeyValuePairs<String, String>, body: [UInt8]? = nil, headers: [String: String] = [:],
        deadline: Duration? = nil
    ) async throws -> [UInt8] {
        try await versioned { version in
            var request = self.request(method, "/v\(version)\(path)\(Self.text(query))", deadline: deadline ?? self.deadline)
            for (name, value) in headers { request.setHeader(name, value) }
            if let body {
                request.body = body
                request.setHeader("Content-Type", "application/json")
            } else if method == .post {
                request.body = []
            }
            let sent = request
            return try Self.body(of: try await self.exchange { try await $0.send(sent) })
        }
    }

    private func request(_ method: HTTPRequest.Method, _ target: String, deadline: Duration?) -> HTTPRequest {
        var request = HTTPRequest(method, "http://docker\(target)")
        request.unixSocket = socket
        request.deadline = deadline
        request.responseLimit = limit
        return request
    }

    private func exchange(_ body: (HTTPClient) async throws -> HTTPResponse) async throws -> HTTPResponse {
        do {
            return try await body(http)
        } catch let error as HTTPError {
            // Another engine may stand there the next time.
            if error.code != .timeout && error.code != .tooLarge { version = nil }
            throw DockerError(error, socket: socket)
        }
    }

    // MARK: Version

    /// The version that is spoken; asks the engine when it is not known.
    func negotiated() async throws -> APIVersion {
        if let version { return version }
        let offered = try await offeredVersion()
        guard offered >= APIVersion.oldest else {
            throw DockerError(
                .unsupported,
                "this Docker Engine speaks version \(offered) of its API; Skep needs \(APIVersion.oldest) (Docker 20.10) or newer: upgrade it")
        }
        let chosen = min(offered, APIVersion.newest)
        version = chosen
        return chosen
    }

    private func offeredVersion() async throws -> APIVersion {
        let ping = try await exchange { [deadline] in try await $0.send(request(.get, "/_ping", deadline: deadline)) }
        if ping.isSuccess, let version = ping.header("Api-Version").flatMap(APIVersion.init) { return version }
        // A proxy may have dropped the header.
        struct Answer: Decodable, Sendable { var ApiVersion: String }
        let answer = try await exchange { [deadline] in try await $0.send(request(.get, "/version", deadline: deadline)) }
        let text: Answer = try Self.decode(try Self.body(of: answer), "/version")
        guard let version = APIVersion(text.ApiVersion) else {
            throw DockerError(.invalid, "what answers on \(socket) says the API's version is '\(text.ApiVersion.prefix(40))'")
        }
        return version
    }

    /// Runs `body` with the negotiated version, and once more if the engine no longer speaks it: it may have been exchanged meanwhile.
    private func versioned<Value: Sendable>(_ body: (APIVersion) async throws -> Value) async throws -> Value {
        let first = try await negotiated()
        do {
            return try await body(first)
        } catch let error as DockerError where error.code == .refused && error.message.contains("client version") {
            version = nil
            let second = try await negotiated()
            guard second != first else { throw DockerError(.unsupported, "no common version of Docker's API: \(error.message)") }
            return try await body(second)
        }
    }

    // MARK: Text

    private static func body(of answer: HTTPResponse) throws -> [UInt8] {
        if answer.isSuccess || answer.status == 304 { return answer.body }
        struct Problem: Decodable { var message: String }
        let message =
            (try? JSONDecoder().decode(Problem.self, from: Data(answer.body)))?.message
            ?? String(decoding: answer.body.prefix(300), as: UTF8.self)
        let words = message.split(whereSeparator: \.isNewline).joined(separator: "; ")
        throw DockerError(status: answer.status, message: words.isEmpty ? "Docker answers with status \(answer.status)" : String(words.prefix(2000)))
    }

    nonisolated static func decode<Answer: Decodable>(_ bytes: [UInt8], _ path: String) throws -> Answer {
        do {
            return try JSONDecoder().decode(Answer.self, from: Data(bytes))
        } catch {
            throw DockerError(.invalid, "Docker's answer to \(path) cannot be read: \(Self.reason(error))")
        }
    }

    private nonisolated static func reason(_ error: any Error) -> String {
        switch error {
        case DecodingError.keyNotFound(let key, _): "'\(key.stringValue)' is missing"
        case DecodingError.typeMismatch(_, let context), DecodingError.valueNotFound(_, let context):
            "'\(context.codingPath.map(\.stringValue).joined(separator: "."))' has another type"
        case DecodingError.dataCorrupted: "it is not JSON"
        default: "\(error)"
        }
    }

    private static func text(_ query: KeyValuePairs<String, String>) -> String {
        query.isEmpty ? "" : "?" + query.map { "\($0.key)=\(escaped($0.value))" }.joined(separator: "&")
    }

    /// Percent-encodes all but RFC 3986's unreserved characters.
    static func escaped(_ text: String) -> String {
        var result = ""
        for byte in text.utf8 {
            switch byte {
            case 0x30...0x39, 0x41...0x5a, 0x61...0x7a, 0x2d, 0x2e, 0x5f, 0x7e: result.unicodeScalars.append(Unicode.Scalar(byte))
            default: result += (byte < 16 ? "%0" : "%") + String(byte, radix: 16, uppercase: true)
            }
        }
        return result
    }

    /// Docker's `filters` parameter.
    static func filters(_ filters: [String: [String]]) throws -> String {
        String(decoding: try JSONEncoder().encode(filters), as: UTF8.self)
    }
}
