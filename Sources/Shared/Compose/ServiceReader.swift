import SkepModel
import SkepYAML

/// Checks one service and brings it into the form that Docker's stack deployment takes.
struct ServiceReader {
    /// What services may refer to.
    struct Defined {
        let services: [String]
        let networks: [String]
        let volumes: [String]
        let configs: [String]
        let secrets: [String]
    }

    let name: String
    let defined: Defined
    let remarks: Remarks
    let files: StackFiles
    let value: (String) -> String?

    /// The service, its publications, and the paths of its `env_file`s.
    func read(_ node: YAMLNode) -> (node: YAMLNode, publications: [StackBundle.Publication], environmentFiles: [String])? {
        guard let entries = node.map else {
            remarks.add(node, "the service '\(name)' must be a mapping, not \(node.kindInWords)")
            return nil
        }
        var result = node
        refuseUnknown(entries)
        image(node, &result)
        dependencies(node, &result)
        environment(node, &result)
        let environmentFiles = environmentFiles(node, &result)
        references(node, "networks", defined.networks + ["default"], allowsMap: true)
        references(node, "configs", defined.configs, allowsMap: false)
        references(node, "secrets", defined.secrets, allowsMap: false)
        for volume in list(node, "volumes") { self.volume(volume) }
        let syntax = PortSyntax(remarks: remarks, service: name)
        let ports = list(node, "ports").map(syntax.read)
        if node["ports"]?.list != nil { result["ports"] = .list(ports.map(\.node)) }
        warnOfTraefik(node)
        return (result, ports.flatMap(\.publications), environmentFiles)
    }

    private func refuseUnknown(_ entries: [YAMLNode.Entry]) {
        for entry in entries {
            if let instead = ComposeSchema.ignored[entry.key] {
                if entry.key == "privileged", entry.value.scalar?.text == "false" { continue }
                remarks.warn(entry.value, "a swarm takes no notice of '\(entry.key)'\(instead.isEmpty ? "" : ": \(instead)")")
            } else if !ComposeSchema.service.contains(entry.key), !entry.key.hasPrefix("x-") {
                remarks.add(entry, "Docker's stack deployment does not know the key '\(entry.key)' of a service", fix: Self.instead(entry.key))
            }
        }
    }

    private static func instead(_ key: String) -> String {
        switch key {
        case "mem_limit", "cpus", "mem_reservation", "cpu_shares", "memswap_limit", "pids_limit": "use deploy.resources"
        case "scale": "use deploy.replicas"
        case "extends", "include", "profiles": "write the service out, or deploy the output of 'docker compose config'"
        default: "look at its spelling, or remove it"
        }
    }

    private func image(_ node: YAMLNode, _ result: inout YAMLNode) {
        if node["build"] != nil, node["image"] == nil {
            remarks.add(
                node["build"] ?? node, "the service '\(name)' is built, and a swarm builds nothing",
                fix: "push the image to a registry and name it with 'image:'")
        } else if node["image"]?.scalar?.text.isEmpty != false {
            remarks.add(node["image"] ?? node, "the service '\(name)' has no image", fix: "name one with 'image:'")
        } else if let image = node["image"]?.scalar?.text, image.contains(" ") || image.hasSuffix(":") {
            remarks.add(node["image"] ?? node, "'\(image)' is no image", fix: "write NAME:TAG")
        }
        result["build"] = nil
    }

    /// Swarm starts services in no order, but a name that does not exist is a slip.
    private func dependencies(_ node: YAMLNode, _ result: inout YAMLNode) {
        guard let place = node["depends_on"] else { return }
        let names = place.list.map { $0.map { ($0.scalar?.text ?? "", $0) } } ?? place.map?.map { ($0.key, $0.value) } ?? []
        for (name, item) in names where !defined.services.contains(name) {
            remarks.add(item, "'depends_on' of '\(self.name)' names the service '\(name)', which nothing defines", fix: "define it or remove it")
        }
        result["depends_on"] = nil
    }

    /// A variable without a value takes it from the stack's own; the manager's environment is nobody's business.
    private func environment(_ node: YAMLNode, _ result: inout YAMLNode) {
        guard let place = node["environment"] else { return }
        if let items = place.list {
            let entries: [YAMLNode] = items.map { item in
                guard let text = item.scalar?.text, !text.contains("="), let found = value(text) else { return item }
                return .text("\(text)=\(found)")
            }
            result["environment"] = .list(entries)
        } else if let entries = place.map {
            for entry in entries where entry.value.scalar?.kind == .truth {
                remarks.add(entry.value, "the variable '\(entry.key)' of '\(name)' is \(entry.value.kindInWords)", fix: "write it in quotes")
            }
            result["environment"] = YAMLNode(
                .map(
                    entries.map { entry in
                        var entry = entry
                        if entry.value.isNull, let found = value(entry.key) { entry.value = .text(found) }
                        return entry
                    }))
        } else {
            remarks.add(place, "'environment' of '\(name)' must be a mapping or a list, not \(place.kindInWords)")
        }
    }

    private func environmentFiles(_ node: YAMLNode, _ result: inout YAMLNode) -> [String] {
        guard let place = node["env_file"] else { return [] }
        var paths: [String] = []
        for item in place.list ?? [place] {
            let file = item["path"] ?? item
            let required = item["required"]?.scalar?.text != "false"
            guard let text = file.scalar?.text else {
                remarks.add(item, "'env_file' of '\(name)' must be a path, not \(item.kindInWords)")
                continue
            }
            guard let path = StackFiles.inside(text) else {
                remarks.add(file, "'env_file' '\(text)' leads out of the stack's folder", fix: "put it beside the compose file")
                continue
            }
            if files.read(path) != nil {
                paths.append(path)
            } else if required {
                remarks.add(file, "'env_file' '\(text)' is not there", fix: "add the file, or remove the line")
            }
        }
        result["env_file"] = paths.isEmpty ? nil : .list(paths.map { .text($0) })
        return paths
    }

    private func references(_ node: YAMLNode, _ key: String, _ known: [String], allowsMap: Bool) {
        guard let place = node[key] else { return }
        let singular = String(key.dropLast())
        var names: [(String, YAMLNode)] = []
        if let items = place.list {
            for item in items {
                guard let found = item.scalar ?? item["source"]?.scalar else {
                    remarks.add(item, "an entry of '\(key)' of '\(name)' must be a name, not \(item.kindInWords)")
                    continue
                }
                names.append((found.text, item))
            }
        } else if allowsMap, let entries = place.map {
            names = entries.map { ($0.key, YAMLNode($0.value.content, line: $0.line, column: $0.column)) }
        } else {
            remarks.add(place, "'\(key)' of '\(name)' must be a list, not \(place.kindInWords)")
        }
        for (name, item) in names where !known.contains(name) {
            remarks.add(
                item, "the service '\(self.name)' names the \(singular) '\(name)', which nothing defines",
                fix: "define it under '\(key):' at the top level")
        }
    }

    private func volume(_ node: YAMLNode) {
        let source: String
        if let text = node.scalar?.text {
            let parts = text.split(separator: ":", omittingEmptySubsequences: false)
            guard parts.count > 1 else { return }
            source = String(parts[0])
        } else if node.map != nil {
            guard node["type"]?.scalar?.text != "tmpfs", let text = node["source"]?.scalar?.text else { return }
            source = text
            if node["type"]?.scalar?.text == "bind", !source.hasPrefix("/") { return refuseBind(source, node["source"] ?? node) }
        } else {
            return remarks.add(node, "a volume must be a text or a mapping, not \(node.kindInWords)")
        }
        if source.hasPrefix(".") || source.hasPrefix("~") || (source.contains("/") && !source.hasPrefix("/")) {
            refuseBind(source, node)
        } else if !source.hasPrefix("/"), !defined.volumes.contains(source) {
            remarks.add(
                node, "the service '\(name)' names the volume '\(source)', which nothing defines", fix: "define it under 'volumes:' at the top level")
        }
    }

    private func refuseBind(_ source: String, _ node: YAMLNode) {
        remarks.add(
            node, "the service '\(name)' binds '\(source)', a path beside the compose file: the nodes have no such folder",
            fix: "use a config or a secret with 'file:', or an absolute path that the nodes have, such as a share's mount")
    }

    private func warnOfTraefik(_ node: YAMLNode) {
        guard let labels = node["labels"] else { return }
        let keys = labels.map?.map(\.key) ?? labels.list?.compactMap { $0.scalar?.text } ?? []
        if keys.contains(where: { $0.hasPrefix("traefik.") }) {
            remarks.warn(labels, "in a swarm Traefik reads 'deploy.labels' of a service, not 'labels'")
        }
    }

    private func list(_ node: YAMLNode, _ key: String) -> [YAMLNode] {
        guard let place = node[key], !place.isNull else { return [] }
        guard let items = place.list else {
            remarks.add(place, "'\(key)' of '\(name)' must be a list, not \(place.kindInWords)")
            return []
        }
        return items
    }
}
