import SkepModel
import SkepYAML

/// What only the stacks of the catalogue have.
extension SpecReader {
    static let catalogueKeys = ["network", "backend", "node", "tls", "files"]

    func refuseCatalogueKeys(_ section: Section) {
        for key in Self.catalogueKeys {
            guard let place = section[key] else { continue }
            let fix =
                key == "network" || key == "backend" ? "remove it, and name the network in the compose file as 'external: true'" : "remove it"
            findings.add(place, "'\(section.path).\(key)' is an option of the catalogue's stacks", fix: fix)
        }
    }

    /// Reads the entry's own keys, and gives what the file does not say.
    func catalogue(
        _ entry: CatalogueIndex.Entry, _ section: Section, _ stack: inout ClusterSpec.Stack, _ context: StackContext, among stacks: [YAMLNode.Entry]
    ) {
        stack.network = network(entry, section, context, among: stacks)
        stack.backend = backend(entry, section, context)
        stack.home = home(entry, stack.name, section, context)
        stack.files = files(entry, section)
        needs(entry, section, stack)
        tls(entry, section, stack)
        if let place = section["share"], !entry.needsShare {
            findings.add(place, "the catalogue's '\(entry.name)' takes no share", fix: "remove it")
        } else if entry.needsShare {
            _ = section.required("share", example: "'share: SHARE', one of 'nfs.shares'")
        }
        for option in entry.options where option.other == nil && stack.environment[option.name, default: ""].isEmpty {
            findings.add(section.node, "the catalogue's '\(entry.name)' needs the variable '\(option.name)'", fix: "add it to '\(section.path).env'")
        }
    }

    /// The network that is named; else, for what Traefik routes to, the one that Traefik is on.
    private func network(
        _ entry: CatalogueIndex.Entry, _ section: Section, _ context: StackContext, among stacks: [YAMLNode.Entry]
    ) -> NetworkName? {
        guard entry.takesNetwork else {
            refuse("network", of: entry, section)
            return nil
        }
        if section["network"] != nil {
            return reference(section, "network", context.networks, "network", "networks").flatMap(NetworkName.init(rawValue:))
        }
        let router = stacks.first { ["traefik", "traefik-acme"].contains($0.key) && $0.key != entry.name }
        if let name = router?.value["network"]?.scalar?.text, context.networks.contains(name) { return NetworkName(rawValue: name) }
        if context.networks.contains(CatalogueIndex.network) { return NetworkName(rawValue: CatalogueIndex.network) }
        _ = section.required("network", example: "'network: NETWORK', one of 'networks'")
        return nil
    }

    private func backend(_ entry: CatalogueIndex.Entry, _ section: Section, _ context: StackContext) -> NetworkName? {
        guard entry.takesBackend else {
            refuse("backend", of: entry, section)
            return nil
        }
        if section["backend"] != nil {
            return reference(section, "backend", context.networks, "network", "networks").flatMap(NetworkName.init(rawValue:))
        }
        guard context.networks.contains(CatalogueIndex.backend) else {
            findings.add(
                section.node, "the catalogue's '\(entry.name)' is on the network '\(CatalogueIndex.backend)', which 'networks' does not have",
                fix: "add '\(CatalogueIndex.backend): {}' to 'networks', or name another with 'backend:'")
            return nil
        }
        return NetworkName(rawValue: CatalogueIndex.backend)
    }

    private func home(_ entry: CatalogueIndex.Entry, _ stack: StackName, _ section: Section, _ context: StackContext) -> NodeName? {
        guard entry.home != nil else {
            refuse("node", of: entry, section)
            return nil
        }
        if section["node"] != nil {
            return reference(section, "node", context.nodes.map(\.name.rawValue), "node", "nodes").flatMap(NodeName.init(rawValue:))
        }
        return home(entry, stack, context.nodes, place: section.node)
    }

    /// Where the data of an entry are when the file does not say: where they were before, as they do not follow by themselves.
    func home(_ entry: CatalogueIndex.Entry, _ stack: StackName?, _ nodes: [ClusterSpec.Node], place: YAMLNode) -> NodeName? {
        guard let home = entry.home else { return nil }
        guard let stack, let former = homes[stack] else { return home.choose(nodes) }
        let node = nodes.first { $0.name == former }
        if node != nil, home == .worker || node?.role == .manager { return former }
        findings.add(
            place,
            "the data of '\(stack)' are on \(former), which is \(node == nil ? "not in the file any more" : "no manager any more")",
            fix: "keep it until they are elsewhere, then write 'stacks: {\(stack): {from: catalogue, node: NODE}}'")
        return nil
    }

    private func files(_ entry: CatalogueIndex.Entry, _ section: Section) -> [String: String]? {
        guard let node = section["files"], let entries = Section.entries(node, path: "\(section.path).files", findings) else { return nil }
        let known = entry.files.flatMap(\.self)
        var result: [String: String] = [:]
        for file in entries {
            guard known.contains(file.key) else {
                let words = known.isEmpty ? "it takes none: remove it" : "it takes: \(known.joined(separator: ", "))"
                findings.add(file, "the catalogue's '\(entry.name)' takes no file '\(file.key)'", fix: words)
                continue
            }
            guard let text = file.value.scalar?.text, !file.value.isNull else {
                findings.add(file.value, "'\(section.path).files.\(file.key)' must be a path, not \(file.value.kindInWords)")
                continue
            }
            if let problem = Rules.relativePathProblem(text) {
                findings.add(file.value, "'\(section.path).files.\(file.key)' '\(text)' \(problem.message)", fix: problem.fix)
                continue
            }
            result[file.key] = text.split(separator: "/").filter { $0 != "." }.joined(separator: "/")
        }
        for together in entry.files where !Set(together).isDisjoint(with: result.keys) {
            for missing in together where result[missing] == nil && !entries.contains(where: { $0.key == missing }) {
                findings.add(node, "'\(section.path).files' has no '\(missing)'", fix: "give all of \(together.joined(separator: ", "))")
            }
        }
        return result.isEmpty ? nil : result
    }

    /// What is given and does nothing without the rest.
    private func needs(_ entry: CatalogueIndex.Entry, _ section: Section, _ stack: ClusterSpec.Stack) {
        func isGiven(_ name: String) -> Bool { stack.files?[name] != nil || stack.environment[name]?.isEmpty == false }
        for (name, others) in entry.needs.sorted(by: { $0.key < $1.key }) where isGiven(name) {
            let isOption = stack.environment[name] != nil
            for missing in others where !isGiven(missing) {
                let place = section[isOption ? "env" : "files"].flatMap { $0[name] ?? $0 } ?? section.node
                let isFile = entry.files.contains { $0.contains(missing) }
                findings.add(
                    place, "'\(section.path)' has \(name) and no \(missing), without which it does nothing",
                    fix: isFile ? "add 'files: {\(missing): ./FILE}', or remove it" : "add 'env: {\(missing): …}', or remove it")
            }
        }
    }

    private func tls(_ entry: CatalogueIndex.Entry, _ section: Section, _ stack: ClusterSpec.Stack) {
        guard let place = section["tls"] else { return }
        guard entry.takesTLS else { return findings.add(place, "'\(section.path).tls' is an option of the catalogue's traefik", fix: "remove it") }
        guard section.word("tls", ["self-signed", "given"]) == "given" else {
            if stack.files != nil {
                findings.add(
                    place, "'\(section.path)' has files for a given certificate, and 'tls: self-signed'", fix: "write tls: given, or remove 'files'")
            }
            return
        }
        if stack.files == nil {
            findings.add(
                place, "'\(section.path).tls' says that a certificate is given, and there is none",
                fix: "add files: {certificate: ./FILE.crt, key: ./FILE.key}")
        }
    }

    private func refuse(_ key: String, of entry: CatalogueIndex.Entry, _ section: Section) {
        guard let place = section[key] else { return }
        findings.add(place, "the catalogue's '\(entry.name)' takes no '\(key)'", fix: "remove it")
    }

    /// Variables; for the catalogue only those that the entry has.
    func environment(_ section: Section, options: [CatalogueIndex.Entry.Option]?) -> [String: String] {
        guard let node = section["env"], let entries = Section.entries(node, path: "\(section.path).env", findings) else { return [:] }
        var result: [String: String] = [:]
        for entry in entries {
            guard Rules.isVariable(entry.key) else {
                findings.add(entry, "'\(entry.key)' cannot be a variable's name", fix: "first a letter or '_', then letters, digits and '_'")
                continue
            }
            let option = options?.first { $0.name == entry.key }
            if let options, option == nil {
                let names = options.map(\.name).sorted()
                findings.add(
                    entry, "the catalogue's '\(section.path.split(separator: ".").last ?? "")' has no option '\(entry.key)'",
                    fix: Spelling.nearest(entry.key, in: names).map { "did you mean '\($0)'?" } ?? "it has: \(names.joined(separator: ", "))")
                continue
            }
            guard let scalar = entry.value.scalar, !scalar.text.utf8.contains(0) else {
                findings.add(entry.value, "the variable '\(entry.key)' must be a text, not \(entry.value.kindInWords)")
                continue
            }
            let value = scalar.kind == .null ? "" : scalar.text
            if let option, !option.choices.isEmpty, !option.choices.contains(value) {
                findings.add(entry.value, "'\(entry.key)' cannot be '\(value)'", fix: "it is one of \(option.choices.joined(separator: ", "))")
                continue
            }
            if let range = option?.range, Int(value).map(range.contains) != true {
                findings.add(entry.value, "'\(entry.key)' must be a number from \(range.lowerBound) to \(range.upperBound), not '\(value)'")
                continue
            }
            result[entry.key] = value
        }
        return result
    }
}

extension CatalogueIndex.Entry.Home {
    /// The node out of those of the file.
    func choose(_ nodes: [ClusterSpec.Node]) -> NodeName? {
        switch self {
        case .manager: nodes.first { $0.role == .manager }?.name
        case .worker: (nodes.first { $0.role == .worker } ?? nodes.first)?.name
        }
    }
}
