import SkepModel
import SkepYAML

/// Turns configs and secrets into files of the bundle with names that follow their content: Docker cannot change one in place,
/// and a service whose config has another name is updated as any other change is.
struct AttachmentReader {
    let stack: String
    let remarks: Remarks
    let files: StackFiles
    let value: (String) -> String?
    /// What is made by itself, and not from another: kinds by name.
    let bases: [String: String]
    let generated: (GeneratedValue) -> [UInt8]?

    /// What one section, `configs` or `secrets`, becomes, with the files that it needs.
    func read(_ section: YAMLNode, kind: String) -> (node: YAMLNode, files: [String: [UInt8]]) {
        var attached: [String: [UInt8]] = [:]
        let result = (section.map ?? []).map { entry in
            var entry = entry
            if entry.value.isExternal, let place = entry.value["x-generate"] {
                remarks.error(.shape, place, "'\(entry.key)' is external, and to be made by Skep", fix: "keep one of the two")
            } else if entry.value.isExternal {
                remarks.warn(
                    .attachmentExternal, entry, "the \(kind.dropLast()) '\(entry.key)' is external: nothing makes it",
                    fix: "make it on a manager before the stack is deployed, or give its content with 'file:'")
            } else if let (node, path, bytes) = one(entry, kind: kind) {
                entry.value = node
                if !path.isEmpty { attached[path] = bytes }
            }
            return entry
        }
        return (section.with(.map(result)), attached)
    }

    private func one(_ entry: YAMLNode.Entry, kind: String) -> (node: YAMLNode, path: String, bytes: [UInt8])? { // no path: a driver has the content
        let what = "\(kind == "configs" ? "config" : "secret") '\(entry.key)'"
        let node = entry.value
        if let place = node["x-generate"], let other = ["file", "content", "environment"].first(where: { node[$0] != nil }) {
            remarks.error(.shape, place, "the \(what) has both 'x-generate' and '\(other)'", fix: "keep one of the two")
            return nil
        }
        if kind == "secrets", node["driver"] != nil, !["file", "content", "environment", "x-generate"].contains(where: { node[$0] != nil }) {
            return (node, "", [])
        }
        guard let (path, bytes) = content(node, entry, what, kind: kind) else { return nil }
        let limit = kind == "configs" ? 1_024_000 : 512_000
        guard !bytes.isEmpty, bytes.count <= limit else {
            remarks.error(
                .attachmentSize, entry, "the \(what) has \(bytes.count) bytes",
                fix: bytes.isEmpty ? "Docker refuses empty ones" : "Docker takes at most \(limit)")
            return nil
        }
        let base = node["name"]?.scalar?.text ?? "\(stack)_\(entry.key)"
        if let name = node["name"] {
            remarks.note(.attachmentName, name, "the \(what) has the fixed name '\(base)': the digest of its content is added, so that it can change")
        }
        let full = "\(base.prefix(51))_\(Digest.hex(bytes).prefix(12))"
        guard ConfigName(rawValue: full) != nil else {
            let words = "the \(what) cannot be called '\(full)'"
            if let name = node["name"] {
                remarks.error(.name, name, words, fix: ConfigName.rule)
            } else {
                remarks.error(.name, entry, words, fix: ConfigName.rule)
            }
            return nil
        }
        var result = node
        for key in ["content", "environment", "external", "x-generate"] { result[key] = nil } // external: false
        result["file"] = .text("./" + path)
        result["name"] = .text(full)
        result["labels"] = (node["labels"] ?? .map([])).labelled([("skep.managed", "true"), ("skep.stack", stack)])
        return (result, path, bytes)
    }

    private func content(
        _ node: YAMLNode, _ entry: YAMLNode.Entry, _ what: String, kind: String
    ) -> (path: String, bytes: [UInt8])? {
        if let place = node["file"] {
            guard let text = place.scalar?.text, let path = StackFiles.inside(text) else {
                remarks.error(
                    .fileOutside, place, "the file '\(place.scalar?.text ?? "")' of the \(what) leads out of the stack's folder",
                    fix: "put it beside the compose file")
                return nil
            }
            guard let bytes = files.read(path) else {
                remarks.error(.fileMissing, place, "the file '\(text)' of the \(what) is not there", fix: "add it, or mend the path")
                return nil
            }
            return (path, bytes)
        }
        let path = ".skep/\(kind)/\(entry.key.map { $0.isLetter || $0.isNumber || "-_.".contains($0) ? $0 : "_" }.map(String.init).joined())"
        if let place = node["x-generate"] {
            guard let recipe = RecipeReader(remarks: remarks).read(place, others: bases) else { return nil }
            if kind == "configs", ["password", "key", "rsa-key", "ec-key"].contains(recipe.kind) {
                remarks.error(
                    .shape, place, "the \(what) would be a \(recipe.kind) that everybody can read who may inspect configs", fix: "make it a secret")
                return nil
            }
            return (path, generated(GeneratedValue(name: entry.key, recipe: recipe)) ?? Array("made by the coordinator".utf8))
        }
        if let text = node["content"]?.scalar?.text { return (path, Array(text.utf8)) }
        if let place = node["environment"], let variable = place.scalar?.text {
            guard let found = value(variable) else {
                remarks.error(
                    .variable, place, "the variable '\(variable)' of the \(what) is not set", fix: "set it under 'env:' of the stack, or in .env")
                return nil
            }
            return (path, Array(found.utf8))
        }
        remarks.error(.shape, entry, "the \(what) says not where its content is", fix: "add 'file: ./PATH' or 'external: true'")
        return nil
    }
}
