import SkepModel
import SkepYAML

/// Makes one stack's bundle out of its compose file.
struct StackReader {
    let stack: ClusterSpec.Stack
    let spec: ClusterSpec
    let path: String
    let remarks: Remarks
    let files: StackFiles

    /// Nil, with remarks, when the file cannot be used.
    func read(_ text: String) -> StackBundle? {
        let variables = self.variables()
        let value: (String) -> String? = { variables[$0] }
        let root: YAMLNode
        do {
            guard let found = try YAMLReader.read(text, file: path), found.map != nil else {
                remarks.add(YAMLNode(.map([]), line: 1, column: 1), "this is no compose file", fix: "it begins with 'services:'")
                return nil
            }
            root = VariableReplacement(remarks: remarks, value: value).replace(found)
        } catch {
            remarks.add(error)
            return nil
        }
        var document = top(root)
        guard let services = root["services"]?.map, !services.isEmpty else {
            remarks.add(root["services"] ?? root, "the file defines no service", fix: "add 'services:' with one at least")
            return nil
        }
        var attached: [String: [UInt8]] = [:]
        let attachments = AttachmentReader(stack: stack.name.rawValue, remarks: remarks, files: files, value: value)
        for kind in ["configs", "secrets"] {
            guard let section = root[kind] else { continue }
            let (node, files) = attachments.read(section, kind: kind)
            document[kind] = node
            attached.merge(files) { $1 }
        }
        let networks = self.networks(root["networks"])
        for entry in root["volumes"]?.map ?? [] {
            let given = entry.value["external"]?["name"] ?? entry.value["name"]
            let full = given?.scalar?.text ?? (entry.value["external"] == nil ? "\(stack.name)_\(entry.key)" : entry.key)
            // a Go template, such as `data-{{.Task.Slot}}`, becomes a name on each node
            if !full.contains("{{") { refuse(full, of: "volume", at: entry, VolumeName.self) }
        }
        var publications: [StackBundle.Publication] = []
        let defined = ServiceReader.Defined(
            services: services.map(\.key), networks: keys(root["networks"]), volumes: keys(root["volumes"]), configs: keys(root["configs"]),
            secrets: keys(root["secrets"]))
        let prepared = services.map { entry in
            var entry = entry
            refuse("\(stack.name)_\(entry.key)", of: "service", at: entry, ServiceName.self)
            let reader = ServiceReader(name: entry.key, defined: defined, remarks: remarks, files: files, value: value)
            guard let (node, ports, environmentFiles) = reader.read(entry.value) else { return entry }
            for path in environmentFiles { attached[path] = files.read(path) }
            warnOfClosed(ports, entry)
            publications += ports
            entry.value = placed(node)
            return entry
        }
        document["services"] = YAMLNode(.map(prepared))
        guard remarks.diagnostics.isEmpty else { return nil }
        return bundle(document, attached, publications: publications, networks: networks)
    }

    /// A name that Docker would refuse when the stack is deployed.
    private func refuse<Name: ValidatedName>(_ text: String, of what: String, at entry: YAMLNode.Entry, _: Name.Type) {
        if Name(rawValue: text) == nil { remarks.add(entry, "'\(text)' cannot be the name of a \(what)", fix: Name.rule) }
    }

    private func keys(_ node: YAMLNode?) -> [String] { node?.map?.map(\.key) ?? [] }

    /// The stack's own variables, then those of `.env` beside the compose file.
    private func variables() -> [String: String] {
        var result: [String: String] = [:]
        if let bytes = files.read(".env") {
            let file = files.folder.isEmpty ? ".env" : "\(files.folder)/.env"
            do {
                result = try EnvironmentFile.parse(String(decoding: bytes, as: UTF8.self))
            } catch {
                remarks.add(FileDiagnostic(file: file, line: error.line, column: 1, message: error.message, fix: "write NAME=value"))
            }
        }
        return result.merging(stack.environment) { $1 }
    }

    private func top(_ root: YAMLNode) -> YAMLNode {
        var document = YAMLNode.map([("version", .text("3.8"))])
        for entry in root.map ?? [] {
            switch entry.key {
            case "version":
                let text = entry.value.scalar?.text ?? ""
                if !text.hasPrefix("3") { remarks.warn(entry.value, "version '\(text)' is read as 3.8, which is what a swarm takes") }
            case "name": remarks.warn(entry.value, "the stack is called '\(stack.name)', as in the cluster file, and not by 'name'")
            case let key where key.hasPrefix("x-"): continue
            case let key where ComposeSchema.top.contains(key): document[key] = entry.value
            default:
                remarks.add(
                    entry, "Docker's stack deployment does not know the key '\(entry.key)'",
                    fix: "known are: \(ComposeSchema.top.joined(separator: ", "))")
            }
        }
        return document
    }

    /// The networks that must be there before: those that the file calls external.
    private func networks(_ section: YAMLNode?) -> [NetworkName] {
        var result: [NetworkName] = []
        for entry in section?.map ?? [] {
            let external = entry.value["external"]
            guard external?.scalar?.text == "true" || external?.map != nil else {
                refuse(entry.value["name"]?.scalar?.text ?? "\(stack.name)_\(entry.key)", of: "network", at: entry, NetworkName.self)
                continue
            }
            let text = external?["name"]?.scalar?.text ?? entry.value["name"]?.scalar?.text ?? entry.key
            if ["host", "bridge", "none", "ingress"].contains(text) { continue }
            guard let known = spec.networks.first(where: { $0.name.rawValue == text }) else {
                remarks.add(
                    entry, "the network '\(text)' is external, and nothing makes it", fix: "add '\(text): {}' to 'networks' of the cluster file")
                continue
            }
            if !result.contains(known.name) { result.append(known.name) }
        }
        return result.sorted()
    }

    /// A stack that writes to a share runs where the share may be written.
    private func placed(_ node: YAMLNode) -> YAMLNode {
        guard let share = stack.share else { return node }
        var node = node
        var deploy = node["deploy"] ?? .map([])
        var placement = deploy["placement"] ?? .map([])
        let constraints = placement["constraints"]?.list ?? []
        placement["constraints"] = .list(constraints + [.text("node.labels.skep.write.\(share) == true")])
        deploy["placement"] = placement
        node["deploy"] = deploy
        return node
    }

    /// A port that no table and no `expose:` opens stays closed.
    private func warnOfClosed(_ publications: [StackBundle.Publication], _ entry: YAMLNode.Entry) {
        for publication in publications {
            let ports = publication.port
            if publication.transport == .tcp, ports.isSingle, [80, 443, 8080].contains(ports.first) { continue }
            if publication.transport == .tcp, ports.first >= 30000, ports.last <= 32767 { continue }
            let open = (stack.expose + spec.allow).contains {
                $0.transports.contains(publication.transport) && $0.ports.first <= ports.first && ports.last <= $0.ports.last
            }
            if !open {
                remarks.warn(
                    YAMLNode(.map([]), line: entry.line, column: entry.column),
                    "the port \(ports)/\(publication.transport.rawValue) of '\(entry.key)' is published and stays closed: nothing opens it; "
                        + "add 'expose: {\(ports): [users]}' to the stack")
            }
        }
    }

    private func bundle(
        _ document: YAMLNode, _ attached: [String: [UInt8]], publications: [StackBundle.Publication], networks: [NetworkName]
    ) -> StackBundle? {
        do {
            let bare = try YAMLWriter.write(VariableReplacement.escaped(labelled(document, digest: "")))
            var canonical = Array("\(stack.name)\n\(bare.utf8.count)\n\(bare)".utf8)
            for (path, bytes) in attached.sorted(by: { $0.key < $1.key }) { canonical += Array("\(path)\n\(bytes.count)\n".utf8) + bytes }
            let digest = Digest.hex(canonical)
            let compose = try YAMLWriter.write(VariableReplacement.escaped(labelled(document, digest: digest)))
            guard remarks.diagnostics.isEmpty else { return nil }
            return StackBundle(
                name: stack.name, digest: digest, compose: compose, files: attached.mapValues(Base64.encode),
                services: keys(document["services"]), publications: publications, networks: networks)
        } catch {
            remarks.add(YAMLNode(.map([]), line: 1, column: 1), "the file cannot be written out: \(error)")
            return nil
        }
    }

    /// Every service with the bundle's digest, by which the agent tells what runs from what should.
    private func labelled(_ document: YAMLNode, digest: String) -> YAMLNode {
        var document = document
        guard let services = document["services"]?.map else { return document }
        document["services"] = YAMLNode(
            .map(
                services.map { entry in
                    var entry = entry
                    var deploy = entry.value["deploy"] ?? .map([])
                    if deploy.isNull { deploy = .map([]) }
                    let ours = [("skep.bundle", digest), ("skep.managed", "true"), ("skep.stack", stack.name.rawValue)]
                    deploy["labels"] = ServiceLabels.merged(deploy["labels"], ours, remarks)
                    entry.value["deploy"] = deploy
                    return entry
                }))
        return document
    }
}
