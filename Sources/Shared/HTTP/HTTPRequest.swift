/// A header's name and value.
public struct HTTPHeader: Sendable, Equatable {
    /// Its name; upper and lower case are the same.
    public var name: String
    /// Its value.
    public var value: String

    /// A header.
    public init(_ name: String, _ value: String) {
        self.name = name
        self.value = value
    }

    /// Whether it proves who sends it.
    var isCredential: Bool {
        ["authorization", "cookie", "proxy-authorization"].contains(name.lowercased())
    }
}

/// One request, as a value, with all its limits.
public struct HTTPRequest: Sendable, Equatable {
    /// What is done to the resource.
    public enum Method: String, Sendable {
        case get = "GET"
        case head = "HEAD"
        case post = "POST"
        case put = "PUT"
        case patch = "PATCH"
        case delete = "DELETE"
    }

    /// What is done to the resource.
    public var method: Method
    /// `http://` or `https://`, everything in it escaped.
    public var url: String
    /// Headers of its own.
    public var headers: [HTTPHeader]
    /// What is sent; nil for nothing.
    public var body: [UInt8]?
    /// For the whole exchange; nil for streams.
    public var deadline: Duration? = .seconds(30)
    /// For name, TCP and TLS together.
    public var connectDeadline: Duration = .seconds(10)
    /// The longest silence, in whole seconds; nil for any.
    public var idleDeadline: Duration?
    /// Bytes of the answer's body; more is an error.
    public var responseLimit = 16 << 20
    /// The path of a unix socket to connect to; the url's host is then only a name.
    public var unixSocket: String?
    /// How the other end proves itself, and this one.
    public var tls = TLSOptions()
    /// `host:port` to connect to in the place of the url's; names are still checked against the url.
    public var connectTo: String?
    /// A new connection for this request alone.
    public var freshConnection = false

    /// A request.
    public init(_ method: Method = .get, _ url: String, headers: [HTTPHeader] = [], body: [UInt8]? = nil) {
        self.method = method
        self.url = url
        self.headers = headers
        self.body = body
    }

    /// Sets a header in the place of those of the same name.
    public mutating func setHeader(_ name: String, _ value: String) {
        headers.removeAll { $0.name.lowercased() == name.lowercased() }
        headers.append(HTTPHeader(name, value))
    }
}

/// How the two ends of a TLS connection prove themselves. TLS 1.3 is the least.
public struct TLSOptions: Sendable, Equatable {
    /// Whom to believe.
    public enum Trust: Sendable, Equatable {
        /// The system's authorities.
        case system
        /// The authorities in a PEM file.
        case authorityFile(String)
        /// The authorities in a PEM text.
        case authorityPEM(String)
        /// The holder of one public key, `sha256//` and base64: neither chain, name nor dates are looked at.
        case pinnedKeyOnly(String)
        /// Nobody: for reading what proves itself, as an authority whose fingerprint is known. Only a GET without body, identity and
        /// credentials is sent, and the caller checks what came and from whom.
        case nobody
    }

    /// A client's certificate chain and key.
    public enum Identity: Sendable, Equatable {
        /// Two PEM files, read for each new connection.
        case files(certificate: String, key: String)
        /// Two PEM texts.
        case pem(certificate: String, key: String)
    }

    /// Whom to believe.
    public var trust: Trust
    /// What to show when the server asks.
    public var identity: Identity?
    /// A public key that the server must have besides, `sha256//` and base64.
    public var pinnedKey: String?
    /// Whether the answer carries the server's certificates.
    public var capturePeer: Bool

    /// The system's trust and no identity, unless said otherwise.
    public init(trust: Trust = .system, identity: Identity? = nil, pinnedKey: String? = nil, capturePeer: Bool = false) {
        self.trust = trust
        self.identity = identity
        self.pinnedKey = pinnedKey
        self.capturePeer = capturePeer
    }
}
