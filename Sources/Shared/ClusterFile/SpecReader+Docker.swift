import SkepModel
import SkepYAML

extension SpecReader {
    func docker(_ node: YAMLNode, governed: [GovernedPort]) -> ClusterSpec.Docker {
        var docker = ClusterSpec.Docker()
        let keys = ["package", "hold", "tls-api", "address-pool", "data-path-port", "mtu", "registries"]
        guard let section = Section(node, path: "docker", keys: keys, findings) else { return docker }
        if section.word("package", ["docker.io"], later: ["docker-ce"]) != nil { docker.package = "docker.io" }
        docker.hold = section.truth("hold", default: true)
        tlsAPI(section, &docker)
        if let place = section["address-pool"], !isAuto(place), let pool = range(place, "'docker.address-pool'") {
            if !pool.address.isV4 || pool.prefix > 22 || pool.prefix < 8 {
                findings.add(
                    place, "'\(pool)' cannot be the swarm's address pool", fix: "write an IPv4 range from /8 to /22: each network takes a /24 of it")
            } else {
                docker.addressPool = .fixed(pool)
            }
        }
        if let port = number(section, "data-path-port", 1024...49151, "Docker's own limits for the data-path port") {
            let owner = (30000...32767).contains(port) ? "the swarm's automatic ports" : governed.first { Int($0.port) == port }?.service
            if let owner, port != Int(Self.dockersDataPathPort), let place = section["data-path-port"] {
                findings.add(
                    place, "'docker.data-path-port' is \(port), which belongs to \(owner)", fix: "write auto, or a port that nobody else has")
            } else {
                docker.dataPathPort = .fixed(UInt16(port))
            }
        }
        if let mtu = number(section, "mtu", 576...9216, "bytes of the overlay networks' packets") { docker.mtu = .fixed(mtu) }
        if let registries = section["registries"] { self.registries(registries, &docker) }
        return docker
    }

    /// `true`, or a mapping with further names.
    private func tlsAPI(_ section: Section, _ docker: inout ClusterSpec.Docker) {
        guard let place = section["tls-api"] else { return }
        guard place.map != nil else {
            docker.tlsAPI = section.truth("tls-api", default: false)
            return
        }
        guard let inner = Section(place, path: "docker.tls-api", keys: ["names"], findings) else { return }
        docker.tlsAPI = true
        var names: [String] = []
        for item in inner.list("names") ?? [] {
            guard let text = item.scalar?.text, IPAddress(text) != nil || Rules.isHostName(text) else {
                findings.add(
                    item, "'\(item.scalar?.text ?? item.kindInWords)' is no host name and no address", fix: "write swarm.example.com or 203.0.113.7")
                continue
            }
            names.append(text)
        }
        docker.tlsNames = names.isEmpty ? nil : names
    }

    private func isAuto(_ node: YAMLNode) -> Bool { node.scalar?.text == "auto" }

    private func number(_ section: Section, _ key: String, _ limits: ClosedRange<Int>, _ why: String) -> Int? {
        guard let place = section[key], !isAuto(place) else { return nil }
        guard let scalar = place.scalar, scalar.kind == .integer, let value = Int(scalar.text) else {
            findings.add(place, "\(section.name(key)) must be auto or a whole number, not \(place.kindInWords)")
            return nil
        }
        guard limits.contains(value) else {
            findings.add(place, "\(section.name(key)) is \(value)", fix: "from \(limits.lowerBound) to \(limits.upperBound): \(why)")
            return nil
        }
        return value
    }

    private func registries(_ node: YAMLNode, _ docker: inout ClusterSpec.Docker) {
        guard let section = Section(node, path: "docker.registries", keys: ["mirrors", "insecure", "authorities", "logins"], findings) else { return }
        for item in section.list("mirrors") ?? [] {
            guard let url = mirror(item) else { continue }
            docker.mirrors.append(url)
        }
        for item in section.list("insecure") ?? [] {
            guard let text = item.scalar?.text, Rules.isHostPort(text) || CIDR(text) != nil else {
                findings.add(item, "'\(item.scalar?.text ?? item.kindInWords)' is no registry", fix: "write HOST:PORT, without http://")
                continue
            }
            docker.insecure.append(text)
        }
        if let entries = section["authorities"].flatMap({ Section.entries($0, path: "docker.registries.authorities", findings) }) {
            authorities(entries, &docker)
        }
        if let entries = section["logins"].flatMap({ Section.entries($0, path: "docker.registries.logins", findings) }) { logins(entries, &docker) }
    }

    private func authorities(_ entries: [YAMLNode.Entry], _ docker: inout ClusterSpec.Docker) {
        for entry in entries {
            findings.remember("docker.registries.authorities.\(entry.key)", entry.value)
            guard isRegistry(entry), let path = path(entry.value, "docker.registries.authorities.\(entry.key)") else { continue }
            if docker.insecure.contains(entry.key) {
                findings.add(
                    entry, "'\(entry.key)' is among 'docker.registries.insecure' as well, where no certificate is checked", fix: "keep one of the two"
                )
            }
            docker.authorityFiles = (docker.authorityFiles ?? [:]).merging([entry.key: path]) { $1 }
        }
    }

    private func logins(_ entries: [YAMLNode.Entry], _ docker: inout ClusterSpec.Docker) {
        for entry in entries {
            let place = "docker.registries.logins.\(entry.key)"
            guard isRegistry(entry), let section = Section(entry.value, path: place, keys: ["user", "password-file"], findings) else { continue }
            let user = section.required("user", example: "'user: NAME'")
            let file = section.required("password-file", example: "'password-file: ./FILE'").flatMap { path($0, "\(place).password-file") }
            guard let user, let file else { continue }
            guard let name = user.scalar?.text, !name.isEmpty, !name.contains(":"), name.allSatisfy({ !$0.isNewline }) else {
                findings.add(user, "'\(place).user' cannot be the name at a registry", fix: "write a text without ':'")
                continue
            }
            findings.remember("\(place).password-file", section["password-file"] ?? entry.value)
            docker.logins = (docker.logins ?? [:]).merging([entry.key: .init(user: name, passwordFile: file)]) { $1 }
        }
    }

    private func isRegistry(_ entry: YAMLNode.Entry) -> Bool {
        if Rules.isHostPort(entry.key), entry.key == ImageRegistry.host(of: "\(entry.key)/x") { return true }
        let isHub = ["index.docker.io", "registry-1.docker.io"].contains(entry.key)
        findings.add(
            entry, "'\(entry.key)' is no registry's host",
            fix: isHub ? "Docker Hub's is docker.io" : "write it as in the images' names: HOST.DOMAIN or HOST:PORT")
        return false
    }

    /// Of a file beside the cluster file.
    private func path(_ node: YAMLNode, _ what: String) -> String? {
        guard let text = node.scalar?.text, !node.isNull else {
            findings.add(node, "'\(what)' must be a path, not \(node.kindInWords)")
            return nil
        }
        if let problem = Rules.relativePathProblem(text) {
            findings.add(node, "'\(what)' '\(text)' \(problem.message)", fix: problem.fix)
            return nil
        }
        return text.split(separator: "/").filter { $0 != "." }.joined(separator: "/")
    }

    /// Docker takes a scheme and a host and nothing after them.
    private func mirror(_ node: YAMLNode) -> String? {
        let fix = "write https://HOST or http://HOST:PORT, with nothing after it"
        guard let text = node.scalar?.text else {
            findings.add(node, "a mirror must be a text, not \(node.kindInWords)", fix: fix)
            return nil
        }
        for scheme in ["https://", "http://"] where text.hasPrefix(scheme) {
            let rest = String(text.dropFirst(scheme.count))
            if Rules.isHostPort(rest.hasSuffix("/") ? String(rest.dropLast()) : rest) { return text }
        }
        findings.add(node, "'\(text)' is no mirror that Docker takes", fix: fix)
        return nil
    }

    func networks(_ node: YAMLNode) -> [ClusterSpec.Network] {
        guard let entries = Section.entries(node, path: "networks", findings) else { return [] }
        var result: [ClusterSpec.Network] = []
        for entry in entries {
            let path = "networks.\(entry.key)"
            guard let name = name(entry, of: "network", NetworkName.self),
                let section = Section(entry.value, path: path, keys: ["attachable", "encrypted", "subnet"], findings)
            else { continue }
            var network = ClusterSpec.Network(name: name)
            network.attachable = section.truth("attachable", default: false)
            network.encrypted = section.truth("encrypted", default: false)
            if let place = section["subnet"], let subnet = range(place, "'\(path).subnet'") {
                if !subnet.address.isV4 || subnet.prefix > 29 {
                    findings.add(
                        place, "'\(subnet)' cannot be an overlay network's subnet", fix: "write an IPv4 range of /29 or larger, such as a /24")
                } else if let other = result.first(where: { $0.subnet?.overlaps(subnet) == true }) {
                    findings.add(place, "'\(subnet)' overlaps the subnet of the network '\(other.name)'", fix: "give each network a range of its own")
                } else {
                    network.subnet = subnet
                }
            }
            result.append(network)
        }
        return result
    }
}
