internal import FoundationEssentials
public import SkepModel
public import SkepSystem

/// Looks images up at their registries, through the engine: as it would pull them.
@LoopActor public final class ImageLookup {
    /// Called when there is something new to report.
    public var news: (@LoopActor () -> Void)?
    public private(set) var report: ImageReport?

    private let client: DockerClient
    private var request: ImageRequest?
    private var task: Task<Void, Never>?

    /// So many at once.
    private static let width = 8
    /// Engines wait for a registry that does not answer for 15 s, and for a name server longer.
    private static let deadline = Duration.seconds(10)

    public init(client: DockerClient) { self.client = client }

    /// Begins when the request is another one; nil ends it.
    public func update(_ wanted: ImageRequest?) {
        guard wanted != request else { return }
        task?.cancel()
        request = wanted
        report = nil
        guard let wanted else { return }
        task = Task {
            let findings = await self.find(wanted.images, logins: wanted.logins)
            guard !Task.isCancelled, self.request == wanted else { return }
            self.report = ImageReport(round: wanted.round, findings: findings)
            self.news?()
        }
    }

    public func stop() { update(nil) }

    /// By image; all of them.
    func find(_ images: [String], logins: [String: RegistryLogin]) async -> [String: ImageFinding] {
        var waiting = Set(images).sorted()[...]
        return await withTaskGroup(of: (String, ImageFinding).self) { group in
            func next() {
                guard let image = waiting.popFirst() else { return }
                group.addTask { (image, await self.find(image, login: logins[ImageRegistry.host(of: image)])) }
            }
            for _ in 0..<Self.width { next() }
            var findings: [String: ImageFinding] = [:]
            for await (image, finding) in group {
                findings[image] = finding
                next()
            }
            return findings
        }
    }

    private func find(_ image: String, login: RegistryLogin?) async -> ImageFinding {
        struct Answer: Decodable, Sendable {
            struct Descriptor: Decodable, Sendable { var digest: String }
            struct Platform: Decodable, Sendable { var architecture, os: String? }
            var Descriptor: Descriptor
            var Platforms: [Platform]?
        }
        var finding: ImageFinding
        do {
            let answer: Answer = try await client.get(
                "/distribution/\(Self.path(image))/json", headers: try login.map { ["X-Registry-Auth": try Self.header($0, image)] } ?? [:],
                deadline: Self.deadline)
            let platforms = (answer.Platforms ?? []).compactMap { platform in
                platform.os.flatMap { os in platform.architecture.map { "\(os)/\(ImagePins.architecture($0))" } }
            }
            return .found(digest: answer.Descriptor.digest, platforms: platforms)
        } catch {
            finding = Self.finding(error)
        }
        if await isHere(image) { finding = .local(why: Self.words(finding)) }
        return finding
    }

    private func isHere(_ image: String) async -> Bool {
        struct Answer: Decodable, Sendable { var Id: String }
        let answer: Answer? = try? await client.get("/images/\(Self.path(image))/json")
        return answer != nil
    }

    /// As engines of 20.10 and later say it: 404 with the registry's own words, 401 where a login was refused, and 500 for the rest.
    nonisolated static func finding(_ error: any Error) -> ImageFinding {
        let words = DockerError.words(error)
        let plain = words.lowercased()
        func says(_ texts: String...) -> Bool { texts.contains { plain.contains($0) } }
        if says("x509:", "certificate signed by unknown", "server gave http response to https client") { return .untrusted(words) }
        if says("manifest unknown", "name unknown", "not found: manifest", "repository name not known") { return .missing(words) }
        if says("unauthorized", "no basic auth credentials", "denied", "authentication required", "forbidden") { return .denied(words) }
        if (error as? DockerError)?.code == .notFound { return .missing(words) }
        return .unreachable(words)
    }

    private static func words(_ finding: ImageFinding) -> String {
        switch finding {
        case .found(let words, _): words
        case .local(let words), .missing(let words), .denied(let words), .untrusted(let words), .unreachable(let words): words
        }
    }

    private static func path(_ image: String) -> String {
        image.split(separator: "/").map { DockerClient.escaped(String($0)) }.joined(separator: "/")
    }

    /// What Docker's own clients send: docs.docker.com/reference/api/engine, "Authentication".
    nonisolated static func header(_ login: RegistryLogin, _ image: String) throws -> String {
        struct Auth: Encodable { var username, password, serveraddress: String }
        let host = ImageRegistry.host(of: image)
        let body = try JSONEncoder().encode(Auth(username: login.user, password: login.password, serveraddress: RegistryConfig.server(host)))
        return body.base64EncodedString().replacing("+", with: "-").replacing("/", with: "_")
    }
}

/// What the Docker CLI reads of logins.
enum RegistryConfig {
    /// The name by which Docker keeps a registry's login.
    static func server(_ host: String) -> String { host == ImageRegistry.hub ? "https://index.docker.io/v1/" : host }

    /// Where an operator's own logins are, for the Docker CLI as root.
    static let operators = "/root/.docker/config.json"

    /// The text of `config.json` (docs.docker.com/reference/cli/docker/login): these logins, over those of another such file.
    static func text(_ logins: [String: RegistryLogin], over former: [UInt8]? = nil) throws -> [UInt8] {
        var config = former.flatMap { try? JSONDecoder().decode(JSONValue.self, from: Data($0)) } ?? .object([:])
        var auths = config["auths"] ?? .object([:])
        for (host, login) in logins {
            auths[server(host)] = .object(["auth": .string(Data("\(login.user):\(login.password)".utf8).base64EncodedString())])
        }
        config["auths"] = auths
        return Array(try JSONEncoder().encode(config))
    }

    /// Whether an operator has logged in at the registry by hand, or has a program that knows logins.
    static func knows(_ host: String, _ config: [UInt8]?) -> Bool {
        guard let config = config.flatMap({ try? JSONDecoder().decode(JSONValue.self, from: Data($0)) }) else { return false }
        return config["auths"]?[server(host)] != nil || config["credsStore"] != nil || config["credHelpers"]?[host] != nil
    }
}
