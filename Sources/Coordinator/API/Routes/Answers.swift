import Foundation
import Hummingbird
import NIOCore
import SkepModel
import SkepWire

/// Requests read and answers written alike everywhere.
enum Answers {
    static func json(_ value: some Encodable, status: HTTPResponse.Status = .ok) throws -> Response {
        let body = ByteBuffer(string: try string(value))
        return Response(
            status: status, headers: [.contentType: "application/json", .cacheControl: "no-store"], body: .init(byteBuffer: body))
    }

    /// As JSON in one line.
    static func string(_ value: some Encodable) throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return String(decoding: try encoder.encode(value), as: UTF8.self)
    }

    static func text(_ text: String, type: String = "text/plain; charset=utf-8", status: HTTPResponse.Status = .ok) -> Response {
        Response(
            status: status, headers: [.contentType: type, .cacheControl: "no-store"], body: .init(byteBuffer: ByteBuffer(string: text)))
    }

    static func refusal(_ refusal: Refusal) -> Response {
        let status = HTTPResponse.Status(code: refusal.status.rawValue)
        return (try? json(refusal.wire, status: status)) ?? Response(status: status)
    }

    private struct Versioned: Decodable { let version: Int? }

    /// Reads a body of at most so many bytes; a newer protocol is refused before anything else of it is understood.
    static func body<T: Decodable>(_ type: T.Type, of request: Request, limit: Int = WireProtocol.bodyLimit) async throws -> T {
        let data = Data(try await bytes(of: request, limit: limit).readableBytesView)
        if let version = try? JSONDecoder().decode(Versioned.self, from: data).version { try Refusal.check(version: version) }
        do {
            return try JSONDecoder().decode(type, from: data)
        } catch let error as DecodingError {
            throw Refusal.malformed("the body is not what is expected here: \(words(error))")
        }
    }

    /// The whole body. That it is longer than the limit, or never becomes whole, is the caller's doing and no failure of ours.
    static func bytes(of request: Request, limit: Int) async throws -> ByteBuffer {
        if let length = request.headers[.contentLength].flatMap(Int.init), length > limit { throw tooLarge(limit) }
        var request = request
        do {
            return try await request.collectBody(upTo: limit)
        } catch is NIOTooManyBytesError {
            throw tooLarge(limit)
        } catch {
            throw Refusal.malformed("the body ended before it was whole")
        }
    }

    private static func tooLarge(_ limit: Int) -> Refusal {
        Refusal(.contentTooLarge, "BodyTooLarge", "the body has more than \(limit) bytes")
    }

    private static func words(_ error: DecodingError) -> String {
        func place(_ context: DecodingError.Context) -> String {
            let path = context.codingPath.map { $0.intValue.map(String.init) ?? $0.stringValue }.joined(separator: ".")
            return path.isEmpty ? "" : " at \(path)"
        }
        switch error {
        case .keyNotFound(let key, let context): return "'\(key.stringValue)' is missing\(place(context))"
        case .typeMismatch(let type, let context): return "a \(type) is expected\(place(context))"
        case .valueNotFound(let type, let context): return "a \(type) is missing\(place(context))"
        case .dataCorrupted(let context): return "\(context.debugDescription)\(place(context))"
        @unknown default: return "it cannot be read"
        }
    }
}
