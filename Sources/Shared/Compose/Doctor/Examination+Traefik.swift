import SkepModel
import SkepYAML

/// What keeps Traefik from routing.
extension Examination {
    func traefik(_ service: Service) {
        if isTraefik(service) { apiVersion(service) }
        let labels = service.labels.filter { $0.key.lowercased().hasPrefix("traefik.") }
        misplaced(service, labels)
        guard !labels.isEmpty else { return }
        let old = labels.filter { label in Self.first.contains { label.key == $0 || label.key.hasPrefix($0 + ".") } }
        for label in old {
            remarks.error(
                .traefikV1, label.value, "'\(label.key)' is a label of Traefik v1, which no maintained one reads",
                fix: "write traefik.http.routers.NAME.rule and traefik.http.services.NAME.loadbalancer.server.port")
        }
        hosts(labels)
        resolvers(labels)
        guard old.isEmpty, labels.first(where: { $0.key == "traefik.enable" })?.value.scalar?.text.lowercased() != "false" else { return }
        port(service, labels)
        network(service, labels)
    }

    func isTraefik(_ service: Service) -> Bool { service.image?.base == "traefik" }

    /// Source: traefik#12253 (fixed in 3.6.1 and 2.11.31); the client library asked for 1.24, engines since 29 take 1.44 and newer.
    private func apiVersion(_ service: Service) {
        guard let place = service.node["image"], let version = service.image?.version, let major = version.first else { return }
        // v3 is its newest; v3.3 is the newest of that line
        let padded = version + Array(repeating: Int.max, count: max(0, 3 - version.count))
        let fixed = major == 2 ? [2, 11, 31] : [3, 6, 1]
        // others of the name count in their own way
        let isTheirs = ["library/traefik", "traefik/traefik", "traefik"].contains(service.image?.repository ?? "")
        guard isTheirs, major <= 3, padded.lexicographicallyPrecedes(fixed) else { return }
        let message = "Traefik \(service.image?.tag ?? "") asks Docker for API 1.24, which engines since 29 refuse: no route is ever made"
        if subject.spec?.docker.package == "docker.io" {
            remarks.warn(.traefikAPI, place, message, fix: "use v3.6.1 or newer, or v2.11.31 of the old line")
        } else {
            remarks.error(.traefikAPI, place, message, fix: "use v3.6.1 or newer, or v2.11.31 of the old line")
        }
    }

    private static let first = [
        "traefik.frontend", "traefik.frontends", "traefik.backend", "traefik.port", "traefik.protocol", "traefik.weight", "traefik.domain",
    ]

    private func misplaced(_ service: Service, _ labels: [YAMLNode.Entry]) {
        guard let wrong = service.node["labels"]?.map?.first(where: { $0.key.hasPrefix("traefik.") }) else { return }
        let message = "in a swarm Traefik reads the labels under 'deploy', not those of the containers: '\(wrong.key)' is not seen"
        if labels.isEmpty {
            remarks.error(.traefikLabels, wrong.value, message, fix: "move them to 'deploy.labels'")
        } else {
            remarks.warn(.traefikLabels, wrong.value, message, fix: "move them to 'deploy.labels'")
        }
    }

    private func port(_ service: Service, _ labels: [YAMLNode.Entry]) {
        let keys = labels.map { $0.key.lowercased() }
        guard keys.contains("traefik.enable") || keys.contains(where: { $0.contains(".routers.") }),
            !keys.contains(where: { $0.contains(".loadbalancer.server.port") || $0.contains(".loadbalancer.server.url") })
        else { return }
        remarks.error(
            .traefikPort, labels[0].value, "Traefik cannot find out the port of '\(service.name)' in a swarm, and leaves the service out",
            fix: "add the label traefik.http.services.\(service.name).loadbalancer.server.port")
    }

    // MARK: Networks

    private func network(_ service: Service, _ labels: [YAMLNode.Entry]) {
        let full = Dictionary(
            document.entries("networks").map { ($0.key, $0.fullName(in: subject.name.rawValue)) }, uniquingKeysWith: { first, _ in first })
        let keys = service.node["networks"]?.map?.map(\.key) ?? ["default"]
        let names = keys.map { full[$0] ?? "\(subject.name)_\($0)" }
        let place = service.node["networks"] ?? service.node
        if let label = labels.first(where: { ["traefik.swarm.network", "traefik.docker.network"].contains($0.key) }),
            let wanted = label.value.scalar?.text
        {
            guard !names.contains(wanted) else { return }
            let meant = full[wanted].flatMap { names.contains($0) ? $0 : nil }
            return remarks.error(
                .traefikNetwork, label.value, "'\(label.key)' names '\(wanted)', on which '\(service.name)' is not: its requests end in 504",
                fix: meant.map { "Docker calls it '\($0)'" } ?? "name one of \(names.joined(separator: ", "))")
        }
        if let shared = sharedNetwork {
            guard !names.contains(shared) else { return }
            return remarks.error(
                .traefikNetwork, place, "Traefik routes by the network '\(shared)', on which '\(service.name)' is not: its requests end in 504",
                fix: "add it to the service's networks")
        }
        guard names.count > 1 else { return }
        remarks.warn(
            .traefikNetwork, place,
            "'\(service.name)' is on \(names.count) networks, and Traefik takes any of them: requests end in 504 now and then",
            fix: "add the label traefik.swarm.network with one of \(names.joined(separator: ", "))")
    }

    /// The network that the Traefik of the cluster or of this file was told to use.
    private var sharedNetwork: String? {
        if let stack = subject.spec?.stacks.first(where: { $0.source == .catalogue && $0.network != nil }), let network = stack.network {
            return network.rawValue
        }
        for entry in document.entries("services") {
            let service = Service(entry: entry)
            guard isTraefik(service) else { continue }
            for word in service.words {
                guard let text = word.scalar?.text, let sign = text.firstIndex(of: "=") else { continue }
                let option = text[..<sign].lowercased()
                if option == "--providers.swarm.network" || option == "--providers.docker.network" {
                    return String(text[text.index(after: sign)...])
                }
            }
        }
        return nil
    }

    // MARK: Hosts and certificates

    private func hosts(_ labels: [YAMLNode.Entry]) {
        for label in labels where label.key.hasSuffix(".rule") {
            for host in Self.hosts(in: label.value.scalar?.text ?? "") {
                if host.isEmpty {
                    remarks.error(
                        .traefikHost, label.value, "the rule of '\(label.key)' has an empty host name", fix: "set the variable that it is made of")
                } else if Self.isNobodys(host) {
                    remarks.warn(
                        .traefikHost, label.value, "'\(label.key)' waits for the host '\(host)', which is not yours",
                        fix: "write your own name, or a variable with ${HOST:?}")
                }
            }
        }
    }

    /// What stands between quotes in `Host(…)` and `HostSNI(…)`.
    static func hosts(in rule: String) -> [String] {
        var result: [String] = []
        var rest = rule[...]
        while let start = rest.firstRange(of: "Host") {
            rest = rest[start.upperBound...]
            if rest.hasPrefix("SNI") { rest = rest.dropFirst(3) }
            guard rest.first == "(", let end = rest.firstIndex(of: ")") else { continue }
            let quotes: Set<Character> = ["`", "'", "\""]
            for part in rest[rest.index(after: rest.startIndex)..<end].split(separator: ",") {
                let name = part.drop { $0 == " " }
                guard let quote = name.first, quotes.contains(quote) else { continue }
                result.append(String(name.dropFirst().prefix { $0 != quote }))
            }
            rest = rest[end...]
        }
        return result
    }

    /// Names that are kept for examples (RFC 2606, RFC 6761), and those of whom published files are from.
    private static func isNobodys(_ host: String) -> Bool {
        let name = host.lowercased()
        let domains = ["example.com", "example.org", "example.net", "example", "test", "invalid", "localhost", "nuvla.io"]
        if domains.contains(where: { name == $0 || name.hasSuffix("." + $0) }) { return true }
        return name.split(separator: ".").contains { ["yourdomain", "your-domain", "mydomain", "my-domain", "yoursite"].contains($0) }
    }

    private func resolvers(_ labels: [YAMLNode.Entry]) {
        guard let known = knownResolvers else { return }
        for label in labels where label.key.lowercased().hasSuffix(".tls.certresolver") {
            guard let name = label.value.scalar?.text, !known.contains(name.lowercased()) else { continue }
            remarks.warn(
                .traefikResolver, label.value,
                "Traefik has no certificate resolver '\(name)': it shows its default certificate, which browsers refuse",
                fix: known.isEmpty ? "remove the label, or give Traefik one" : "it has: \(known.sorted().joined(separator: ", "))")
        }
    }

    /// Lower case; nil when they are not known.
    private var knownResolvers: Set<String>? {
        var result: Set<String>?
        for stack in subject.spec?.stacks ?? [] where stack.source == .catalogue {
            if let resolvers = Catalogue.resolvers(stack) { result = (result ?? []).union(resolvers) }
        }
        for entry in document.entries("services") {
            let service = Service(entry: entry)
            guard isTraefik(service) else { continue }
            // a file of its own may hold more
            let mounted = (service.node["configs"]?.list ?? []) + (service.node["volumes"]?.list ?? [])
            if mounted.contains(where: { ($0.text("target") ?? "").contains("traefik.y") || ($0.text("target") ?? "").contains("traefik.toml") }) {
                return nil
            }
            result = (result ?? []).union(Self.resolvers(of: service))
        }
        return result
    }

    private static func resolvers(of service: Service) -> [String] {
        let options = service.words.compactMap { word -> String? in
            let text = (word.scalar?.text ?? "").lowercased()
            return text.hasPrefix("--certificatesresolvers.") ? text.split(separator: ".").dropFirst().first.map(String.init) : nil
        }
        return options
            + service.environment.compactMap { entry in
                let parts = entry.key.uppercased().split(separator: "_")
                return parts.count > 2 && parts[0] == "TRAEFIK" && parts[1] == "CERTIFICATESRESOLVERS" ? parts[2].lowercased() : nil
            }
    }
}
