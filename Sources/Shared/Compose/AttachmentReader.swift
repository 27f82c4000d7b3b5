import SkepModel
import SkepYAML

/// Turns configs and secrets into files of the bundle with names that follow their content: Docker cannot change one in place,
/// and a service whose config has another name is updated as any other change is.
struct AttachmentReader {
    let stack: String
    let remarks: Remarks
    let files: StackFiles
    let value: (String) -> String?

    /// What one section, `configs` or `secrets`, becomes, with the files that it needs.
    func read(_ section: YAMLNode, kind: String) -> (node: YAMLNode, files: [String: [UInt8]]) {
        var attached: [String: [UInt8]] = [:]
        guard let entries = section.map else {
            if !section.isNull { remarks.add(section, "'\(kind)' must be a mapping, not \(section.kindInWords)") }
            return (section, [:])
        }
        let result = entries.map { entry in
            var entry = entry
            if let (node, file) = one(entry, kind: kind) {
                entry.value = node
                if let file { attached[file.path] = file.bytes }
            }
            return entry
        }
        return (YAMLNode(.map(result)), attached)
    }

    private func one(_ entry: YAMLNode.Entry, kind: String) -> (YAMLNode, (path: String, bytes: [UInt8])?)? {
        let what = "\(kind == "configs" ? "config" : "secret") '\(entry.key)'"
        let node = entry.value
        guard let keys = node.map?.map(\.key) else {
            remarks.add(entry, "the \(what) says not where its content is", fix: "add 'file: ./PATH' or 'external: true'")
            return nil
        }
        if node["external"]?.scalar?.text == "true" || node["external"]?.map != nil {
            remarks.warn(node, "the \(what) is external: it must be made on a manager before the stack is deployed")
            return (node, nil)
        }
        let known = ["file", "content", "environment", "name", "labels", "external", "template_driver"]
        for item in node.map ?? [] where !known.contains(item.key) && !item.key.hasPrefix("x-") {
            remarks.add(item, "unknown key '\(item.key)' in the \(what)", fix: "known are: \(known.joined(separator: ", "))")
        }
        guard let (path, bytes) = content(node, entry, what, kind: kind, keys: keys) else { return nil }
        let limit = kind == "configs" ? 1_024_000 : 512_000
        guard !bytes.isEmpty, bytes.count <= limit else {
            remarks.add(
                entry, "the \(what) has \(bytes.count) bytes", fix: bytes.isEmpty ? "Docker refuses empty ones" : "Docker takes at most \(limit)")
            return nil
        }
        let base = node["name"]?.scalar?.text ?? "\(stack)_\(entry.key)"
        let full = "\(base.prefix(51))_\(Digest.hex(bytes).prefix(12))"
        guard ConfigName(rawValue: full) != nil else {
            remarks.add(
                node["name"] ?? YAMLNode(.map([]), line: entry.line, column: entry.column), "the \(what) cannot be called '\(full)'",
                fix: ConfigName.rule)
            return nil
        }
        var result = node
        for key in ["content", "environment", "external"] { result[key] = nil }
        result["file"] = .text("./" + path)
        result["name"] = .text(full)
        result["labels"] = ServiceLabels.merged(node["labels"], [("skep.managed", "true"), ("skep.stack", stack)], remarks)
        return (result, (path, bytes))
    }

    private func content(
        _ node: YAMLNode, _ entry: YAMLNode.Entry, _ what: String, kind: String, keys: [String]
    ) -> (path: String, bytes: [UInt8])? {
        if let place = node["file"] {
            guard let text = place.scalar?.text, let path = StackFiles.inside(text) else {
                remarks.add(
                    place, "the file '\(place.scalar?.text ?? "")' of the \(what) leads out of the stack's folder",
                    fix: "put it beside the compose file")
                return nil
            }
            guard let bytes = files.read(path) else {
                remarks.add(place, "the file '\(text)' of the \(what) is not there", fix: "add it, or mend the path")
                return nil
            }
            return (path, bytes)
        }
        let path = ".skep/\(kind)/\(entry.key.map { $0.isLetter || $0.isNumber || "-_.".contains($0) ? $0 : "_" }.map(String.init).joined())"
        if let text = node["content"]?.scalar?.text { return (path, Array(text.utf8)) }
        if let place = node["environment"], let variable = place.scalar?.text {
            guard let found = value(variable) else {
                remarks.add(place, "the variable '\(variable)' of the \(what) is not set", fix: "set it under 'env:' of the stack, or in .env")
                return nil
            }
            return (path, Array(found.utf8))
        }
        remarks.add(entry, "the \(what) says not where its content is", fix: "add 'file: ./PATH' or 'external: true'")
        return nil
    }
}
