import SkepModel
import SkepYAML

/// Collects what is wrong, so that an operator sees all of it at once.
final class Findings {
    let file: String
    private(set) var list: [FileDiagnostic] = []
    private(set) var places: [String: ParsedClusterFile.Place] = [:]

    init(file: String) { self.file = file }

    func add(_ node: YAMLNode, _ message: String, fix: String? = nil) {
        add(line: node.line, column: node.column, message, fix: fix)
    }

    func add(_ entry: YAMLNode.Entry, _ message: String, fix: String? = nil) {
        add(line: entry.line, column: entry.column, message, fix: fix)
    }

    private func add(line: Int, column: Int, _ message: String, fix: String?) {
        // What the operator wrote is quoted in messages, and messages go to terminals.
        let plain = String(message.map { $0.unicodeScalars.allSatisfy { $0.value >= 0x20 && $0.value != 0x7f } ? $0 : "?" })
        list.append(FileDiagnostic(file: file, line: line, column: column, message: plain, fix: fix))
    }

    func remember(_ path: String, _ node: YAMLNode) {
        places[path] = ParsedClusterFile.Place(line: node.line, column: node.column)
    }

    func remember(_ path: String, _ entry: YAMLNode.Entry) {
        places[path] = ParsedClusterFile.Place(line: entry.line, column: entry.column)
    }
}

/// One mapping whose keys are known: each is taken by name, and what is left is refused.
struct Section {
    let node: YAMLNode
    let path: String
    let findings: Findings
    private let entries: [YAMLNode.Entry]
    private let known: [String]

    /// Nil, with a finding, when the node is no mapping; nothing at all counts as an empty one.
    init?(_ node: YAMLNode, path: String, keys: [String], _ findings: Findings) {
        self.node = node
        self.path = path
        self.findings = findings
        known = keys
        guard let entries = Self.entries(node, path: path, findings) else { return nil }
        self.entries = entries
        for entry in entries {
            findings.remember(path.isEmpty ? entry.key : "\(path).\(entry.key)", entry.value)
            guard !keys.contains(entry.key) else { continue }
            let here = path.isEmpty ? "" : " in \(path)"
            let near = Spelling.nearest(entry.key, in: keys)
            findings.add(
                entry, "unknown key '\(entry.key)'\(here)",
                fix: near.map { "did you mean '\($0)'?" } ?? "known here are: \(keys.joined(separator: ", "))")
        }
    }

    /// The entries of a mapping with free keys; nothing at all counts as none.
    static func entries(_ node: YAMLNode, path: String, _ findings: Findings) -> [YAMLNode.Entry]? {
        if node.isNull { return [] }
        guard let entries = node.map else {
            findings.add(
                node, "\(path.isEmpty ? "the file" : path) must be a mapping, not \(node.kindInWords)", fix: "write 'key: value' lines or {}")
            return nil
        }
        return entries
    }

    /// The value of a key, nil when it is not given or empty.
    subscript(key: String) -> YAMLNode? {
        assert(known.contains(key))
        guard let value = entries.first(where: { $0.key == key })?.value, !value.isNull else { return nil }
        return value
    }

    /// The value of a key that must be there.
    func required(_ key: String, example: String) -> YAMLNode? {
        if let value = self[key] { return value }
        if let entry = entries.first(where: { $0.key == key }) {
            findings.add(entry, "\(name(key)) is empty", fix: "write \(example)")
        } else {
            findings.add(node, "\(name(key)) is missing", fix: "add \(example)")
        }
        return nil
    }

    func name(_ key: String) -> String { path.isEmpty ? "'\(key)'" : "'\(path).\(key)'" }

    /// A truth value.
    func truth(_ key: String, default value: Bool) -> Bool {
        guard let node = self[key] else { return value }
        guard let scalar = node.scalar, scalar.kind == .truth else {
            findings.add(node, "\(name(key)) must be true or false, not \(node.kindInWords)", fix: "write true or false without quotes")
            return value
        }
        return ["true", "yes", "on", "y"].contains(scalar.text.lowercased())
    }

    /// A whole number.
    func integer(_ key: String) -> Int? {
        guard let node = self[key] else { return nil }
        guard let scalar = node.scalar, scalar.kind == .integer, let value = Int(scalar.text) else {
            findings.add(node, "\(name(key)) must be a whole number, not \(node.kindInWords)")
            return nil
        }
        return value
    }

    /// A text; a number or a truth value is taken as it is written.
    func text(_ key: String) -> String? {
        guard let node = self[key] else { return nil }
        guard let scalar = node.scalar else {
            findings.add(node, "\(name(key)) must be a text, not \(node.kindInWords)")
            return nil
        }
        return scalar.text
    }

    /// One of some words; `later` are those that a later release will know.
    func word(_ key: String, _ words: [String], later: [String] = []) -> String? {
        guard let node = self[key] else { return nil }
        guard let text = node.scalar?.text, words.contains(text) else {
            if let text = node.scalar?.text, later.contains(text) {
                findings.add(node, "\(name(key)): \(text) comes in a later release", fix: "remove it, or write \(words.joined(separator: " or "))")
            } else {
                let near = node.scalar.flatMap { Spelling.nearest($0.text, in: words) }
                findings.add(
                    node, "\(name(key)) cannot be \(node.kindInWords)",
                    fix: near.map { "did you mean '\($0)'?" } ?? "write \(words.joined(separator: " or "))")
            }
            return nil
        }
        return text
    }

    /// A list; a single scalar is refused, because it is nearly always a forgotten pair of brackets.
    func list(_ key: String) -> [YAMLNode]? {
        guard let node = self[key] else { return nil }
        guard let items = node.list else {
            findings.add(node, "\(name(key)) must be a list, not \(node.kindInWords)", fix: "put it into brackets: [\(node.scalar?.text ?? "…")]")
            return nil
        }
        return items
    }
}
