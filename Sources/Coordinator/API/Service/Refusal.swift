import SkepModel
import SkepWire

/// A request that is not done, with the status and the words that the caller gets.
struct Refusal: Error {
    /// As HTTP numbers them.
    enum Status: Int, Sendable {
        case badRequest = 400
        case unauthorized = 401
        case forbidden = 403
        case notFound = 404
        /// Refused by a safety rule.
        case conflict = 409
        case contentTooLarge = 413
        case unprocessableContent = 422
        case tooManyRequests = 429
        case internalServerError = 500
    }

    let status: Status
    let wire: WireError

    init(_ status: Status, _ code: String, _ message: String, diagnostics: [FileDiagnostic]? = nil) {
        self.status = status
        let first = diagnostics?.first
        wire = WireError(
            code: code, message: message, file: first?.file, line: first?.line, column: first?.column, diagnostics: diagnostics)
    }

    static func notFound(_ what: String) -> Refusal { Refusal(.notFound, "NotFound", what) }
    static func malformed(_ why: String) -> Refusal { Refusal(.badRequest, "MalformedRequest", why) }

    /// Refuses what a newer program says, because it cannot be known what it means.
    static func check(version: Int) throws {
        guard version <= WireProtocol.version else {
            throw Refusal(
                .badRequest, "NewerVersion",
                "the request is of protocol version \(version), this coordinator speaks \(WireProtocol.version): upgrade the coordinator first")
        }
        guard version >= 1 else { throw malformed("the protocol's version must be 1 or more") }
    }
}
