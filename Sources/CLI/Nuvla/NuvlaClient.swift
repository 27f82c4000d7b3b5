import FoundationEssentials
import SkepHTTP

/// Speaks to a Nuvla server's REST API (github.com/nuvla/api-server; python: github.com/nuvla/python-library, nuvla/api/resources).
final class NuvlaClient {
    /// The answer to what adds something; `message` is the server's own words.
    struct Added: Decodable {
        var status: Int
        var message: String?
        var id: String?
        enum CodingKeys: String, CodingKey {
            case status, message
            case id = "resource-id"
        }
    }

    /// One of the resources that a search finds.
    struct Found: Decodable {
        var id: String
        var name: String?
        var description: String?
        var subtype: String?
        var endpoint: String?
        var parent: String?
    }

    private struct Collection: Decodable { var resources: [Found] }

    private struct Words: Decodable { var message: String? }

    private let url: String
    private let trust: TLSOptions.Trust?
    private let http = BlockingHTTPClient()
    /// `NAME=VALUE` of the session.
    private var cookie: String?

    /// `url` is `https://HOST[:PORT]`; `authority` is what the server's certificate is checked against, PEM, instead of the system's list.
    init(url: String, authority: String?) throws {
        var plain = url
        while plain.hasSuffix("/") { plain.removeLast() }
        if plain.hasSuffix("/api") { plain.removeLast(4) }
        guard plain.hasPrefix("https://"), plain.utf8.count > 8, !plain.dropFirst(8).contains("/"), !plain.contains("@") else {
            throw CommandFailure(.usage, "'\(url)' is no Nuvla server: write https://HOST")
        }
        self.url = plain
        trust = authority.map { .authorityPEM($0) }
    }

    /// Opens a session with an API key.
    func login(key: String, secret: String) throws {
        struct Login: Encodable {
            struct Template: Encodable {
                var href = "session-template/api-key"
                var key: String
                var secret: String
            }
            var template: Template
        }
        let response = try send(.post, "session", Login(template: .init(key: key, secret: secret)), doing: "log in")
        guard let header = response.headers.first(where: { $0.name.lowercased() == "set-cookie" && $0.value.hasPrefix("com.sixsq.nuvla.cookie=") })
        else {
            throw CommandFailure(.failed, "\(url) gave no session for the API key: does its credential still exist?")
        }
        cookie = String(header.value.prefix { $0 != ";" })
    }

    /// Adds a resource; its id, as `infrastructure-service/UUID`.
    func add(_ resource: String, _ body: some Encodable) throws -> String {
        let response = try send(.post, resource, body, doing: "make the \(resource)")
        guard let id = (try? JSONDecoder().decode(Added.self, from: Data(response.body)))?.id, id.hasPrefix("\(resource)/") else {
            throw CommandFailure(.failed, "\(url) does not say which \(resource) it made: \(Self.words(response))")
        }
        return id
    }

    /// The resources that a filter of Nuvla's query language finds; `value` is compared with `key`.
    func find(_ resource: String, where key: String, is value: String) throws -> [Found] {
        let filter = "\(key)='\(value.replacing("'", with: "\\'"))'"
        let query = "filter=\(Self.escaped(filter))&last=1000&select=id,name,description,subtype,endpoint,parent"
        let response = try send(.get, "\(resource)?\(query)", nil as String?, doing: "look for each \(resource)")
        guard let found = try? JSONDecoder().decode(Collection.self, from: Data(response.body)) else {
            throw CommandFailure(.failed, "\(url) answers a search for \(resource) with something else: \(Self.words(response))")
        }
        return found.resources
    }

    /// Removes a resource; one that is gone already is as good.
    func remove(_ id: String) throws {
        _ = try send(.delete, id, nil as String?, doing: "remove \(id)", acceptsAbsent: true)
    }

    private func send(
        _ method: HTTPRequest.Method, _ path: String, _ body: (some Encodable)?, doing: String, acceptsAbsent: Bool = false
    ) throws -> HTTPResponse {
        var request = HTTPRequest(method, "\(url)/api/\(path)")
        request.deadline = .seconds(60)
        if let trust { request.tls.trust = trust }
        request.setHeader("Accept", "application/json")
        if let cookie { request.setHeader("Cookie", cookie) }
        if let body {
            request.setHeader("Content-Type", "application/json")
            request.body = Array(try JSONEncoder().encode(body))
        }
        let response: HTTPResponse
        do { response = try http.perform(request) } catch { throw CommandFailure(.failed, "cannot \(doing) at \(url): \(error.message)") }
        guard response.isSuccess || acceptsAbsent && response.status == 404 else {
            let hint = [401, 403].contains(response.status) ? "; the API key's user must be allowed to" : ""
            throw CommandFailure(.failed, "cannot \(doing) at \(url): \(response.status), \(Self.words(response))\(hint)")
        }
        return response
    }

    /// What the server says in its own words.
    private static func words(_ response: HTTPResponse) -> String {
        if let message = (try? JSONDecoder().decode(Words.self, from: Data(response.body)))?.message { return String(message.prefix(300)) }
        return String(response.text.prefix(200))
    }

    private static func escaped(_ text: String) -> String {
        var result = ""
        for byte in text.utf8 {
            switch byte {
            case 0x30...0x39, 0x41...0x5a, 0x61...0x7a, 0x2d, 0x2e, 0x5f, 0x7e: result.unicodeScalars.append(Unicode.Scalar(byte))
            default: result += "%" + (byte < 16 ? "0" : "") + String(byte, radix: 16, uppercase: true)
            }
        }
        return result
    }
}
