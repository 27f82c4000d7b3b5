internal import CCurl

/// HTTP for a program that waits: the command line. Used by one thread; connections are kept between requests.
public final class BlockingHTTPClient {
    private let easy: UnsafeMutableRawPointer

    /// A client without a connection.
    public init() {
        Curl.start()
        easy = Curl.newEasy()
    }

    deinit {
        curl_easy_cleanup(easy)
    }

    /// Sends `request` and waits for the answer, whatever its status.
    public func perform(_ request: HTTPRequest) throws(HTTPError) -> HTTPResponse {
        try perform(request, sink: .body)
    }

    /// Sends `request` and hands the body of a 2xx answer on as it comes, until it ends or `onData` answers false.
    ///
    /// The response then has no body; one with another status has.
    public func perform(_ request: HTTPRequest, onData: @escaping ([UInt8]) -> Bool) throws(HTTPError) -> HTTPResponse {
        try perform(request, sink: .chunks { if !onData($0) { throw Stopped() } })
    }

    private struct Stopped: Error {}

    private func perform(_ request: HTTPRequest, sink: Transfer.Sink) throws(HTTPError) -> HTTPResponse {
        let transfer = Transfer(easy, request, sink: sink)
        // The handle must not keep pointers into a transfer that is gone; its connections stay.
        defer { curl_easy_reset(easy) }
        try transfer.prepare()
        let code = withExtendedLifetime(transfer) { curl_easy_perform(easy) }
        switch transfer.result(code) {
        case .success(let response): return response
        case .failure(let error as HTTPError): throw error
        case .failure(is Stopped): return transfer.head()
        case .failure(let error): throw HTTPError(.protocol, "\(error)", address: transfer.address)
        }
    }
}

/// What libcurl needs once.
enum Curl {
    private static let started: CURLcode = curl_global_init(Int(CURL_GLOBAL_ALL))

    static func start() {
        precondition(started == CURLE_OK, "libcurl does not start")
    }

    static func newEasy() -> UnsafeMutableRawPointer {
        // Null means no memory.
        guard let easy = curl_easy_init() else { fatalError("libcurl has no handle") }
        return easy
    }
}
