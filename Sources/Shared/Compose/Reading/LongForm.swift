import SkepYAML

/// Brings a service into one form: mappings for what may be pairs, and the long syntax of ports, volumes, networks, configs and secrets.
/// What is written in either way can then be merged, checked and shown alike.
struct LongForm {
    let name: String
    let remarks: Remarks
    let files: StackFiles
    let value: (String) -> String?

    /// Of one service.
    private static let portLimit = 10_000

    func service(_ node: YAMLNode) -> YAMLNode {
        var result = node
        for key in ["labels", "sysctls"] where node[key] != nil { result[key] = node[key].map(pairs) }
        for key in ["dns", "dns_search", "tmpfs"] { result[key] = node[key].map { $0.list == nil ? $0.with(.list([$0])) : $0 } }
        if let labels = node["deploy"]?["labels"], var deploy = node["deploy"] {
            deploy["labels"] = pairs(labels)
            result["deploy"] = deploy
        }
        result["extra_hosts"] = node["extra_hosts"].map(hosts)
        result["environment"] = environment(node)
        result["env_file"] = nil
        result["networks"] = node["networks"].map(networks)
        for key in ["configs", "secrets"] { result[key] = node[key].map(references) }
        result["ports"] = node["ports"].map { ports in
            var all: [YAMLNode] = []
            for item in ports.list ?? [] {
                all += self.ports(item)
                guard all.count <= Self.portLimit else {
                    remarks.error(.shape, item, "'\(name)' publishes more than \(Self.portLimit) ports", fix: "publish fewer")
                    break
                }
            }
            return ports.with(.list(all))
        }
        result["volumes"] = node["volumes"].map { volumes in volumes.with(.list((volumes.list ?? []).compactMap(mount))) }
        return result
    }

    /// `KEY=value` in a list, or a mapping, as a mapping of texts.
    func pairs(_ node: YAMLNode) -> YAMLNode {
        if let items = node.list {
            var result = node.with(.map([]))
            for item in items {
                let (key, value) = Self.pair(item.scalar?.text ?? "")
                guard !key.isEmpty else {
                    remarks.error(.shape, item, "a label of '\(name)' has no name", fix: "write NAME=value")
                    continue
                }
                result[key] = nil
                result.append(.init(key: key, line: item.line, column: item.column, file: item.file, value: item.with(text: value ?? "")))
            }
            return result
        }
        return node.with(
            .map(
                (node.map ?? []).map { entry in
                    var entry = entry
                    entry.value = entry.value.with(text: entry.value.isNull ? "" : entry.value.scalar?.text ?? "")
                    return entry
                }))
    }

    private static func pair(_ text: String) -> (key: String, value: String?) {
        let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        return (String(parts.first ?? ""), parts.count == 2 ? String(parts[1]) : nil)
    }

    /// `HOST:ADDRESS`, which all of Docker's readers take.
    private func hosts(_ node: YAMLNode) -> YAMLNode {
        if let items = node.list {
            return node.with(
                .list(
                    items.map { item in
                        let text = item.scalar?.text ?? ""
                        guard let sign = text.firstIndex(of: "="), !text[..<sign].contains(":") else { return item }
                        return item.with(text: text[..<sign] + ":" + text[text.index(after: sign)...])
                    }))
        }
        return node.with(.list((node.map ?? []).map { $0.value.with(text: "\($0.key):\($0.value.scalar?.text ?? "")") }))
    }

    // MARK: Environment

    /// The variables of the files, then those of the service; one without a value takes that of the stack, as nobody's shell is asked.
    private func environment(_ node: YAMLNode) -> YAMLNode? {
        var result = YAMLNode.map([])
        if let place = node["env_file"] {
            for item in place.list ?? [place] { read(item, into: &result) }
        }
        if let place = node["environment"] {
            result = place.with(result.content)
            if let items = place.list {
                for item in items {
                    let (key, value) = Self.pair(item.scalar?.text ?? "")
                    set(key, value, at: item, of: item, in: &result)
                }
            } else {
                for entry in place.map ?? [] {
                    if entry.value.scalar?.kind == .truth, ["true", "false"].contains(entry.value.scalar?.text) {
                        remarks.error(
                            .shape, entry.value, "the variable '\(entry.key)' of '\(name)' is \(entry.value.kindInWords)", fix: "write it in quotes")
                    }
                    set(entry.key, entry.value.isNull ? nil : entry.value.scalar?.text, at: entry.value, of: entry, in: &result)
                }
            }
        }
        return result.map?.isEmpty == true ? nil : result
    }

    private func set(_ key: String, _ text: String?, at node: YAMLNode, of place: some Placed, in result: inout YAMLNode) {
        guard !key.isEmpty else { return remarks.error(.shape, place, "a variable of '\(name)' has no name", fix: "write NAME=value") }
        result[key] = nil
        result.append(
            .init(
                key: key, line: place.line, column: place.column, file: place.file,
                value: (text ?? value(key)).map { node.with(text: $0) } ?? node.with(.scalar(.init("", .null)))))
    }

    private func read(_ item: YAMLNode, into result: inout YAMLNode) {
        let place = item["path"] ?? item
        let text = place.scalar?.text ?? ""
        guard let path = StackFiles.inside(text) else {
            return remarks.error(
                .fileOutside, place, "'env_file' '\(text)' leads out of the stack's folder", fix: "put it beside the compose file")
        }
        guard let bytes = files.read(path) else {
            if item["required"]?.scalar?.text == "false" { return }
            return remarks.error(.fileMissing, place, "'env_file' '\(text)' is not there", fix: "add the file, or remove the line")
        }
        guard let words = String(validating: bytes, as: UTF8.self) else {
            return remarks.error(.shape, place, "'env_file' '\(text)' is not UTF-8", fix: "save it as UTF-8")
        }
        for line in EnvironmentLines.read(words) {
            let at = YAMLNode(.scalar(.init("", .null)), line: line.number, column: 1, file: files.shown(path))
            guard let key = line.name else {
                remarks.error(.shape, at, "this is no line of a variable", fix: "write NAME=value")
                continue
            }
            if line.isQuoted {
                remarks.warn(
                    .shape, at, "the quotes around the value of '\(key)' are a part of it: Docker takes an 'env_file' as it is",
                    fix: "remove them")
            }
            set(key, line.value, at: at, of: at, in: &result)
        }
    }

    // MARK: What a service refers to

    private func networks(_ node: YAMLNode) -> YAMLNode {
        guard let items = node.list else { return node }
        var result = node.with(.map([]))
        guard var entries = result.map else { return result }
        for item in items {
            entries.append(
                .init(
                    key: item.scalar?.text ?? "", line: item.line, column: item.column, file: item.file, value: item.with(.map([]))))
        }
        result.content = .map(entries)
        return result
    }

    private func references(_ node: YAMLNode) -> YAMLNode {
        node.with(
            .list(
                (node.list ?? []).map { item in
                    guard item.scalar != nil else { return mode(item) }
                    return item.with(.map([.init(key: "source", line: item.line, column: item.column, file: item.file, value: item)]))
                }))
    }

    /// A file's mode is a number: `0444` in base eight, as YAML 1.1 has it; a text is read in the same way.
    private func mode(_ item: YAMLNode) -> YAMLNode {
        guard let place = item["mode"], let scalar = place.scalar else { return item }
        let digits = scalar.text.hasPrefix("0o") ? "0" + scalar.text.dropFirst(2) : scalar.text
        guard let number = digits.hasPrefix("0") ? Int(digits, radix: 8) : Int(digits), (0...0o7777).contains(number) else {
            remarks.error(.shape, place, "'mode' must be a file's mode such as 0440, not \(place.kindInWords)")
            return item
        }
        var item = item
        item["mode"] = place.with(.scalar(.init("\(number)", .integer)))
        return item
    }
}
