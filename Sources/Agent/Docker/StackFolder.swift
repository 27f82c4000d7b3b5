internal import FoundationEssentials
internal import SkepModel
internal import SkepSystem

/// A bundle on disk, for as long as the Docker CLI reads it: it may hold secrets.
struct StackFolder {
    let path: String
    private let parent: String
    var compose: String { path + "/compose.yml" }
    /// The folder with the Docker CLI's own settings; nil for those of the machine.
    let config: String?

    /// Writes the bundle; what an earlier deployment of the stack may have left there is removed first.
    init(_ bundle: StackBundle, under root: String) throws {
        guard !bundle.digest.isEmpty, bundle.digest.utf8.allSatisfy({ (0x30...0x39).contains($0) || (0x61...0x7a).contains($0) }) else {
            throw DockerError(.refused, "the bundle's digest is malformed")
        }
        parent = "\(root)/\(bundle.name)"
        path = "\(parent)/\(bundle.digest)"
        config = bundle.logins == nil ? nil : path + "/.docker"
        try Files.makeDirectory(root, mode: 0o700)
        try Files.removeTree(parent)
        try Files.makeDirectory(parent, mode: 0o700)
        try Files.makeDirectory(path, mode: 0o700)
        for (name, content) in bundle.files.sorted(by: { $0.key < $1.key }) {
            let parts = try Self.parts(of: name)
            guard name != "compose.yml", parts.first != ".docker", let bytes = Data(base64Encoded: content) else {
                throw DockerError(.refused, "the bundle's file '\(name)' is malformed")
            }
            var folder = path
            for part in parts.dropLast() {
                folder += "/" + part
                try Files.makeDirectory(folder, mode: 0o700)
            }
            try Files.createExclusive(path + "/" + name, Array(bytes), mode: 0o600)
        }
        if let config, let logins = bundle.logins {
            try Files.makeDirectory(config, mode: 0o700)
            try Files.createExclusive(
                config + "/config.json", try RegistryConfig.text(logins, over: try? Files.readIfPresent(RegistryConfig.operators)), mode: 0o600)
        }
        try Files.createExclusive(compose, Array(bundle.handedCompose.utf8), mode: 0o600)
    }

    func remove() {
        try? Files.removeTree(parent)
    }

    /// A relative path that stays inside of the folder.
    private static func parts(of name: String) throws -> [Substring] {
        let parts = name.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count <= 32, parts.allSatisfy({ !$0.isEmpty && $0 != "." && $0 != ".." && !$0.utf8.contains(0) }) else {
            throw DockerError(.refused, "the bundle's file '\(name)' is not inside of the bundle")
        }
        return parts
    }
}
