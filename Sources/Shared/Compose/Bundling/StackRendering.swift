import SkepModel
import SkepYAML

/// Writes what was read as the compose file that a manager's Docker CLI takes, with what Skep adds: names of configs and secrets by their
/// content, the nodes that may write to the stack's share, and labels by which the agent tells what runs from what should.
struct StackRendering {
    let subject: StackSubject
    let remarks: Remarks
    let files: StackFiles
    let value: (String) -> String?
    let generated: (GeneratedValue) -> [UInt8]?

    /// Nil, with remarks, when it cannot be written.
    func bundle(_ document: ComposeDocument) -> StackBundle? {
        var root = YAMLNode.map([("version", .text(ComposeSchema.version))])
        var attached: [String: [UInt8]] = [:]
        let attachments = AttachmentReader(
            stack: subject.name.rawValue, remarks: remarks, files: files, value: value, bases: bases(document), generated: generated)
        for section in ComposeSchema.sections {
            guard let node = document.root[section] else { continue }
            switch section {
            case "services": root[section] = node.mapped(service)
            case "configs", "secrets":
                let (node, files) = attachments.read(node, kind: section)
                root[section] = node.mapped(external)
                attached.merge(files) { $1 }
            default: root[section] = node.mapped(external)
            }
        }
        guard !remarks.hasErrors else { return nil }
        do {
            let bare = try YAMLWriter.write(VariableReplacement.escaped(labelled(root, digest: "")))
            var canonical = Array("\(subject.name)\n\(bare.utf8.count)\n\(bare)".utf8)
            for (path, bytes) in attached.sorted(by: { $0.key < $1.key }) { canonical += Array("\(path)\n\(bytes.count)\n".utf8) + bytes }
            let images = Set(document.entries("services").compactMap { $0.value.text("image") }).sorted()
            let hosts = Set(images.map(ImageRegistry.host))
            let logins = subject.logins.filter { hosts.contains($0.key) }
            // another password is another deployment: the swarm keeps what it was given with it
            for (host, login) in logins.sorted(by: { $0.key < $1.key }) { canonical += Array("\(host)\n\(login.user)\n\(login.password)\n".utf8) }
            let digest = Digest.hex(canonical)
            let compose = try YAMLWriter.write(VariableReplacement.escaped(labelled(root, digest: digest)))
            var bundle = StackBundle(
                name: subject.name, digest: digest, compose: compose, files: attached.mapValues(Base64.encode), services: document.names("services"),
                publications: publications(document), networks: networks(document), binds: binds(document),
                images: images, logins: logins)
            let idle = document.entries("services").map(Examination.Service.init).filter { !$0.isGlobal && $0.replicas == 0 }.map(\.name)
            bundle.idle = idle.isEmpty ? nil : idle
            bundle.imagePlaces = imagePlaces(document)
            return bundle
        } catch {
            remarks.error(.yaml, root, "the file cannot be written out: \(error)")
            return nil
        }
    }

    private func bases(_ document: ComposeDocument) -> [String: String] {
        var result: [String: String] = [:]
        for entry in document.entries("configs") + document.entries("secrets") {
            guard !entry.value.isExternal, entry.value["file"] == nil else { continue }
            result[entry.key] = entry.value["x-generate"].flatMap { $0.scalar?.text ?? $0.text("kind") }
        }
        return result
    }

    private func service(_ entry: YAMLNode.Entry) -> YAMLNode {
        var node = entry.value
        node["depends_on"] = nil
        // the manager's own HOME and DOCKER_HOST are nobody's business
        if let variables = node["environment"]?.map?.filter({ !$0.value.isNull }) {
            node["environment"] = variables.isEmpty ? nil : YAMLNode(.map(variables))
        }
        // an empty mapping is nothing to Docker's reader, and a network without one is
        if let networks = node["networks"] { node["networks"] = networks.mapped { $0.value.map?.isEmpty == true ? .null : $0.value } }
        var deploy = node["deploy"] ?? .map([])
        // an update whose tasks fail leaves what ran before running
        var update = deploy["update_config"] ?? .map([])
        if update["failure_action"] == nil {
            update["failure_action"] = .text("rollback")
            deploy["update_config"] = update
            node["deploy"] = deploy
        }
        guard subject.share != nil else { return node }
        var placement = deploy["placement"] ?? .map([])
        placement["constraints"] = .list(subject.constraints(of: node).map(YAMLNode.text))
        deploy["placement"] = placement
        node["deploy"] = deploy
        return node
    }

    /// `external: {name: X}` is of before version 3.5.
    private func external(_ entry: YAMLNode.Entry) -> YAMLNode {
        var node = entry.value
        guard node["external"] != nil else { return node }
        guard node.isExternal else {
            node["external"] = nil
            return node
        }
        let name = entry.fullName(in: subject.name.rawValue)
        node["name"] = name == entry.key ? nil : .text(name)
        node["external"] = YAMLNode(.scalar(.init("true", .truth)))
        return node
    }

    /// Every service with the bundle's digest.
    private func labelled(_ root: YAMLNode, digest: String) -> YAMLNode {
        var root = root
        root["services"] = root["services"]?.mapped { entry in
            var node = entry.value
            var deploy = node["deploy"] ?? .map([])
            deploy["labels"] = (deploy["labels"] ?? .map([])).labelled([
                ("skep.bundle", digest), ("skep.managed", "true"), ("skep.stack", subject.name.rawValue),
            ])
            node["deploy"] = deploy
            return node
        }
        return root
    }

    private func publications(_ document: ComposeDocument) -> [StackBundle.Publication] {
        var result: [StackBundle.Publication] = []
        for entry in document.entries("services") {
            let service = Examination.Service(entry: entry)
            for publication in (entry.value["ports"]?.list ?? []).compactMap({ StackBundle.Publication($0, of: service, in: subject) }) {
                // a range that was written as one is one again
                if let last = result.last, last.service == publication.service, last.transport == publication.transport,
                    last.host == publication.host,
                    Int(last.port.last) + 1 == Int(publication.port.first), let port = PortRange(Int(last.port.first), Int(publication.port.last))
                {
                    result[result.count - 1].port = port
                } else {
                    result.append(publication)
                }
            }
        }
        return result
    }

    /// Where each image is named first.
    private func imagePlaces(_ document: ComposeDocument) -> [String: String]? {
        let places = document.entries("services").compactMap { entry -> (String, String)? in
            guard let place = entry.value["image"], let image = place.scalar?.text, place.line > 0 else { return nil }
            return (image, "\(place.file):\(place.line):\(place.column)")
        }
        return places.isEmpty ? nil : Dictionary(places) { first, _ in first }
    }

    /// Folders of the nodes' own disks that services bind: what every machine has, or a share's mount, is none, nor is what looks like a file.
    private func binds(_ document: ComposeDocument) -> [StackBundle.Bind] {
        var result: [StackBundle.Bind] = []
        for entry in document.entries("services") {
            let constraints = subject.constraints(of: entry.value)
            for mount in entry.value["volumes"]?.list ?? [] where mount.text("type") == "bind" {
                guard let path = mount.text("source").flatMap({ BindPath.folder($0, shares: subject.spec?.nfs?.shares ?? []) }) else { continue }
                let bind = StackBundle.Bind(path: path, constraints: constraints)
                if !result.contains(bind) { result.append(bind) }
            }
        }
        return result
    }

    /// The networks that must be there before: those that the file calls external.
    private func networks(_ document: ComposeDocument) -> [NetworkName] {
        let names = document.entries("networks").filter(\.value.isExternal).map { $0.fullName(in: subject.name.rawValue) }
        return Set(names).subtracting(Examination.builtIn).compactMap(NetworkName.init(rawValue:)).sorted()
    }
}
