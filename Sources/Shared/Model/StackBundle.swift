/// A compose file with everything that it refers to, as a manager's Docker CLI accepts it; addressed by its digest.
public struct StackBundle: Codable, Hashable, Sendable {
    /// A port that a service publishes.
    public struct Publication: Codable, Hashable, Sendable {
        public var service: String
        public var port: PortRange
        public var transport: Transport
        /// `mode: host`, rather than the ingress mesh.
        public var host: Bool
        /// Of the service, where it is published on the machine itself: there it is found where the service may run; nil for no constraints.
        public var constraints: [String]?
        /// Of what is published on machines: on how many of them; nil for each that fits.
        public var tasks: Int?
        public init(service: String, port: PortRange, transport: Transport, host: Bool, constraints: [String]? = nil, tasks: Int? = nil) {
            self.constraints = constraints
            self.tasks = tasks
            self.service = service
            self.port = port
            self.transport = transport
            self.host = host
        }
    }

    /// A bundle that was given to the swarm, and for the how manieth time an operator asked for it.
    public struct Attempt: Codable, Hashable, Sendable {
        public var digest: String
        public var number: Int
        public init(digest: String, number: Int) {
            self.digest = digest
            self.number = number
        }
    }

    /// A folder of the nodes themselves that a service binds.
    public struct Bind: Codable, Hashable, Sendable {
        public var path: String
        /// The service's placement constraints: where it may run, the folder is made.
        public var constraints: [String]
        public init(path: String, constraints: [String]) {
            self.path = path
            self.constraints = constraints
        }
    }

    public var name: StackName
    /// SHA-256 of all that follows, hexadecimal; every service carries it as the label `skep.bundle`.
    public var digest: String
    /// The compose file's text, as given to the Docker CLI.
    public var compose: String
    /// Files beside it by relative path, each value base64.
    public var files: [String: String]
    public var services: [String]
    /// Those that are asked for with no replicas; nil for none.
    public var idle: [String]?
    public var publications: [Publication]
    /// Networks that must exist before it is deployed.
    public var networks: [NetworkName]
    /// Folders that must be there where its services may run; nil for none.
    public var binds: [Bind]?
    /// Images of its services, as the compose file names them; nil in a bundle that was made before they were looked up.
    public var images: [String]?
    /// Where its files name them, `FILE:LINE:COLUMN`, by image; nil in a bundle that was made before it was said.
    public var imagePlaces: [String: String]?
    /// For the registries of its images, by their hosts; nil for none.
    public var logins: [String: RegistryLogin]?
    /// How often an operator asked for it again after it had failed; nil for never.
    public var number: Int?
    /// By image, the same with the digest that ran when this bundle was deployed before; nil for none. Healed or rolled back, it is the same programs.
    public var pins: [String: String]?
    public var attempt: Attempt { Attempt(digest: digest, number: number ?? 0) }

    /// The compose file as it is handed over: one that was asked for again says so in a label of each service (`skep.attempt`), by which it is told from
    /// what runs, and which has the swarm look its images up anew.
    public var handedCompose: String {
        guard number ?? 0 > 0 || pins != nil else { return compose }
        var section: Substring = ""
        let lines = compose.split(separator: "\n", omittingEmptySubsequences: false).map { line -> String in
            let text = line.drop { $0 == " " }
            let indent = line.prefix(line.count - text.count)
            if indent.isEmpty { section = line }
            if section == "services:", indent.count == 4, text.hasPrefix("image: "), let pin = pins?[text.dropFirst(7).filter { $0 != "\"" }] {
                return "\(indent)image: \"\(pin)\""
            }
            guard let number, number > 0, text.hasPrefix("skep.bundle: "), text.contains(digest) else { return String(line) }
            return "\(line)\n\(indent)skep.attempt: \"\(number)\""
        }
        return lines.joined(separator: "\n")
    }

    /// The images as they are handed over.
    public var handedImages: [String]? { images?.map { pins?[$0] ?? $0 } }

    public init(
        name: StackName, digest: String, compose: String, files: [String: String] = [:], services: [String],
        publications: [Publication] = [], networks: [NetworkName] = [], binds: [Bind] = [], images: [String] = [],
        logins: [String: RegistryLogin] = [:]
    ) {
        self.images = images.isEmpty ? nil : images
        self.logins = logins.isEmpty ? nil : logins
        self.binds = binds.isEmpty ? nil : binds
        self.name = name
        self.digest = digest
        self.compose = compose
        self.files = files
        self.services = services
        self.publications = publications
        self.networks = networks
    }
}
