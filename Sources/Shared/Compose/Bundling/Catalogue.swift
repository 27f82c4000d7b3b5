import SkepClusterFile
public import SkepModel

/// What the coordinator makes for a catalogue entry.
public struct CatalogueValues: Sendable, Codable, Hashable {
    /// The certificate that Traefik shows when no other fits, PEM, leaf first.
    public var certificatePEM: String
    /// Its key, PEM.
    public var keyPEM: String
    public init(certificatePEM: String, keyPEM: String) {
        self.certificatePEM = certificatePEM
        self.keyPEM = keyPEM
    }
}

/// The stacks that Skep ships.
public enum Catalogue {
    public static var names: [String] { CatalogueIndex.entries.map(\.name) }

    /// Whether the entry's bundle holds a certificate of the coordinator's making.
    public static func wantsCertificate(_ stack: ClusterSpec.Stack) -> Bool {
        stack.source == .catalogue && CatalogueIndex.entry(stack.name.rawValue)?.takesTLS == true
    }

    /// An entry's compose file and what it refers to, by path.
    static func entry(_ stack: ClusterSpec.Stack, values: CatalogueValues?) throws(ComposeError) -> (path: String, files: [String: [UInt8]]) {
        let folder = "catalogue/\(stack.name)"
        guard let entry = CatalogueIndex.entry(stack.name.rawValue), let network = stack.network else {
            throw refusal(folder, "the catalogue has no '\(stack.name)'", "it has: \(names.joined(separator: ", "))")
        }
        guard let values else { throw refusal(folder, "the certificate of '\(stack.name)' is not there yet", "try again") }
        let defaults = entry.options.merging(["SKEP_NETWORK": network.rawValue]) { $1 }
        let environment = defaults.sorted { $0.key < $1.key }.map { "\($0.key)='\($0.value)'" }.joined(separator: "\n")
        let path = "\(folder)/docker-compose.yml"
        return (
            path,
            [
                path: PackageResources.traefik_compose_yml, "\(folder)/dynamic.yml": PackageResources.traefik_dynamic_yml,
                "\(folder)/.env": Array(environment.utf8), "\(folder)/tls.crt": Array(values.certificatePEM.utf8),
                "\(folder)/tls.key": Array(values.keyPEM.utf8),
            ]
        )
    }

    private static func refusal(_ folder: String, _ message: String, _ fix: String) -> ComposeError {
        ComposeError([
            Finding(
                rule: .fileMissing, level: .error, diagnostic: FileDiagnostic(file: folder, line: 0, column: 0, message: message, fix: fix),
                service: nil)
        ])
    }
}
