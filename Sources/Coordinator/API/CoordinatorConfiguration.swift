public import CoordinatorCore
import SkepModel

/// What a coordinator is started with.
public struct CoordinatorConfiguration: Sendable {
    /// An address to listen on; port 0 takes a free one.
    public struct Endpoint: Sendable, Hashable {
        public var host: String
        public var port: Int
        public init(host: String, port: Int) {
            self.host = host
            self.port = port
        }

        /// Reads `host:port`, `[v6]:port`, or a host alone.
        public init?(_ text: String, defaultPort: Int) {
            if text.hasPrefix("[") {
                guard let end = text.firstIndex(of: "]") else { return nil }
                host = String(text[text.index(after: text.startIndex)..<end])
                let rest = text[text.index(after: end)...]
                guard rest.isEmpty || rest.hasPrefix(":"), let port = rest.isEmpty ? defaultPort : Int(rest.dropFirst()) else { return nil }
                self.port = port
            } else if let colon = text.lastIndex(of: ":"), text.firstIndex(of: ":") == colon {
                guard let port = Int(text[text.index(after: colon)...]) else { return nil }
                host = String(text[..<colon])
                self.port = port
            } else {
                host = text
                port = defaultPort
            }
            guard !host.isEmpty, (0...65535).contains(port) else { return nil }
        }

        /// As it stands in a URL.
        public var text: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }
    }

    /// The folder of the database, the authority and the lock.
    public var state: String
    /// Operators, dashboard, enrolment and late renewal.
    public var operators: Endpoint
    public var agents: Endpoint
    /// Host names and addresses under which this coordinator is reached; the first is used in what is printed.
    public var advertise: [String]
    /// Where the agents' .debs lie.
    public var packages: String
    public var settings: Settings
    /// Connections per listener.
    public var maximumConnections: Int
    /// The machine-id of this machine: tells which node the coordinator lives on.
    public var machineID: String?
    /// How long nodes' certificates live, seconds.
    public var certificateSeconds: Int64
    /// How long a connection may take to make its handshake and to send its first byte, seconds.
    public var handshakeSeconds: Int64
    /// How long a request may take to be whole and answered, seconds; reports are held for less.
    public var requestSeconds: Int64
    public var version: String

    public init(
        state: String, operators: Endpoint, agents: Endpoint, advertise: [String], packages: String = "/usr/share/skep/packages",
        settings: Settings = Settings(), maximumConnections: Int = 8192, machineID: String? = nil, certificateSeconds: Int64 = 24 * 3600,
        handshakeSeconds: Int64 = 10, requestSeconds: Int64 = 60, version: String = "0.1.0"
    ) {
        self.state = state
        self.operators = operators
        self.agents = agents
        self.advertise = advertise
        self.packages = packages
        self.settings = settings
        self.maximumConnections = maximumConnections
        self.machineID = machineID
        self.certificateSeconds = certificateSeconds
        self.handshakeSeconds = handshakeSeconds
        self.requestSeconds = requestSeconds
        self.version = version
    }
}
