public import SkepModel

/// What differs between two specs, a line each: `+` is new, `-` is gone, `~` is changed.
public enum SpecDifference {
    /// Nothing when they are equal; all of the new one when there is no old one.
    public static func lines(_ old: ClusterSpec?, _ new: ClusterSpec) -> [String] {
        guard let old else { return ["+ cluster \(new.name) (\(new.kind.rawValue))"] + compare([:], facts(new)) }
        return compare(facts(old), facts(new))
    }

    /// A single value of a spec.
    private struct Fact: Equatable {
        var text: String
        /// Stacks' variables are compared and never shown: they may be secret.
        var hidden = false
        init(_ text: String, hidden: Bool = false) {
            self.text = text
            self.hidden = hidden
        }
        var shown: String { hidden || text.isEmpty ? "" : ": \(text)" }
    }

    private static func compare(_ old: [String: Fact], _ new: [String: Fact]) -> [String] {
        Set(old.keys).union(new.keys).sorted().compactMap { key in
            switch (old[key], new[key]) {
            case (let before?, let after?):
                if before == after { nil } else { after.hidden ? "~ \(key)" : "~ \(key): \(before.text) → \(after.text)" }
            case (nil, let after?): "+ \(key)\(after.shown)"
            case (let before?, nil): "- \(key)\(before.shown)"
            case (nil, nil): nil
            }
        }
    }

    /// The spec as single values by path.
    private static func facts(_ spec: ClusterSpec) -> [String: Fact] {
        var facts: [String: Fact] = ["kind": Fact(spec.kind.rawValue)]
        for (audience, ranges) in spec.audiences {
            facts["audience \(audience.rawValue)"] = Fact(ranges.map(\.description).sorted().joined(separator: ", "))
        }
        for node in spec.nodes {
            facts["node \(node.name)"] = Fact(node.role.rawValue)
            for (key, value) in node.labels { facts["node \(node.name) label \(key)"] = Fact(value) }
            for (key, value) in node.sysctls { facts["node \(node.name) sysctl \(key)"] = Fact(value) }
        }
        docker(spec.docker, &facts)
        if let nfs = spec.nfs { self.nfs(nfs, &facts) }
        for opening in spec.allow { add(opening, "allow", &facts) }
        for network in spec.networks {
            let words = [network.attachable ? "attachable" : nil, network.encrypted ? "encrypted" : nil, network.subnet.map(\.description)]
            facts["network \(network.name)"] = Fact(words.compactMap(\.self).joined(separator: ", "))
        }
        for stack in spec.stacks { self.stack(stack, &facts) }
        facts["policy approval"] = Fact(String(spec.policy.approval))
        facts["policy drills"] = Fact(spec.policy.drills ? "allowed" : "forbidden")
        facts["policy drained-by-hand"] = Fact(spec.policy.drainedByHand.rawValue)
        facts["policy restart-docker"] = Fact(spec.policy.restartDocker.rawValue)
        return facts
    }

    private static func docker(_ docker: ClusterSpec.Docker, _ facts: inout [String: Fact]) {
        facts["docker package"] = Fact(docker.package)
        facts["docker hold"] = Fact(String(docker.hold))
        facts["docker tls-api"] = Fact(String(docker.tlsAPI))
        if let names = docker.tlsNames { facts["docker tls-api names"] = Fact(names.joined(separator: ", ")) }
        facts["docker address-pool"] = Fact(words(docker.addressPool))
        facts["docker data-path-port"] = Fact(words(docker.dataPathPort))
        facts["docker mtu"] = Fact(words(docker.mtu))
        if !docker.mirrors.isEmpty { facts["docker mirrors"] = Fact(docker.mirrors.joined(separator: ", ")) }
        if !docker.insecure.isEmpty { facts["docker insecure registries"] = Fact(docker.insecure.joined(separator: ", ")) }
        for (host, path) in docker.authorityFiles ?? [:] { facts["registry \(host) authority"] = Fact(path) }
        for (host, text) in docker.authorities ?? [:] { facts["registry \(host) authority's content"] = Fact(text, hidden: true) }
        for (host, login) in docker.logins ?? [:] { facts["registry \(host) login"] = Fact("\(login.user), password in \(login.passwordFile)") }
    }

    private static func words<Value: CustomStringConvertible>(_ value: ClusterSpec.Auto<Value>) -> String {
        switch value {
        case .auto: "auto"
        case .fixed(let value): value.description
        }
    }

    private static func nfs(_ nfs: ClusterSpec.NFS, _ facts: inout [String: Fact]) {
        facts["nfs server"] = Fact(nfs.server.rawValue)
        facts["nfs v3"] = Fact(String(nfs.v3))
        for share in nfs.shares {
            let writers = share.write.map(\.rawValue).sorted().joined(separator: ", ")
            facts["share \(share.name)"] = Fact("\(share.path) on \(share.mount), written by \(writers), \(share.owner) \(share.mode)")
        }
    }

    private static func stack(_ stack: ClusterSpec.Stack, _ facts: inout [String: Fact]) {
        let name = "stack \(stack.name)"
        switch stack.source {
        case .catalogue: facts[name] = Fact("from the catalogue")
        case .compose(let path): facts[name] = Fact(([path] + (stack.overrides ?? [])).joined(separator: ", "))
        }
        if !stack.after.isEmpty { facts["\(name) after"] = Fact(stack.after.map(\.rawValue).joined(separator: ", ")) }
        if let share = stack.share { facts["\(name) share"] = Fact(share.rawValue) }
        if let network = stack.network { facts["\(name) network"] = Fact(network.rawValue) }
        if let backend = stack.backend { facts["\(name) backend"] = Fact(backend.rawValue) }
        if let home = stack.home { facts["\(name) data on"] = Fact(home.rawValue) }
        for (key, path) in stack.files ?? [:] { facts["\(name) file \(key)"] = Fact(path) }
        for opening in stack.expose { add(opening, "\(name) expose", &facts) }
        for (key, value) in stack.environment { facts["\(name) variable \(key)"] = Fact(value, hidden: true) }
    }

    private static func add(_ opening: ClusterSpec.Opening, _ owner: String, _ facts: inout [String: Fact]) {
        let transports = opening.transports.map(\.rawValue).joined(separator: "+")
        facts["\(owner) \(opening.ports)/\(transports)"] = Fact(opening.audiences.map(\.rawValue).joined(separator: ", "))
    }
}
