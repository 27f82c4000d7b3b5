/// A piece of a YAML document with its place: aliases and merge keys are resolved, keys are texts, nothing is typed beyond YAML's own kinds.
public struct YAMLNode: Sendable, Equatable {
    /// What a scalar without quotes looks like to YAML 1.1, which Docker reads too.
    public enum Kind: Sendable, Equatable { case text, integer, decimal, truth, null }

    public struct Scalar: Sendable, Equatable {
        /// As written, without quotes.
        public var text: String
        public var kind: Kind
        public init(_ text: String, _ kind: Kind) {
            self.text = text
            self.kind = kind
        }
    }

    public struct Entry: Sendable, Equatable {
        public var key: String
        /// Of the key.
        public var line: Int
        public var column: Int
        public var file: String
        public var value: YAMLNode
        public init(key: String, line: Int = 0, column: Int = 0, file: String = "", value: YAMLNode) {
            self.key = key
            self.line = line
            self.column = column
            self.file = file
            self.value = value
        }
    }

    public enum Content: Sendable, Equatable {
        case scalar(Scalar)
        case list([YAMLNode])
        case map([Entry])
    }

    public var content: Content
    /// Counted from 1; 0 in a node that was not read.
    public var line: Int
    public var column: Int
    /// As the reader was told; empty in a node that was not read.
    public var file: String

    public init(_ content: Content, line: Int = 0, column: Int = 0, file: String = "") {
        self.content = content
        self.line = line
        self.column = column
        self.file = file
    }

    /// A text.
    public static func text(_ text: String) -> YAMLNode { YAMLNode(.scalar(.init(text, .text))) }
    /// A list.
    public static func list(_ items: [YAMLNode]) -> YAMLNode { YAMLNode(.list(items)) }
    /// A mapping in the order given.
    public static func map(_ pairs: [(String, YAMLNode)]) -> YAMLNode { YAMLNode(.map(pairs.map { Entry(key: $0.0, value: $0.1) })) }

    public var scalar: Scalar? { if case .scalar(let value) = content { value } else { nil } }
    public var list: [YAMLNode]? { if case .list(let value) = content { value } else { nil } }
    public var map: [Entry]? { if case .map(let value) = content { value } else { nil } }
    /// Whether it is written as nothing, `~` or `null`.
    public var isNull: Bool { scalar?.kind == .null }

    /// What it is, in an operator's words.
    public var kindInWords: String {
        switch content {
        case .list: "a list"
        case .map: "a mapping"
        case .scalar(let scalar):
            switch scalar.kind {
            case .text: "the text '\(scalar.text.prefix(40))'"
            case .integer, .decimal: "the number \(scalar.text.prefix(40))"
            case .truth: "the truth value \(scalar.text)"
            case .null: "empty"
            }
        }
    }

    /// The value of a key of a mapping; setting nil removes it, a new key comes last.
    public subscript(key: String) -> YAMLNode? {
        get { map?.first { $0.key == key }?.value }
        set {
            guard case .map(var entries) = content else { return }
            if let index = entries.firstIndex(where: { $0.key == key }) {
                if let newValue { entries[index].value = newValue } else { entries.remove(at: index) }
            } else if let newValue {
                entries.append(Entry(key: key, value: newValue))
            }
            content = .map(entries)
        }
    }
}
