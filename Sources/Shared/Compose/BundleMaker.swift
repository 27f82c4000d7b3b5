public import SkepClusterFile
public import SkepModel

/// One stack's bundle, with what deserves a word and the files that it is made of.
public struct MadeBundle: Sendable {
    public let bundle: StackBundle
    public let warnings: [String]
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
        stack: ClusterSpec.Stack, spec: ClusterSpec, read: @escaping (String) -> [UInt8]?, values: CatalogueValues?
    ) throws(ComposeError) -> MadeBundle {
        let path: String
        let source: (String) -> [UInt8]?
        switch stack.source {
        case .compose(let given):
            path = given
            source = read
        case .catalogue:
            let entry = try Catalogue.entry(stack, values: values)
            path = entry.path
            source = { entry.files[$0] }
        }
        let remarks = Remarks(file: path)
        let files = StackFiles(composePath: path, source: source)
        let name = path.split(separator: "/").last.map(String.init) ?? path
        guard let bytes = files.read(name) else {
            throw ComposeError([
                FileDiagnostic(
                    file: path, line: 0, column: 0, message: "the compose file of the stack '\(stack.name)' is not there",
                    fix: "mend 'compose:' in the cluster file")
            ])
        }
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw ComposeError([FileDiagnostic(file: path, line: 1, column: 1, message: "the file is not UTF-8", fix: "save it as UTF-8")])
        }
        let bundle = StackReader(stack: stack, spec: spec, path: path, remarks: remarks, files: files).read(text)
        guard let bundle, remarks.diagnostics.isEmpty else { throw ComposeError(remarks.diagnostics) }
        return MadeBundle(bundle: bundle, warnings: remarks.warnings, paths: stack.source == .catalogue ? [] : files.used.sorted())
    }

    /// One stack out of files that were sent.
    public static func make(
        stack: ClusterSpec.Stack, spec: ClusterSpec, files: [String: [UInt8]], values: CatalogueValues?
    ) throws(ComposeError) -> MadeBundle {
        try make(stack: stack, spec: spec, read: { files[$0] }, values: values)
    }

    /// All stacks, or everything that is wrong in any of them.
    public static func makeAll(
        spec: ClusterSpec, clusterFile: ParsedClusterFile? = nil, clusterFileName: String = "cluster.yaml", read: @escaping (String) -> [UInt8]?,
        values: [StackName: CatalogueValues]
    ) throws(ComposeError) -> StackBundles {
        var made: [MadeBundle] = []
        var wrong: [FileDiagnostic] = []
        for stack in spec.stacks {
            do {
                made.append(try make(stack: stack, spec: spec, read: read, values: values[stack.name]))
            } catch {
                wrong += error.diagnostics.map { diagnostic in
                    guard diagnostic.line == 0, let place = clusterFile?.place("stacks.\(stack.name).compose") else { return diagnostic }
                    var diagnostic = diagnostic
                    diagnostic.message += " (\(diagnostic.file))"
                    (diagnostic.file, diagnostic.line, diagnostic.column) = (clusterFileName, place.line, place.column)
                    return diagnostic
                }
            }
        }
        wrong += conflicts(made.map(\.bundle), spec, clusterFile, clusterFileName)
        guard wrong.isEmpty else { throw ComposeError(wrong) }
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
        spec: ClusterSpec, clusterFile: ParsedClusterFile, clusterFileName: String, read: @escaping (String) -> [UInt8]?
    ) throws(ComposeError) -> StackBundles {
        var values: [StackName: CatalogueValues] = [:]
        for stack in spec.stacks where Catalogue.wantsCertificate(stack) { values[stack.name] = CatalogueValues(certificatePEM: "-", keyPEM: "-") }
        return try makeAll(spec: spec, clusterFile: clusterFile, clusterFileName: clusterFileName, read: read, values: values)
    }

    /// Two stacks cannot publish one port on the mesh.
    private static func conflicts(
        _ bundles: [StackBundle], _ spec: ClusterSpec, _ clusterFile: ParsedClusterFile?, _ name: String
    ) -> [FileDiagnostic] {
        var taken: [(publication: StackBundle.Publication, stack: StackName)] = []
        var result: [FileDiagnostic] = []
        for bundle in bundles {
            for publication in bundle.publications {
                let other = taken.first {
                    $0.publication.transport == publication.transport && $0.publication.port.overlaps(publication.port)
                        && !($0.publication.host && publication.host)
                }
                if let other {
                    let place = clusterFile?.place("stacks.\(bundle.name)")
                    result.append(
                        FileDiagnostic(
                            file: name, line: place?.line ?? 0, column: place?.column ?? 0,
                            message:
                                "the port \(publication.port)/\(publication.transport.rawValue) is published by '\(publication.service)' of the stack "
                                + "'\(bundle.name)' and by '\(other.publication.service)' of '\(other.stack)'", fix: "publish another port"))
                }
                taken.append((publication, bundle.name))
            }
        }
        return result
    }
}
