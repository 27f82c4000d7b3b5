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

/// The stacks of a cluster that were read and looked at.
public struct ExaminedStacks: Sendable {
    /// In the order of its file.
    public let stacks: [ExaminedStack]
    /// What is wrong in none of them alone: ports that two of them want, and files of the registries.
    public let between: [Finding]
    public var findings: [Finding] { stacks.flatMap(\.findings) + between }
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
        for (host, login) in spec.docker.logins ?? [:] {
            if let password = password(login, read) { subject.logins[host] = RegistryLogin(user: login.user, password: password) }
        }
        let examined = StackMaker.examine(subject, facts: facts, read: isCatalogue ? Catalogue.reader(stack, read) : read)
        guard isCatalogue else { return examined }
        return ExaminedStack(
            bundle: examined.bundle, findings: examined.findings, paths: (stack.files ?? [:]).values.sorted(), images: examined.images,
            logins: examined.logins)
    }

    /// All stacks of a cluster file, and what is wrong between them; the catalogue's stacks come with their files.
    public static func examineAll(
        spec: ClusterSpec, clusterFile: ParsedClusterFile? = nil, clusterFileName: String = "cluster.yaml", variables: [String: String] = [:],
        facts: DoctorFacts = DoctorFacts(), read: @escaping (String) -> [UInt8]?
    ) -> ExaminedStacks {
        var stacks: [ExaminedStack] = []
        for stack in spec.stacks {
            var examined: ExaminedStack
            do {
                examined = try examine(stack, of: spec, variables: variables, facts: facts, read: read)
            } catch {
                examined = ExaminedStack(bundle: nil, findings: error.findings, paths: [])
            }
            // a file that is not there has no lines: the cluster file names it
            examined.findings = examined.findings.map { finding in
                guard finding.level == .error, finding.diagnostic.line == 0, let place = clusterFile?.place("stacks.\(stack.name).compose") else {
                    return finding
                }
                var finding = finding
                finding.diagnostic.message += " (\(finding.diagnostic.file))"
                (finding.diagnostic.file, finding.diagnostic.line, finding.diagnostic.column) = (clusterFileName, place.line, place.column)
                return finding
            }
            stacks.append(examined)
        }
        return ExaminedStacks(
            stacks: stacks,
            between: registryFiles(spec, clusterFile, clusterFileName, read)
                + conflicts(stacks.compactMap(\.bundle), spec, clusterFile, clusterFileName))
    }

    /// All stacks, or everything that is wrong in any of them.
    public static func makeAll(
        spec: ClusterSpec, clusterFile: ParsedClusterFile? = nil, clusterFileName: String = "cluster.yaml", facts: DoctorFacts = DoctorFacts(),
        read: @escaping (String) -> [UInt8]?
    ) throws(ComposeError) -> StackBundles {
        let examined = examineAll(spec: spec, clusterFile: clusterFile, clusterFileName: clusterFileName, facts: facts, read: read)
        let wrong = examined.stacks.filter { $0.bundle == nil }.flatMap(\.findings) + examined.between
        // one stack of an accepted file that cannot be made any more is not the others' loss
        guard wrong.isEmpty || facts.isAccepted else { throw ComposeError(wrong) }
        let made = examined.stacks.filter { $0.bundle != nil }
        return StackBundles(
            bundles: made.compactMap(\.bundle), warnings: made.flatMap(\.findings).filter { $0.level == .warning }.map(\.line),
            paths: Set(made.flatMap(\.paths) + spec.docker.files).sorted())
    }

    /// Authorities and passwords of registries that cannot be read.
    private static func registryFiles(
        _ spec: ClusterSpec, _ clusterFile: ParsedClusterFile?, _ name: String, _ read: (String) -> [UInt8]?
    ) -> [Finding] {
        func finding(_ key: String, _ message: String, _ fix: String) -> Finding {
            let place = clusterFile?.place("docker.registries.\(key)")
            return Finding(
                rule: .fileMissing, level: .error,
                diagnostic: FileDiagnostic(file: name, line: place?.line ?? 0, column: place?.column ?? 0, message: message, fix: fix),
                service: nil)
        }
        var result: [Finding] = []
        for (host, path) in (spec.docker.authorityFiles ?? [:]).sorted(by: { $0.key < $1.key }) {
            guard let bytes = read(path) else {
                result.append(
                    finding("authorities.\(host)", "there is no file '\(path)' with the authority of \(host)", "put it beside the cluster file"))
                continue
            }
            if !String(decoding: bytes, as: UTF8.self).contains("-----BEGIN CERTIFICATE-----") || bytes.count > 64 << 10 {
                result.append(finding("authorities.\(host)", "'\(path)' holds no certificate in PEM", "give the authority's, not the registry's key"))
            }
        }
        for (host, login) in (spec.docker.logins ?? [:]).sorted(by: { $0.key < $1.key }) where password(login, read) == nil {
            result.append(
                finding(
                    "logins.\(host).password-file", "'\(login.passwordFile)' is not there, or holds no password for \(host)",
                    "put the password in it, one line"))
        }
        return result
    }

    /// The first line of the file; nil when there is none.
    static func password(_ login: ClusterSpec.Docker.Login, _ read: (String) -> [UInt8]?) -> String? {
        guard let bytes = read(login.passwordFile), bytes.count <= 64 << 10, let text = String(validating: bytes, as: UTF8.self) else { return nil }
        let line = text.prefix { !$0.isNewline }
        return line.isEmpty ? nil : String(line)
    }

    /// Two stacks cannot publish one port on the mesh.
    private static func conflicts(
        _ bundles: [StackBundle], _ spec: ClusterSpec, _ clusterFile: ParsedClusterFile?, _ name: String
    ) -> [Finding] {
        var taken: [(publication: StackBundle.Publication, stack: StackName)] = []
        var result: [Finding] = []
        for bundle in bundles {
            for publication in bundle.publications {
                if let other = taken.first(where: { $0.stack != bundle.name && $0.publication.conflicts(with: publication, in: spec) }) {
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
