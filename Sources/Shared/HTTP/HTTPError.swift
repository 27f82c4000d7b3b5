internal import CCurl

/// No answer, and why, in libcurl's words.
public struct HTTPError: Error, CustomStringConvertible {
    /// What kind of failure it is; tests and callers compare this.
    public enum Code: String, Sendable, Equatable {
        /// Name or address does not answer.
        case unreachable
        /// A deadline passed.
        case timeout
        /// One end does not believe the other, or they do not agree.
        case tls
        /// The answer's body is over the request's limit.
        case tooLarge
        /// The caller stopped it.
        case canceled
        /// The connection was lost midway: whether the request had its effect is not known.
        case interrupted
        /// The other end does not speak HTTP, or the request cannot be said.
        case `protocol`
    }

    /// The kind of failure.
    public let code: Code
    /// What happened.
    public let message: String
    /// Whom the request was for.
    public let address: String
    /// libcurl's number.
    public let curlCode: Int32

    /// An error of `code`.
    public init(_ code: Code, _ message: String, address: String, curlCode: Int32 = 0) {
        self.code = code
        self.message = message
        self.address = address
        self.curlCode = curlCode
    }

    /// The address and the message.
    public var description: String {
        "\(address): \(message)"
    }

    static func code(_ code: CURLcode, _ message: String) -> Code {
        switch code {
        case CURLE_COULDNT_RESOLVE_HOST, CURLE_COULDNT_RESOLVE_PROXY, CURLE_COULDNT_CONNECT, CURLE_INTERFACE_FAILED: return .unreachable
        case CURLE_OPERATION_TIMEDOUT: return .timeout
        case CURLE_SSL_CONNECT_ERROR, CURLE_SSL_ENGINE_NOTFOUND, CURLE_SSL_ENGINE_SETFAILED, CURLE_SSL_CERTPROBLEM, CURLE_SSL_CIPHER,
            CURLE_PEER_FAILED_VERIFICATION, CURLE_USE_SSL_FAILED, CURLE_SSL_ENGINE_INITFAILED, CURLE_SSL_CACERT_BADFILE, CURLE_SSL_SHUTDOWN_FAILED,
            CURLE_SSL_CRL_BADFILE, CURLE_SSL_ISSUER_ERROR, CURLE_SSL_PINNEDPUBKEYNOTMATCH, CURLE_SSL_INVALIDCERTSTATUS, CURLE_SSL_CLIENTCERT:
            return .tls
        case CURLE_FILESIZE_EXCEEDED: return .tooLarge
        case CURLE_ABORTED_BY_CALLBACK: return .canceled
        case CURLE_GOT_NOTHING, CURLE_SEND_ERROR, CURLE_RECV_ERROR, CURLE_PARTIAL_FILE:
            // With TLS 1.3 a server refuses a client's certificate after the handshake, in an alert that comes with the first read.
            return message.contains("alert") ? .tls : .interrupted
        default: return .protocol
        }
    }
}

extension HTTPError: Equatable {
    /// Errors are equal by their code.
    public static func == (one: HTTPError, other: HTTPError) -> Bool {
        one.code == other.code
    }
}
