public import SkepModel

/// All that is wrong in a stack's files; never empty.
public struct ComposeError: Error, Sendable {
    public let findings: [Finding]
    /// The errors among them, by place.
    public let diagnostics: [FileDiagnostic]

    init(_ findings: [Finding]) {
        self.findings = findings.sorted()
        diagnostics = findings.filter { $0.level == .error }.map(\.diagnostic).sorted()
    }
}
