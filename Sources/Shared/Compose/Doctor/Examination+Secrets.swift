import SkepModel
import SkepYAML

/// Passwords that everybody knows or can see, and certificates that end.
extension Examination {
    func secrets(_ service: Service) {
        for entry in service.environment {
            guard let text = entry.value.scalar?.text, !text.isEmpty else { continue }
            if Self.hasCredentials(text) {
                remarks.warn(
                    .secretInEnvironment, entry, "'\(entry.key)' of '\(service.name)' holds a password in clear: 'docker inspect' shows it",
                    fix: "use a secret, and a variable that names its file where the image takes one")
            }
            guard Self.isSecret(entry.key), Self.isLiteral(text) else { continue }
            let instead = Self.takesFiles(service.image, entry.key)
            let fix = "use a secret: \(instead.map { "'\($0): /run/secrets/NAME'" } ?? "the image must read it from /run/secrets/NAME")"
            if Self.known.contains(text.lowercased()) {
                remarks.warn(.defaultPassword, entry, "'\(entry.key)' of '\(service.name)' is a password that everybody knows", fix: fix)
            } else {
                remarks.warn(
                    .secretInEnvironment, entry, "'\(entry.key)' of '\(service.name)' stands in clear in the environment: 'docker inspect' shows it",
                    fix: fix)
            }
        }
        omitted(service)
    }

    /// Images whose password is a known one when none is given.
    private func omitted(_ service: Service) {
        guard let image = service.image, let place = service.node["image"] else { return }
        let keys = Set(service.environment.map(\.key))
        for (base, variable) in [("grafana", "GF_SECURITY_ADMIN_PASSWORD"), ("minio", "MINIO_ROOT_PASSWORD")] where image.base == base {
            let asked = [variable, "\(variable)__FILE", "\(variable)_FILE", "GF_SECURITY_DISABLE_INITIAL_ADMIN_CREATION", "GF_AUTH_PROXY_ENABLED"]
            guard keys.isDisjoint(with: asked), !Self.hasConfiguration(service, base) else { continue }
            remarks.warn(
                .defaultPassword, place, "'\(service.name)' begins with the password that everybody knows",
                fix: "add a secret and '\(variable)\(base == "grafana" ? "__FILE" : "_FILE"): /run/secrets/NAME'")
        }
    }

    private static func hasConfiguration(_ service: Service, _ base: String) -> Bool {
        let targets = ((service.node["configs"]?.list ?? []) + (service.node["volumes"]?.list ?? [])).compactMap { $0.text("target") }
        return targets.contains { $0.hasSuffix("\(base).ini") || $0.hasSuffix("config.env") }
    }

    /// By its last words, so that `PASSWORD_FILE` and `TOKEN_TTL` are none.
    private static func isSecret(_ key: String) -> Bool {
        let words = key.uppercased().split { $0 == "_" || $0 == "." || $0 == "-" }.map(String.init)
        guard let last = words.last else { return false }
        if ["PASSWORD", "PASSWD", "PASS", "PASSPHRASE", "SECRET", "TOKEN"].contains(last) { return true }
        guard last == "KEY", words.count > 1 else { return last.hasSuffix("PASSWORD") }
        return ["ACCESS", "API", "SECRET", "PRIVATE", "ENCRYPTION", "MASTER", "SIGNING"].contains(words[words.count - 2])
    }

    /// Whether the value itself stands there, not where it is.
    private static func isLiteral(_ text: String) -> Bool {
        !text.hasPrefix("/") && !text.contains("{{") && !["true", "false", "yes", "no", "0", "1", "none", "null"].contains(text.lowercased())
    }

    /// `scheme://user:password@host`
    private static func hasCredentials(_ text: String) -> Bool {
        guard let scheme = text.firstRange(of: "://"), !text[..<scheme.lowerBound].contains(" ") else { return false }
        let authority = text[scheme.upperBound...].prefix { $0 != "/" && $0 != "?" }
        guard let at = authority.lastIndex(of: "@"), let colon = authority[..<at].firstIndex(of: ":") else { return false }
        return authority.index(after: colon) < at
    }

    /// The variable that takes a file instead, where the image is known to have one.
    private static func takesFiles(_ image: ImageName?, _ key: String) -> String? {
        guard let image else { return nil }
        if image.base.hasPrefix("grafana"), key.hasPrefix("GF_") { return "\(key)__FILE" }
        let bases: Set<String> = [
            "postgres", "mysql", "mariadb", "mongo", "minio", "influxdb", "nextcloud", "wordpress", "elasticsearch", "couchdb", "joomla", "drupal",
            "postgis", "timescaledb", "vaultwarden", "keycloak",
        ]
        return bases.contains(image.base) ? "\(key)_FILE" : nil
    }

    private static let known: Set<String> = [
        "admin", "administrator", "password", "passw0rd", "p@ssw0rd", "password1", "password123", "changeme", "change-me", "change_me", "changeit",
        "secret", "supersecret", "mysecretpassword", "my-secret-pw", "topsecret", "root", "toor", "minio", "minioadmin", "minio123", "miniokey",
        "123456",
        "12345678", "1234", "test", "guest", "example", "default", "postgres", "mysql", "elastic", "letmein", "qwerty", "user", "pass", "nuvla",
        "nuvlabox", "admin123", "s3cr3t", "token",
    ]

    func attachments() {
        guard let now = facts.now, let end = facts.certificateEnd else { return }
        for kind in ["configs", "secrets"] {
            for entry in document.entries(kind) {
                guard let place = entry.value["file"], let path = place.scalar.flatMap({ StackFiles.inside($0.text) }), let bytes = files.read(path),
                    let last = end(bytes)
                else { continue }
                let days = (last.milliseconds - now.milliseconds) / 86_400_000
                if last < now {
                    remarks.error(
                        .certificateEnds, place, "the certificate '\(path)' has ended", fix: "renew it, or let Traefik get one: 'tls: acme'")
                } else if days < 30 {
                    remarks.warn(
                        .certificateEnds, place, "the certificate '\(path)' ends in \(days) days, and nothing renews it",
                        fix: "renew it, or let Traefik get one")
                }
            }
        }
    }
}
