public import SkepModel

/// The entries that Skep ships, as far as a cluster file must know them; SkepCompose holds what they are made of.
public enum CatalogueIndex {
    public struct Entry: Sendable {
        /// A value that `env:` may set.
        public struct Option: Sendable {
            public let name: String
            /// What it is when it is not set; nil when it must be.
            public let other: String?
            /// What it may be; anything when empty.
            public let choices: [String]
            /// What it may be, where it is a number.
            public let range: ClosedRange<Int>?
        }

        /// Where an entry keeps its data when the file does not say: one node, to which its tasks come back.
        public enum Home: Sendable {
            /// The first manager.
            case manager
            /// The first worker, or the first manager where there is none.
            case worker
        }

        /// A compose file that is put over the entry's own.
        public struct Variant: Sendable {
            public enum Reason: Sendable, Hashable {
                /// The option has that value.
                case option(String, String)
                /// The option is not empty.
                case set(String)
                /// All of these files are given.
                case files([String])
                /// None of these files is given.
                case noFiles([String])
            }
            /// The file's name without `.yml`.
            public let name: String
            public let reason: Reason
        }

        public let name: String
        /// What it is, in a line.
        public let summary: String
        /// Whether it is on an overlay network that the operator names with `network:`.
        public var takesNetwork = false
        /// Whether it is on the overlay network that Nuvla's own services share, `backend:`.
        public var takesBackend = false
        /// Whether it takes `tls: self-signed`.
        public var takesTLS = false
        /// Whether it needs `share:`.
        public var needsShare = false
        /// Whether it has data of its own, and where.
        public var home: Home?
        /// Kernel settings that the node of its data needs.
        public var sysctls: [String: String] = [:]
        public var options: [Option] = []
        /// Files of the operator's that `files:` may name; those of one list are given together.
        public var files: [[String]] = []
        /// Options that mean nothing without these files, and files that mean nothing without these options.
        public var needs: [String: [String]] = [:]
        public var variants: [Variant] = []

        /// What each option is when it is not set.
        public var defaults: [String: String] {
            Dictionary(options.compactMap { option in option.other.map { (option.name, $0) } }) { first, _ in first }
        }

        /// The overlays that a stack of this entry has.
        public func variants(of stack: ClusterSpec.Stack) -> [Variant] {
            let values = defaults.merging(stack.environment) { $1 }
            let given = Set((stack.files ?? [:]).keys)
            return variants.filter { variant in
                switch variant.reason {
                case .option(let name, let value): values[name] == value
                case .set(let name): values[name]?.isEmpty == false
                case .files(let names): given.isSuperset(of: names)
                case .noFiles(let names): given.isDisjoint(with: names)
                }
            }
        }
    }

    public static func entry(_ name: String) -> Entry? { entries.first { $0.name == name } }
    public static func entry(_ stack: ClusterSpec.Stack) -> Entry? { stack.source == .catalogue ? entry(stack.name.rawValue) : nil }

    /// The network that Nuvla's own services share where the file names no other.
    public static let backend = "nuvla-backend"
    /// The network between Traefik and what it routes to where the file names no other.
    public static let network = "traefik-public"

    private static let traefik: [Entry.Option] = [option("TRAEFIK_VERSION", "v3.7.15"), option("TRAEFIK_LOG_LEVEL", "INFO")]

    private static func option(_ name: String, _ other: String?, _ choices: [String] = [], range: ClosedRange<Int>? = nil) -> Entry.Option {
        Entry.Option(name: name, other: other, choices: choices, range: range)
    }

    public static let entries: [Entry] = [
        Entry(
            name: "traefik", summary: "routes https to the cluster's services, with a certificate of its own or a given one", takesNetwork: true,
            takesTLS: true, options: traefik, files: [["certificate", "key"]],
            variants: [
                .init(name: "self-signed", reason: .noFiles(["certificate", "key"])), .init(name: "given", reason: .files(["certificate", "key"])),
            ]),
        Entry(
            name: "traefik-acme", summary: "Traefik with certificates of Let's Encrypt or another ACME authority", takesNetwork: true, home: .manager,
            options: traefik + [
                option("ACME_DOMAIN", nil), option("ACME_EMAIL", nil), option("ACME_CHALLENGE", "http", ["http", "tls"]),
                option("ACME_STAGING", "false", ["false", "true"]), option("ACME_SERVER", "https://acme-v02.api.letsencrypt.org/directory"),
            ], files: [["authority"]],
            variants: [
                .init(name: "http", reason: .option("ACME_CHALLENGE", "http")), .init(name: "tls", reason: .option("ACME_CHALLENGE", "tls")),
                .init(name: "staging", reason: .option("ACME_STAGING", "true")),
                .init(name: "authority", reason: .files(["authority"])),
            ]),
        Entry(
            name: "monitoring", summary: "Prometheus and Grafana, with the machines', the containers' and Skep's own figures", takesNetwork: true,
            home: .manager,
            options: [
                option("MONITORING_HOST", ""), option("PROMETHEUS_RETENTION", "15d"), option("PROMETHEUS_RETENTION_SIZE", "8GB"),
                option("PROMETHEUS_MEMORY", "1G"), option("GRAFANA_MEMORY", "512M"), option("PROMETHEUS_VERSION", "v3.13.4"),
                option("GRAFANA_VERSION", "13.1.6"), option("NODE_EXPORTER_VERSION", "v1.12.1"), option("CADVISOR_VERSION", "v0.60.6"),
            ]),
        Entry(
            name: "s3", summary: "S3 over a share of the cluster", takesNetwork: true, needsShare: true,
            options: [
                option("S3_HOST", ""), option("S3_SERVER", "rclone", ["rclone", "minio", "minio-console"]), option("RCLONE_VERSION", "1.75.0"),
                option("MINIO_IMAGE", "quay.io/minio/minio:RELEASE.2025-09-07T16-13-09Z"), option("S3_MEMORY", "1G"),
                option("S3_LOG_LEVEL", "NOTICE", ["DEBUG", "INFO", "NOTICE", "ERROR"]),
            ],
            variants: [
                .init(name: "host", reason: .set("S3_HOST")), .init(name: "minio", reason: .option("S3_SERVER", "minio")),
                .init(name: "minio", reason: .option("S3_SERVER", "minio-console")),
                .init(name: "console", reason: .option("S3_SERVER", "minio-console")),
            ]),
        Entry(
            name: "nuvla-db", summary: "Elasticsearch and ZooKeeper for a Nuvla server", takesBackend: true, home: .worker,
            sysctls: ["vm.max_map_count": "262144"],
            options: [
                option("ES_VERSION", "8.19.21"), option("ES_HEAP", "2g"), option("ES_MEMORY", "4G"), option("ZOOKEEPER_VERSION", "3.9.5"),
                option("ES_BACKUP_BUCKET", ""), option("ES_BACKUP_ENDPOINT", ""), option("ES_BACKUP_REGION", ""),
                option("ES_BACKUP_PATH", "nuvla"), option("ES_BACKUP_SCHEDULE", "0 30 1 * * ?"), option("ES_BACKUP_KEEP", "30d"),
            ], files: [["s3-access-key", "s3-secret-key"]],
            needs: ["ES_BACKUP_BUCKET": ["s3-access-key", "s3-secret-key"], "s3-access-key": ["ES_BACKUP_BUCKET"]],
            variants: [.init(name: "backup", reason: .files(["s3-access-key", "s3-secret-key"]))]),
        Entry(
            name: "nuvla-streams", summary: "Kafka, ksqlDB and the notifications of a Nuvla server", takesBackend: true, home: .worker,
            options: [
                option("NUVLA_HOST", ""), option("STREAMS_REPLICAS", "1", ["1", "3"]), option("STREAMS_NODE_2", ""), option("STREAMS_NODE_3", ""),
                option("KAFKA_VERSION", "3.9.2"), option("KAFKA_HEAP", "512m"), option("KAFKA_MEMORY", "1G"), option("KAFKA_RETENTION_HOURS", "24"),
                option("KSQLDB_VERSION", "7.9.9"), option("KSQLDB_HEAP", "768m"), option("KSQLDB_MEMORY", "1536M"),
                option("SUBS_NOTIFS_VERSION", "0.1.0"), option("NOTIFY_VERSION", "0.10.0"), option("NOTIFY_EMAIL_VERSION", "0.9.0"),
            ], variants: [.init(name: "replicated", reason: .option("STREAMS_REPLICAS", "3"))]),
        Entry(
            name: "nuvla-core", summary: "the Nuvla server: API, page and jobs", takesNetwork: true, takesBackend: true,
            options: [
                option("NUVLA_HOST", ""), option("NUVLA_STREAMS", "yes", ["yes", "no"]), option("NUVLA_KAFKA", "kafka:9092"),
                option("NUVLA_EXECUTORS", "2"), option("NUVLA_API_MEMORY", "2G"), option("SMTP_HOST", ""),
                option("SMTP_PORT", "465", range: 1...65535), option("SMTP_SSL", "true", ["true", "false"]), option("SMTP_USER", ""),
                option("NUVLA_LOG_LEVEL", "info", ["debug", "info", "warn", "error"]), option("NUVLA_API_VERSION", "6.19.0"),
                option("NUVLA_UI_VERSION", "2.51.0"), option("NUVLA_JOB_VERSION", "5.1.4"),
            ], files: [["smtp-password"]], needs: ["SMTP_USER": ["SMTP_HOST", "smtp-password"], "smtp-password": ["SMTP_HOST", "SMTP_USER"]],
            variants: [.init(name: "mail", reason: .set("SMTP_HOST")), .init(name: "mail-password", reason: .files(["smtp-password"]))]),
    ]
}
