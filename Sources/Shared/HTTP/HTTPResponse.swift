/// An answer, whatever its status.
public struct HTTPResponse: Sendable, Equatable {
    /// The status code.
    public var status: Int
    /// The headers of the final answer, in their order.
    public var headers: [HTTPHeader]
    /// The body; empty for a stream that was handed on.
    public var body: [UInt8]
    /// The server's certificates as PEM, leaf first, where they were asked for.
    public var peerCertificates: [String]
    /// Until TCP stood; zero on a connection that was there already.
    public var connectTime: Duration
    /// Whether a connection was made for this request.
    public var openedConnection: Bool
    /// This end's address; empty for a unix socket.
    public var localAddress: String
    /// The other end's address; empty for a unix socket.
    public var remoteAddress: String

    /// An answer, also for fakes.
    public init(
        status: Int, headers: [HTTPHeader] = [], body: [UInt8] = [], peerCertificates: [String] = [], connectTime: Duration = .zero,
        openedConnection: Bool = true, localAddress: String = "", remoteAddress: String = ""
    ) {
        self.status = status
        self.headers = headers
        self.body = body
        self.peerCertificates = peerCertificates
        self.connectTime = connectTime
        self.openedConnection = openedConnection
        self.localAddress = localAddress
        self.remoteAddress = remoteAddress
    }

    /// The value of the first header of that name.
    public func header(_ name: String) -> String? {
        let name = name.lowercased()
        return headers.first { $0.name.lowercased() == name }?.value
    }

    /// Whether the status is 2xx.
    public var isSuccess: Bool {
        (200..<300).contains(status)
    }

    /// The body as UTF-8, repaired.
    public var text: String {
        String(decoding: body, as: UTF8.self)
    }
}
