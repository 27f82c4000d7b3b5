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
        if let length = request.headers[.contentLength].flatMap(Int.init), length > limit { throw tooLarge(limit) }
        var request = request
        let buffer: ByteBuffer
        do {
            buffer = try await request.collectBody(upTo: limit)
        } catch is NIOTooManyBytesError {
            throw tooLarge(limit)
        } catch let error as HTTPError where error.status == .contentTooLarge {
            throw tooLarge(limit)
        }
        let data = Data(buffer.readableBytesView)
        if let version = try? JSONDecoder().decode(Versioned.self, from: data).version { try Refusal.check(version: version) }
        do {
            return try JSONDecoder().decode(type, from: data)
        } catch let error as DecodingError {
            throw Refusal.malformed("the body is not what is expected here: \(words(error))")
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
