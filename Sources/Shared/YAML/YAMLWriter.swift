import Yams

/// Writes a document; the same nodes give the same text.
public enum YAMLWriter {
    /// Texts are quoted unless no reader could take them for anything else; the other scalars are written as they are.
    public static func write(_ node: YAMLNode) throws -> String {
        try Yams.serialize(node: convert(node), width: -1, allowUnicode: true, sortKeys: false)
    }

    private static func convert(_ node: YAMLNode) -> Node {
        switch node.content {
        case .scalar(let scalar): convert(scalar)
        case .list(let items): .sequence(.init(items.map(convert), Tag(.seq), items.isEmpty ? .flow : .block))
        case .map(let entries):
            .mapping(.init(entries.map { (convert(.init($0.key, .text)), convert($0.value)) }, Tag(.map), entries.isEmpty ? .flow : .block))
        }
    }

    private static func convert(_ scalar: YAMLNode.Scalar) -> Node {
        switch scalar.kind {
        case .text where !isPlain(scalar.text): .scalar(.init(scalar.text, Tag(.str), .doubleQuoted))
        case .null: .scalar(.init("null", Tag(.null), .plain))
        default: .scalar(.init(scalar.text, Tag(.implicit, .basic), .plain))
        }
    }

    private static func isPlain(_ text: String) -> Bool {
        guard let first = text.utf8.first, (0x61...0x7a).contains(first | 0x20) || first == 0x5f || first == 0x2f else { return false }
        let words: Set<String> = ["y", "n", "yes", "no", "on", "off", "true", "false", "null"]
        guard !words.contains(text.lowercased()) else { return false }
        return text.utf8.allSatisfy { byte in
            (0x61...0x7a).contains(byte | 0x20) || (0x30...0x39).contains(byte) || [0x2d, 0x2e, 0x2f, 0x5f].contains(byte)
        }
    }
}
