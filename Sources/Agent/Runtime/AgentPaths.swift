/// Where the agent keeps what is its own; below another root in tests and in the laboratory's namespaces.
public struct AgentPaths: Sendable, Equatable {
    /// Put before every path; empty for the machine itself.
    public let root: String

    /// Paths below `root`; a slash at its end is dropped.
    public init(root: String = "") {
        self.root = root.hasSuffix("/") ? String(root.dropLast()) : root
    }

    /// Identity, spec and memory; 0700.
    public var state: String { root + "/var/lib/skep-agent" }
    /// What may be lost with the power.
    public var run: String { root + "/run/skep-agent" }

    /// The node's private key, PEM, 0600.
    public var key: String { state + "/key.pem" }
    /// The certificate in use, leaf first.
    public var certificate: String { state + "/certificate.pem" }
    /// A renewed certificate that was not used yet.
    public var nextCertificate: String { state + "/certificate.next.pem" }
    /// The authorities that are trusted.
    public var roots: String { state + "/roots.pem" }
    /// Who this node is and where its coordinator is.
    public var identity: String { state + "/identity.json" }
    /// The last node spec, and the one before.
    public var spec: String { state + "/spec.json" }
    public var formerSpec: String { state + "/spec.json.good" }
    /// What the brain must still know.
    public var memory: String { state + "/memory.json" }
    /// Where `skep-agent retry-firewall` leaves its wish.
    public var firewallWish: String { run + "/retry-firewall" }
    /// What node-exporter's textfile collector may read: a folder that everybody may, below one that nobody else enters.
    public var metrics: String { run + "/metrics" }
    /// What `skep-agent status` reads.
    public var status: String { run + "/status.json" }
}
