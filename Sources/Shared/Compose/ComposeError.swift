public import SkepModel
import SkepYAML

/// All that is wrong in a stack's files; never empty.
public struct ComposeError: Error, Sendable {
    public let diagnostics: [FileDiagnostic]
    public init(_ diagnostics: [FileDiagnostic]) { self.diagnostics = diagnostics.sorted() }
}

/// Collects what is wrong in one file, and what deserves a word.
final class Remarks {
    let file: String
    private(set) var diagnostics: [FileDiagnostic] = []
    private(set) var warnings: [String] = []

    init(file: String) { self.file = file }

    func add(_ node: YAMLNode, _ message: String, fix: String? = nil) {
        diagnostics.append(FileDiagnostic(file: file, line: node.line, column: node.column, message: Self.plain(message), fix: fix))
    }

    func add(_ entry: YAMLNode.Entry, _ message: String, fix: String? = nil) {
        diagnostics.append(FileDiagnostic(file: file, line: entry.line, column: entry.column, message: Self.plain(message), fix: fix))
    }

    func add(_ diagnostic: FileDiagnostic) { diagnostics.append(diagnostic) }

    func warn(_ node: YAMLNode, _ message: String) {
        let line = "\(file):\(node.line):\(node.column): \(Self.plain(message))"
        if !warnings.contains(line) { warnings.append(line) }
    }

    /// What the operator wrote is quoted in messages, and messages go to terminals.
    private static func plain(_ message: String) -> String {
        String(message.map { $0.unicodeScalars.allSatisfy { $0.value >= 0x20 && $0.value != 0x7f } ? $0 : "?" })
    }
}
