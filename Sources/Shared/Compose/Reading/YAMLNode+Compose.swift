import SkepYAML

extension YAMLNode {
    /// Another content at the same place.
    func with(_ content: Content) -> YAMLNode { YAMLNode(content, line: line, column: column, file: file) }

    /// A text at the same place.
    func with(text: String) -> YAMLNode { with(.scalar(.init(text, .text))) }

    /// A new key of a mapping, with its place.
    mutating func append(_ entry: Entry) {
        guard case .map(var entries) = content else { return }
        entries.append(entry)
        content = .map(entries)
    }

    /// A mapping with another value for each key.
    func mapped(_ value: (Entry) -> YAMLNode) -> YAMLNode {
        with(
            .map(
                (map ?? []).map { entry in
                    var entry = entry
                    entry.value = value(entry)
                    return entry
                }))
    }

    /// Nothing.
    static let null = YAMLNode(.scalar(.init("", .null)))

    /// Whether a network, volume, config or secret is made by somebody else.
    var isExternal: Bool { self["external"]?.map != nil || self["external"]?.scalar?.text == "true" }

    /// A mapping of texts with these among them.
    func labelled(_ ours: [(String, String)]) -> YAMLNode {
        var result = self
        for (key, value) in ours { result[key] = .text(value) }
        return result
    }

    /// The text behind keys, each in the mapping before.
    func text(_ path: String...) -> String? {
        var node: YAMLNode? = self
        for key in path { node = node?[key] }
        return node?.scalar?.text
    }
}

extension YAMLNode.Entry {
    /// The name by which Docker knows a network or volume of the stack.
    func fullName(in stack: String) -> String {
        value["external"]?.text("name") ?? value.text("name") ?? (value.isExternal ? key : "\(stack)_\(key)")
    }
}
