public import SkepModel
import SkepYAML

/// All that is wrong in a cluster file; never empty, in the order of the file.
public struct ClusterFileError: Error, Sendable {
    public let diagnostics: [FileDiagnostic]
    public init(_ diagnostics: [FileDiagnostic]) { self.diagnostics = diagnostics.sorted() }
}

/// What a cluster file says, and where it says it.
public struct ParsedClusterFile: Sendable {
    /// A line and a column, counted from 1.
    public struct Place: Sendable, Hashable {
        public var line: Int
        public var column: Int
    }

    public let spec: ClusterSpec
    let places: [String: Place]

    /// Where the value of a key stands, as in `stacks.shop.compose`, or the name of a stack, as in `stacks.shop`; nil when the file does not give it.
    public func place(_ path: String) -> Place? { places[path] }
}

/// The file that says what a cluster should be.
public enum ClusterFile {
    /// Bytes.
    public static let sizeLimit = YAMLReader.sizeLimit

    /// The spec, or everything that is wrong.
    public static func parse(text: String, file: String) throws(ClusterFileError) -> ClusterSpec {
        try read(text: text, file: file).spec
    }

    /// The spec with the places of its values, or everything that is wrong. `standing` is what the cluster was until now: where the file leaves a choice that
    /// was made then, it stays made.
    public static func read(text: String, file: String, standing: ClusterSpec? = nil) throws(ClusterFileError) -> ParsedClusterFile {
        let root: YAMLNode?
        do {
            root = try YAMLReader.read(text, file: file)
        } catch {
            throw ClusterFileError([error])
        }
        guard let root, !root.isNull else {
            throw ClusterFileError([
                FileDiagnostic(file: file, line: 1, column: 1, message: "the file is empty", fix: "begin with 'cluster: NAME' and 'kind: target'")
            ])
        }
        let findings = Findings(file: file)
        var homes: [StackName: NodeName] = [:]
        for stack in standing?.stacks ?? [] where stack.source == .catalogue { homes[stack.name] = stack.home }
        let spec = SpecReader(findings: findings, homes: homes).read(root)
        guard findings.list.isEmpty, let spec else { throw ClusterFileError(findings.list) }
        return ParsedClusterFile(spec: spec, places: findings.places)
    }
}
