internal import CCurl
internal import SkepSystem

/// One request on its way through an easy handle: sets it up, collects the answer, reads the result.
///
/// Used by one thread: that of the loop, or the one that called a ``BlockingHTTPClient``.
final class Transfer {
    enum Sink {
        /// Into the response.
        case body
        /// To a reader, when the status is 2xx; the error it throws ends the transfer.
        case chunks(([UInt8]) throws -> Void)
    }

    let easy: UnsafeMutableRawPointer
    private let request: HTTPRequest
    private let sink: Sink
    private let onHead: ((Int) -> Void)?
    private var headerList: UnsafeMutablePointer<curl_slist>?
    private var connectList: UnsafeMutablePointer<curl_slist>?
    private let errorText: UnsafeMutablePointer<CChar>

    private var status = 0
    private var headers: [HTTPHeader] = []
    private var body: [UInt8] = []
    private var isTooLarge = false
    private(set) var readerError: (any Error)?

    static let headerLimit = 256

    init(_ easy: UnsafeMutableRawPointer, _ request: HTTPRequest, sink: Sink, onHead: ((Int) -> Void)? = nil) {
        self.easy = easy
        self.request = request
        self.sink = sink
        self.onHead = onHead
        errorText = .allocate(capacity: Int(CURL_ERROR_SIZE))
        errorText.initialize(repeating: 0, count: Int(CURL_ERROR_SIZE))
    }

    deinit {
        curl_slist_free_all(headerList)
        curl_slist_free_all(connectList)
        errorText.deallocate()
    }

    // MARK: Setting up

    /// Writes the request into the handle. The transfer must stay alive until the handle is done with it.
    func prepare() throws(HTTPError) {
        curl_easy_reset(easy)
        let context = Unmanaged.passUnretained(self).toOpaque()
        try check(ccurl_set_pointer(easy, CURLOPT_PRIVATE, context))
        try check(ccurl_set_pointer(easy, CURLOPT_ERRORBUFFER, errorText))
        try check(ccurl_set_string(easy, CURLOPT_URL, request.url))
        try check(ccurl_set_string(easy, CURLOPT_PROTOCOLS_STR, "http,https"))
        // The environment has no say in where a request goes.
        try check(ccurl_set_string(easy, CURLOPT_PROXY, ""))
        try set(CURLOPT_NOSIGNAL, 1)
        try set(CURLOPT_HTTP_VERSION, Int(CURL_HTTP_VERSION_1_1))
        try set(CURLOPT_TCP_KEEPALIVE, 1)
        try set(CURLOPT_TCP_KEEPIDLE, 30)
        try set(CURLOPT_TCP_KEEPINTVL, 10)
        try setLimits()
        try setBody()
        try setHeaders()
        if let unixSocket = request.unixSocket { try check(ccurl_set_string(easy, CURLOPT_UNIX_SOCKET_PATH, unixSocket)) }
        if let connectTo = request.connectTo {
            connectList = curl_slist_append(nil, "::\(connectTo)")
            try check(ccurl_set_list(easy, CURLOPT_CONNECT_TO, connectList))
        }
        if request.freshConnection {
            try set(CURLOPT_FRESH_CONNECT, 1)
            try set(CURLOPT_FORBID_REUSE, 1)
        }
        try setTLS()
        try check(
            ccurl_set_write(
                easy, { bytes, size, count, context in Transfer.from(context)?.received(bytes, size * count) ?? 0 }, context))
        try check(
            ccurl_set_header(
                easy, { bytes, size, count, context in Transfer.from(context)?.receivedHeader(bytes, size * count) ?? 0 }, context))
    }

    private func setLimits() throws(HTTPError) {
        try set(CURLOPT_CONNECTTIMEOUT_MS, milliseconds(request.connectDeadline))
        if let deadline = request.deadline { try set(CURLOPT_TIMEOUT_MS, milliseconds(deadline)) }
        if let idle = request.idleDeadline {
            try set(CURLOPT_LOW_SPEED_LIMIT, 1)
            try set(CURLOPT_LOW_SPEED_TIME, max(1, milliseconds(idle) / 1000))
        }
    }

    private func setBody() throws(HTTPError) {
        if request.method == .head {
            try set(CURLOPT_NOBODY, 1)
        } else if let body = request.body {
            try set(CURLOPT_POST, 1)
            try check(ccurl_set_body(easy, body, body.count))
        } else if request.method == .post {
            try set(CURLOPT_POST, 1)
            try check(ccurl_set_body(easy, nil, 0))
        }
        if request.method != .head { try check(ccurl_set_string(easy, CURLOPT_CUSTOMREQUEST, request.method.rawValue)) }
    }

    private func setHeaders() throws(HTTPError) {
        // Without these curl waits for a "continue" before a larger body, and calls every body a form.
        var headers = [HTTPHeader("User-Agent", "skep"), HTTPHeader("Expect", "")]
        if request.body != nil { headers.append(HTTPHeader("Content-Type", "application/json")) }
        headers.removeAll { preset in request.headers.contains { $0.name.lowercased() == preset.name.lowercased() } }
        for header in headers + request.headers {
            guard !header.name.isEmpty, !(header.name + header.value).utf8.contains(where: { $0 == 10 || $0 == 13 || $0 == 0 }) else {
                throw HTTPError(.protocol, "a header may not hold a line break", address: address)
            }
            headerList = curl_slist_append(headerList, header.value.isEmpty ? "\(header.name):" : "\(header.name): \(header.value)")
        }
        try check(ccurl_set_list(easy, CURLOPT_HTTPHEADER, headerList))
    }

    private func setTLS() throws(HTTPError) {
        let tls = request.tls
        try set(CURLOPT_SSLVERSION, Int(CURL_SSLVERSION_TLSv1_3))
        try set(CURLOPT_CERTINFO, tls.capturePeer ? 1 : 0)
        switch tls.trust {
        case .system: break
        case .authorityFile(let path):
            try check(ccurl_set_string(easy, CURLOPT_CAINFO, path))
            try check(ccurl_set_string(easy, CURLOPT_CAPATH, nil))
        case .authorityPEM(let text):
            try check(ccurl_set_blob(easy, CURLOPT_CAINFO_BLOB, text, text.utf8.count))
            try check(ccurl_set_string(easy, CURLOPT_CAPATH, nil))
        case .pinnedKeyOnly(let key):
            try pin(key)
            try set(CURLOPT_SSL_VERIFYPEER, 0)
            try set(CURLOPT_SSL_VERIFYHOST, 0)
        case .nobody:
            // What is read must prove itself, and there is nothing in the request for a stranger to take.
            guard request.method == .get, request.body == nil, tls.identity == nil, !request.headers.contains(where: \.isCredential) else {
                throw HTTPError(.tls, "a server that nobody vouches for is only read from", address: address)
            }
            try set(CURLOPT_SSL_VERIFYPEER, 0)
            try set(CURLOPT_SSL_VERIFYHOST, 0)
        }
        if let key = tls.pinnedKey { try pin(key) }
        switch tls.identity {
        case .none: break
        case .files(let certificate, let key):
            try check(ccurl_set_string(easy, CURLOPT_SSLCERT, certificate))
            try check(ccurl_set_string(easy, CURLOPT_SSLKEY, key))
        case .pem(let certificate, let key):
            try check(ccurl_set_blob(easy, CURLOPT_SSLCERT_BLOB, certificate, certificate.utf8.count))
            try check(ccurl_set_blob(easy, CURLOPT_SSLKEY_BLOB, key, key.utf8.count))
        }
    }

    private func pin(_ key: String) throws(HTTPError) {
        // Anything else curl would take for the name of a file.
        guard key.hasPrefix("sha256//"), key.utf8.count == 52 else { throw HTTPError(.tls, "not a pinned key: \(key)", address: address) }
        if case .pinnedKeyOnly(let only) = request.tls.trust, only != key {
            throw HTTPError(.tls, "two different keys are pinned", address: address)
        }
        try check(ccurl_set_string(easy, CURLOPT_PINNEDPUBLICKEY, key))
    }

    private func set(_ option: CURLoption, _ value: Int) throws(HTTPError) {
        try check(ccurl_set_long(easy, option, value))
    }

    private func check(_ code: CURLcode) throws(HTTPError) {
        guard code == CURLE_OK else {
            let reason = String(cString: curl_easy_strerror(code))
            throw HTTPError(.protocol, "cannot set up the request: \(reason)", address: address, curlCode: Int32(code.rawValue))
        }
    }

    private func milliseconds(_ duration: Duration) -> Int {
        // Zero would mean "no limit".
        Int(min(max(duration.wholeMilliseconds, 1), Int64(Int32.max)))
    }

    // MARK: Collecting

    static func from(_ context: UnsafeMutableRawPointer?) -> Transfer? {
        context.map { Unmanaged<Transfer>.fromOpaque($0).takeUnretainedValue() }
    }

    private func received(_ bytes: UnsafeMutablePointer<CChar>?, _ count: Int) -> Int {
        guard count > 0, let bytes else { return 0 }
        let chunk = UnsafeRawBufferPointer(start: bytes, count: count)
        if case .chunks(let reader) = sink, (200..<300).contains(status) {
            do { try reader(Array(chunk)) } catch {
                readerError = error
                return 0
            }
            return count
        }
        guard body.count + count <= request.responseLimit else {
            isTooLarge = true
            return 0
        }
        body.append(contentsOf: chunk)
        return count
    }

    private func receivedHeader(_ bytes: UnsafeMutablePointer<CChar>?, _ count: Int) -> Int {
        guard let bytes else { return 0 }
        let line = String(decoding: UnsafeRawBufferPointer(start: bytes, count: count), as: UTF8.self)
        if line.hasPrefix("HTTP/") {
            // A new head: of the final answer, after one of "continue".
            headers = []
            status = line.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0
        } else if let colon = line.firstIndex(of: ":") {
            guard headers.count < Self.headerLimit else { return 0 }
            headers.append(HTTPHeader(String(line[..<colon]), trimmed(line[line.index(after: colon)...])))
        } else if line.allSatisfy(\.isNewline), status >= 200 {
            onHead?(status)
        }
        return count
    }

    private func trimmed(_ text: Substring) -> String {
        let start = text.drop { $0.isWhitespace }
        guard let last = start.lastIndex(where: { !$0.isWhitespace }) else { return "" }
        return String(start[...last])
    }

    // MARK: Result

    var address: String {
        request.unixSocket ?? request.connectTo ?? request.url
    }

    /// The answer, or why there is none.
    func result(_ code: CURLcode) -> Result<HTTPResponse, any Error> {
        if let readerError { return .failure(readerError) }
        if isTooLarge {
            let message = "the answer is larger than \(request.responseLimit) bytes"
            return .failure(HTTPError(.tooLarge, message, address: address, curlCode: Int32(code.rawValue)))
        }
        guard code == CURLE_OK else {
            let detail = String(cString: errorText)
            let message = detail.isEmpty ? String(cString: curl_easy_strerror(code)) : detail
            return .failure(HTTPError(HTTPError.code(code, message), message, address: address, curlCode: Int32(code.rawValue)))
        }
        var connections = 0
        var microseconds: curl_off_t = 0
        _ = ccurl_get_long(easy, CURLINFO_NUM_CONNECTS, &connections)
        _ = ccurl_get_offset(easy, CURLINFO_CONNECT_TIME_T, &microseconds)
        return .success(
            HTTPResponse(
                status: status, headers: headers, body: body, peerCertificates: request.tls.capturePeer ? certificates() : [],
                connectTime: .microseconds(Int64(microseconds)), openedConnection: connections > 0,
                localAddress: text(CURLINFO_LOCAL_IP), remoteAddress: text(CURLINFO_PRIMARY_IP)))
    }

    /// The answer's head alone, of a transfer that its reader stopped.
    func head() -> HTTPResponse {
        HTTPResponse(status: status, headers: headers)
    }

    private func certificates() -> [String] {
        var certificates: [String] = []
        while let pem = ccurl_get_certificate(easy, Int32(certificates.count)) { certificates.append(String(cString: pem)) }
        return certificates
    }

    private func text(_ info: CURLINFO) -> String {
        var value: UnsafePointer<CChar>?
        guard ccurl_get_string(easy, info, &value) == CURLE_OK, let value else { return "" }
        return String(cString: value)
    }
}
