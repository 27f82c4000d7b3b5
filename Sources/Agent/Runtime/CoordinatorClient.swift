public import SkepHTTP
public import SkepSystem
internal import SkepWire

/// The requests that an agent makes to its coordinator, each with its limits.
@LoopActor public final class CoordinatorClient {
    private let http: HTTPClient

    /// One connection is kept between requests.
    public nonisolated init(http: HTTPClient) { self.http = http }

    /// New connections from now on.
    public func reset() { http.reset() }

    /// `POST` of a JSON value; the answer decoded, with what is known of the connection.
    func post<Answer: Decodable & Sendable>(
        _ path: String, _ body: some Encodable & Sendable, to endpoint: String, named serverName: String, tls: TLSOptions,
        deadline: Duration = .seconds(30), fresh: Bool = false, as type: Answer.Type = Answer.self
    ) async throws -> (answer: Answer, response: HTTPResponse) {
        let bytes: [UInt8]
        do { bytes = try JSON.encode(body) } catch { throw CoordinatorError.badAnswer(JSON.reason(error)) }
        var request = HTTPRequest(.post, "https://\(serverName):\(Self.port(of: endpoint))\(path)", body: bytes)
        request.connectTo = endpoint
        request.tls = tls
        request.deadline = deadline
        request.responseLimit = WireProtocol.bodyLimit
        request.freshConnection = fresh
        let response = try await send(request)
        do { return (try JSON.decode(Answer.self, response.body), response) } catch {
            throw CoordinatorError.badAnswer(JSON.reason(error))
        }
    }

    /// Any request; a status that is not 2xx is thrown as ``CoordinatorError/refused(status:_:)``.
    func send(_ request: HTTPRequest) async throws -> HTTPResponse {
        let response: HTTPResponse
        do { response = try await http.send(request) } catch let error as HTTPError { throw CoordinatorError.transport(error) }
        guard !response.isSuccess else { return response }
        let words =
            (try? JSON.decode(WireError.self, response.body))
            ?? WireError(code: "Status\(response.status)", message: "the coordinator answered with status \(response.status)")
        throw CoordinatorError.refused(status: response.status, words)
    }

    static func port(of endpoint: String) -> Substring {
        endpoint.lastIndex(of: ":").map { endpoint[endpoint.index(after: $0)...] } ?? "7444"
    }
}
