import SkepModel
import SkepYAML

/// A stack's compose files, read: variables replaced, each key of the shape that it takes, in the long form, and merged to one.
struct ComposeDocument: Sendable {
    /// The sections, none that is empty.
    var root: YAMLNode

    /// The entries of a section.
    func entries(_ section: String) -> [YAMLNode.Entry] { root[section]?.map ?? [] }
    func names(_ section: String) -> [String] { entries(section).map(\.key) }
}

/// Reads a stack's compose files.
struct ComposeReader {
    let remarks: Remarks
    let files: StackFiles
    /// A variable's value; nil when it is not set.
    let value: (String) -> String?

    /// Nil, with remarks, when there is nothing that could be looked at any further.
    func read(_ paths: [String]) -> ComposeDocument? {
        var result: YAMLNode?
        for path in paths {
            guard let root = one(path) else { continue }
            result = result.map { Merging.merge($0, root) } ?? root
        }
        guard let result, remarks.findings.allSatisfy({ $0.rule != .yaml }) else { return nil }
        guard result["services"]?.map?.isEmpty == false else {
            remarks.error(.shape, result["services"] ?? result, "the file defines no service", fix: "add 'services:' with one at least")
            return nil
        }
        return ComposeDocument(root: result)
    }

    private func one(_ path: String) -> YAMLNode? {
        func refuse(_ rule: DoctorRule, _ message: String, _ fix: String) -> YAMLNode? {
            remarks.add(.error, rule, FileDiagnostic(file: path, line: 1, column: 1, message: message, fix: fix))
            return nil
        }
        guard let bytes = files.compose(path) else {
            remarks.add(
                .error, .fileMissing,
                FileDiagnostic(file: path, line: 0, column: 0, message: "the compose file is not there", fix: "mend its path"))
            return nil
        }
        guard let text = String(validating: bytes, as: UTF8.self) else { return refuse(.yaml, "the file is not UTF-8", "save it as UTF-8") }
        do {
            guard let root = try YAMLReader.read(text, file: path), root.map != nil else {
                return refuse(.shape, "this is no compose file", "it begins with 'services:'")
            }
            return sections(root)
        } catch {
            remarks.add(.error, .yaml, error)
            return nil
        }
    }

    private func sections(_ root: YAMLNode) -> YAMLNode {
        var result = root.with(.map([]))
        if root["version"] == nil {
            remarks.note(.noVersion, root, "there is no 'version:', which the Docker CLI of Debian 12 refuses: '\(ComposeSchema.version)' is written")
        }
        let conforming = Conforming(remarks: remarks)
        for var entry in root.map ?? [] where !entry.key.hasPrefix("x-") {
            switch entry.key {
            case "version":
                let text = entry.value.scalar?.text ?? ""
                if !text.hasPrefix("3") {
                    remarks.note(.rewritten, entry.value, "version '\(text)' is read as \(ComposeSchema.version), which is what a swarm takes")
                }
            case "name":
                remarks.note(.ignoredKey, entry.value, "the stack has the name that the cluster file or the command gives it, not that of 'name'")
            case let key where ComposeSchema.sections.contains(key):
                let replaced = VariableReplacement(remarks: remarks, value: value).replace(entry.value)
                var section = conforming.conform(replaced, to: ComposeSchema.section(key), path: key)
                if key == "services" { section = services(section) }
                if ["networks", "volumes", "configs", "secrets"].contains(key) { section = labelled(section) }
                if section.map?.isEmpty != false, key != "services" { continue }
                entry.value = section
                result.append(entry)
            default:
                let fix =
                    entry.key == "include"
                    ? "deploy the output of 'docker compose config'" : "known are: \(ComposeSchema.sections.joined(separator: ", "))"
                remarks.error(.unknownKey, entry, "Docker's stack deployment does not know the key '\(entry.key)'", fix: fix)
            }
        }
        return result
    }

    private func services(_ section: YAMLNode) -> YAMLNode {
        section.with(
            .map(
                (section.map ?? []).map { entry in
                    var entry = entry
                    remarks.service = entry.key
                    defer { remarks.service = nil }
                    let long = LongForm(name: entry.key, remarks: remarks, files: files, value: value)
                    entry.value = Rewriting(name: entry.key, remarks: remarks).service(long.service(entry.value))
                    return entry
                }))
    }

    private func labelled(_ section: YAMLNode) -> YAMLNode {
        let long = LongForm(name: "", remarks: remarks, files: files, value: value)
        return section.with(
            .map(
                (section.map ?? []).map { entry in
                    var entry = entry
                    entry.value["labels"] = entry.value["labels"].map(long.pairs)
                    return entry
                }))
    }
}
