/// The entries that Skep ships, as far as a cluster file must know them; SkepCompose holds what they are made of.
public enum CatalogueIndex {
    public struct Entry: Sendable {
        public let name: String
        /// Whether it needs `network:`, the overlay network that it shares with what it routes to.
        public let needsNetwork: Bool
        /// Whether it takes `tls: self-signed`.
        public let takesTLS: Bool
        /// Variables that `env:` may set, each with what it is when it is not set.
        public let options: [String: String]
    }

    public static let entries: [Entry] = [
        Entry(name: "traefik", needsNetwork: true, takesTLS: true, options: ["TRAEFIK_VERSION": "v3.7.15", "TRAEFIK_LOG_LEVEL": "INFO"])
    ]

    /// Entries that a later release ships.
    public static let later = ["monitoring", "s3"]

    public static func entry(_ name: String) -> Entry? { entries.first { $0.name == name } }
}
