/// Who one is at a registry.
public struct RegistryLogin: Codable, Hashable, Sendable {
    public var user: String
    public var password: String
    public init(user: String, password: String) {
        self.user = user
        self.password = password
    }
}

/// Images that a manager looks up at their registries, as its own engine would pull them: through the mirrors, authorities and logins of the nodes.
public struct ImageRequest: Codable, Hashable, Sendable {
    /// Another one is another request.
    public var round: Int
    /// As compose files name them.
    public var images: [String]
    /// By the registry's host, as in ``ImageRegistry/host(of:)``.
    public var logins: [String: RegistryLogin]
    public init(round: Int, images: [String], logins: [String: RegistryLogin] = [:]) {
        self.round = round
        self.images = images
        self.logins = logins
    }
}

/// What was found of an image.
public enum ImageFinding: Codable, Hashable, Sendable {
    /// The registry has it, by this digest (`sha256:…`), built for these platforms (`linux/amd64`); nil from an agent that does not say.
    case found(digest: String, platforms: [String]? = nil)
    /// The registry does not say, or does not have it, and the manager that looked has it: other nodes may not.
    case local(why: String)
    /// The registry has no such repository, or no such tag, in its own words.
    case missing(String)
    /// The registry wants a login, or another one.
    case denied(String)
    /// The registry's certificate is not trusted.
    case untrusted(String)
    /// The registry did not answer; nothing can be said.
    case unreachable(String)

    /// Why a node cannot pull it, and what to do; nil where it can, or where nothing can be said.
    public func problem(of image: String) -> (words: String, fix: String)? {
        let host = ImageRegistry.host(of: image)
        switch self {
        case .found, .local, .unreachable: return nil
        case .missing(let words): return ("the image '\(image)' is not at its registry: \(words)", "mend the name or the tag, or push it")
        case .denied(let words):
            return (
                "the registry \(host) does not give '\(image)': \(words)",
                "mend the name, or add its login: 'docker: {registries: {logins: {\(host): {user: NAME, password-file: ./FILE}}}}'"
            )
        case .untrusted(let words) where words.contains("HTTP response to HTTPS"):
            return (
                "the registry \(host) of '\(image)' speaks no TLS: \(words)",
                "give it a certificate, or add it to 'docker: {registries: {insecure: [\(host)]}}'"
            )
        case .untrusted(let words):
            return (
                "the nodes do not trust the registry \(host) of '\(image)': \(words)",
                "add its authority: 'docker: {registries: {authorities: {\(host): ./FILE.crt}}}'"
            )
        }
    }
}

/// What a manager found; complete when each image of the request is among the findings.
public struct ImageReport: Codable, Hashable, Sendable {
    public var round: Int
    public var findings: [String: ImageFinding]
    public init(round: Int, findings: [String: ImageFinding] = [:]) {
        self.round = round
        self.findings = findings
    }
}

/// Registries, by the names of images.
public enum ImageRegistry {
    /// Docker's own, for names without a host.
    public static let hub = "docker.io"

    /// The host, with its port if it has one (distribution/reference: a first part with a dot or a colon, or localhost).
    public static func host(of image: String) -> String {
        let parts = image.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2, let first = parts.first, first.contains(".") || first.contains(":") || first == "localhost" else { return hub }
        return ["index.docker.io", "registry-1.docker.io"].contains(first) ? hub : String(first)
    }
}
