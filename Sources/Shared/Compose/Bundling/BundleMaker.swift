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
    /// One stack. `read` gives a file's bytes by its path relative to the cluster file; `values` is what a catalogue entry asks for.
    public static func make(
        stack: ClusterSpec.Stack, spec: ClusterSpec, facts: DoctorFacts = DoctorFacts(), read: @escaping (String) -> [UInt8]?,
        values: CatalogueValues?
    ) throws(ComposeError) -> MadeBundle {
        var facts = facts
        var source = read
        let subject: StackSubject
        if let given = StackSubject(stack, of: spec) {
            subject = given
        } else {
            let entry = try Catalogue.entry(stack, values: values)
            subject = StackSubject(stack, paths: [entry.path], of: spec)
            source = { entry.files[$0] }
            // what Skep makes it also renews
            facts.certificateEnd = nil
        }
        let examined = StackMaker.examine(subject, facts: facts, read: source)
        guard let bundle = examined.bundle else { throw ComposeError(examined.findings) }
        return MadeBundle(bundle: bundle, findings: examined.findings, paths: stack.source == .catalogue ? [] : examined.paths)
    }

    /// One stack out of files that were sent.
    public static func make(
        stack: ClusterSpec.Stack, spec: ClusterSpec, files: [String: [UInt8]], values: CatalogueValues?
    ) throws(ComposeError) -> MadeBundle {
        try make(stack: stack, spec: spec, read: { files[$0] }, values: values)
    }

    /// All stacks, or everything that is wrong in any of them.
    public static func makeAll(
        spec: ClusterSpec, clusterFile: ParsedClusterFile? = nil, clusterFileName: String = "cluster.yaml", facts: DoctorFacts = DoctorFacts(),
        read: @escaping (String) -> [UInt8]?, values: [StackName: CatalogueValues]
    ) throws(ComposeError) -> StackBundles {
        var made: [MadeBundle] = []
        var wrong: [Finding] = []
        for stack in spec.stacks {
            do {
                made.append(try make(stack: stack, spec: spec, facts: facts, read: read, values: values[stack.name]))
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

    /// All stacks out of files that were sent.
    public static func makeAll(
        spec: ClusterSpec, files: [String: [UInt8]], values: [StackName: CatalogueValues]
    ) throws(ComposeError) -> StackBundles {
        try makeAll(spec: spec, read: { files[$0] }, values: values)
    }

    /// What the command line does before it sends anything: all checks, with nothing in the place of what only the coordinator has.
    public static func check(
        spec: ClusterSpec, clusterFile: ParsedClusterFile, clusterFileName: String, facts: DoctorFacts = DoctorFacts(),
        read: @escaping (String) -> [UInt8]?
    ) throws(ComposeError) -> StackBundles {
        var values: [StackName: CatalogueValues] = [:]
        for stack in spec.stacks where Catalogue.wantsCertificate(stack) { values[stack.name] = CatalogueValues(certificatePEM: "-", keyPEM: "-") }
        return try makeAll(spec: spec, clusterFile: clusterFile, clusterFileName: clusterFileName, facts: facts, read: read, values: values)
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
