public import SkepClusterFile
public import SkepModel

/// One stack's bundle, with what deserves a word and the files that it is made of.
public struct MadeBundle: Sendable {
    public let bundle: StackBundle
    /// No errors.
    public let findings: [Finding]
    public var warnings: [String] { findings.filter { $0.level == .warning }.map(\.line) }
    /// Paths relative to the cluster file.
    public let paths: [String]
}

/// The bundles of a cluster in the order of its file.
public struct StackBundles: Sendable {
    public let bundles: [StackBundle]
    public let warnings: [String]
    /// Paths relative to the cluster file.
    public let paths: [String]
}

/// Reads compose files as users have them, checks them, and makes what a manager's Docker CLI accepts.
public enum BundleMaker {
    /// One stack. `read` gives a file's bytes by its path relative to the cluster file.
    public static func make(
        stack: ClusterSpec.Stack, spec: ClusterSpec, facts: DoctorFacts = DoctorFacts(), read: @escaping (String) -> [UInt8]?
    ) throws(ComposeError) -> MadeBundle {
        let examined = try examine(stack, of: spec, facts: facts, read: read)
        guard let bundle = examined.bundle else { throw ComposeError(examined.findings) }
        return MadeBundle(bundle: bundle, findings: examined.findings, paths: examined.paths)
    }

    /// What a stack of a cluster file would be, with variables that are put over its own; the catalogue's stacks come with their files.
    public static func examine(
        _ stack: ClusterSpec.Stack, of spec: ClusterSpec, variables: [String: String] = [:], facts: DoctorFacts = DoctorFacts(),
        read: @escaping (String) -> [UInt8]?
    ) throws(ComposeError) -> ExaminedStack {
        let isCatalogue = stack.source == .catalogue
        var subject: StackSubject
        if isCatalogue { subject = try Catalogue.subject(stack, of: spec) } else { subject = StackSubject(stack, of: spec) }
        subject.environment.merge(variables) { $1 }
        let examined = StackMaker.examine(subject, facts: facts, read: isCatalogue ? Catalogue.reader(stack, read) : read)
        guard isCatalogue else { return examined }
        return ExaminedStack(bundle: examined.bundle, findings: examined.findings, paths: (stack.files ?? [:]).values.sorted())
    }

    /// All stacks, or everything that is wrong in any of them.
    public static func makeAll(
        spec: ClusterSpec, clusterFile: ParsedClusterFile? = nil, clusterFileName: String = "cluster.yaml", facts: DoctorFacts = DoctorFacts(),
        read: @escaping (String) -> [UInt8]?
    ) throws(ComposeError) -> StackBundles {
        var made: [MadeBundle] = []
        var wrong: [Finding] = []
        for stack in spec.stacks {
            do {
                made.append(try make(stack: stack, spec: spec, facts: facts, read: read))
            } catch {
                wrong += error.findings.map { finding in
                    guard finding.diagnostic.line == 0, let place = clusterFile?.place("stacks.\(stack.name).compose") else { return finding }
                    var finding = finding
                    finding.diagnostic.message += " (\(finding.diagnostic.file))"
                    (finding.diagnostic.file, finding.diagnostic.line, finding.diagnostic.column) = (clusterFileName, place.line, place.column)
                    return finding
                }
            }
        }
        wrong += conflicts(made.map(\.bundle), spec, clusterFile, clusterFileName)
        // one stack of an accepted file that cannot be made any more is not the others' loss
        guard wrong.isEmpty || facts.isAccepted else { throw ComposeError(wrong) }
        return StackBundles(bundles: made.map(\.bundle), warnings: made.flatMap(\.warnings), paths: Array(Set(made.flatMap(\.paths))).sorted())
    }

    /// Two stacks cannot publish one port on the mesh.
    private static func conflicts(
        _ bundles: [StackBundle], _ spec: ClusterSpec, _ clusterFile: ParsedClusterFile?, _ name: String
    ) -> [Finding] {
        var taken: [(publication: StackBundle.Publication, stack: StackName)] = []
        var result: [Finding] = []
        for bundle in bundles {
            for publication in bundle.publications {
                if let other = taken.first(where: { $0.stack != bundle.name && $0.publication.conflicts(with: publication) }) {
                    let place = clusterFile?.place("stacks.\(bundle.name)")
                    result.append(
                        Finding(
                            rule: .portTaken, level: .error,
                            diagnostic: FileDiagnostic(
                                file: name, line: place?.line ?? 0, column: place?.column ?? 0,
                                message:
                                    "the port \(publication.port)/\(publication.transport.rawValue) is published by '\(publication.service)' of the stack "
                                    + "'\(bundle.name)' and by '\(other.publication.service)' of '\(other.stack)'", fix: "publish another port"),
                            service: publication.service))
                }
                taken.append((publication, bundle.name))
            }
        }
        return result
    }
}
