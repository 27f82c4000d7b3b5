public import SkepModel

/// `GET /v1/clusters/NAME/stacks/STACK/secrets`: what is made for a stack, without the contents.
public struct SecretsAnswer: Codable, Sendable {
    public struct Row: Codable, Sendable {
        public var name: String
        /// As `x-generate` calls it, such as `password` or `rsa-key`.
        public var kind: String
        public var made: Instant
        /// When an admin was shown it; it is shown once.
        public var shown: Instant?
        public init(name: String, kind: String, made: Instant, shown: Instant?) {
            self.name = name
            self.kind = kind
            self.made = made
            self.shown = shown
        }
    }
    public var secrets: [Row]
    public init(secrets: [Row]) { self.secrets = secrets }
}

/// `POST …/stacks/STACK/secrets/NAME/show`: the content, this once.
public struct SecretAnswer: Codable, Sendable {
    public var name: String
    public var content: String
    public init(name: String, content: String) {
        self.name = name
        self.content = content
    }
}

/// `GET …/stacks/STACK/history`: the generations with what the stack was made of, newest first.
public struct StackHistoryAnswer: Codable, Sendable {
    public struct Row: Codable, Sendable {
        public var generation: Generation
        /// Of the bundle; nil when it cannot be made again.
        public var digest: String?
        public var actor: String
        public var at: Instant
        public init(generation: Generation, digest: String?, actor: String, at: Instant) {
            self.generation = generation
            self.digest = digest
            self.actor = actor
            self.at = at
        }
    }
    public var history: [Row]
    public init(history: [Row]) { self.history = history }
}

/// `POST …/stacks/STACK/rollback`; without a generation, to the newest before that has something else.
public struct RollbackRequest: Codable, Sendable {
    public var generation: Int?
    public init(generation: Int?) { self.generation = generation }
}

/// `POST /v1/clusters/NAME/images`: looked up by a manager, as the nodes would pull them.
public struct ImagesRequest: Codable, Sendable {
    public var images: [String]
    /// By the registry's host.
    public var logins: [String: RegistryLogin]
    public init(images: [String], logins: [String: RegistryLogin]) {
        self.images = images
        self.logins = logins
    }
}

public struct ImagesAnswer: Codable, Sendable {
    /// By image.
    public var findings: [String: ImageFinding]
    /// Who looked.
    public var manager: NodeName?
    public init(findings: [String: ImageFinding], manager: NodeName? = nil) {
        self.findings = findings
        self.manager = manager
    }
}
