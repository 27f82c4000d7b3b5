import ArgumentParser
import SkepClusterFile
import SkepCompose
import SkepCrypto
import SkepModel
import SkepSystem

/// Which compose files a command looks at, and for which cluster.
struct StackInput: ParsableArguments {
    @Option(name: [.customShort("c"), .customLong("compose-file")], help: "A compose file; several are put one over the other.")
    var composeFiles: [String] = []
    @Option(name: .shortAndLong, help: "The cluster file that the stacks are for.") var file: String?
    @Option(help: "The stack's name; that of the compose file's folder by default.") var name: String?
    @Option(name: .shortAndLong, help: "A variable's value, as NAME=VALUE.") var env: [String] = []

    /// The cluster file, if one was named.
    func cluster() throws -> ParsedClusterFile? {
        guard let file else { return nil }
        do {
            return try ClusterFile.read(text: try Self.text(file, limit: ClusterFile.sizeLimit), file: file)
        } catch let error as ClusterFileError {
            throw CommandFailure(error.diagnostics)
        }
    }

    /// One stack out of compose files: that of the cluster file which is made of them, or one that is looked at by itself.
    func read(_ paths: [String], in cluster: ParsedClusterFile?, images: [String: ImageFinding] = [:]) throws -> ExaminedStack {
        let variables = try self.variables()
        guard let first = paths.first else { throw CommandFailure(.usage, "name a compose file, or a cluster file with -f") }
        let beside = file.map(ClusterFolder.init(of:))
        if let cluster, let beside {
            for stack in cluster.spec.stacks {
                guard case .compose(let path) = stack.source, Self.same("\(beside.folder)/\(path)", first) else { continue }
                return try read(stack, in: cluster, images: images)
            }
        }
        let subject = StackSubject(name: try stackName(first), paths: paths, environment: variables, spec: cluster?.spec)
        let folder = ClusterFolder(of: first)
        let prefix = first.split(separator: "/", omittingEmptySubsequences: false).dropLast().joined(separator: "/")
        let examined = StackMaker.examine(subject, facts: .ofThisMachine(images)) { path in
            if paths.contains(path) { return try? Files.read(path, limit: ClusterFolder.fileLimit + 1) }
            return folder.read(prefix.isEmpty ? path : String(path.dropFirst(prefix.count + 1)))
        }
        return examined
    }

    /// All stacks of the cluster file.
    func readAll(_ cluster: ParsedClusterFile, images: [String: ImageFinding] = [:]) throws -> ExaminedStacks {
        BundleMaker.examineAll(
            spec: cluster.spec, clusterFile: cluster, clusterFileName: file ?? "", variables: try variables(), facts: .ofThisMachine(images),
            read: ClusterFolder(of: file ?? ".").read)
    }

    /// A stack of the cluster file.
    func read(_ stack: ClusterSpec.Stack, in cluster: ParsedClusterFile, images: [String: ImageFinding] = [:]) throws -> ExaminedStack {
        let folder = ClusterFolder(of: file ?? ".")
        do {
            return try BundleMaker.examine(stack, of: cluster.spec, variables: try variables(), facts: .ofThisMachine(images), read: folder.read)
        } catch let error as ComposeError {
            throw CommandFailure(error.diagnostics)
        }
    }

    private func variables() throws -> [String: String] {
        var result: [String: String] = [:]
        for text in env {
            let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard parts.count == 2, !parts[0].isEmpty else { throw CommandFailure(.usage, "--env '\(text)' has no value: write NAME=VALUE") }
            result[String(parts[0])] = String(parts[1])
        }
        return result
    }

    /// The name that was given, or that of the folder, or of the file.
    private func stackName(_ path: String) throws -> StackName {
        if let name {
            guard let valid = StackName(rawValue: name) else {
                throw CommandFailure(.usage, "'\(name)' cannot be the name of a stack: \(StackName.rule)")
            }
            return valid
        }
        let parts = path.split(separator: "/").map(String.init)
        for part in parts.dropLast().suffix(1) + parts.suffix(1).compactMap({ $0.split(separator: ".").first.map(String.init) }) {
            let plain = String(part.lowercased().map { $0.isASCII && ($0.isLetter || $0.isNumber) ? $0 : "-" }.drop { $0 == "-" }.prefix(40))
            if let name = StackName(rawValue: plain) { return name }
        }
        return StackName(unchecked: "stack")
    }

    private static func same(_ one: String, _ other: String) -> Bool {
        func plain(_ path: String) -> [Substring] { path.split(separator: "/").filter { $0 != "." } }
        return plain(one) == plain(other) && one.hasPrefix("/") == other.hasPrefix("/")
    }

    /// A file's text, or why it cannot be had.
    static func text(_ path: String, limit: Int) throws -> String {
        do {
            guard let text = String(validating: try Files.read(path, limit: limit + 1), as: UTF8.self) else {
                throw CommandFailure(.usage, "\(path): the file is not UTF-8")
            }
            return text
        } catch let error as SystemError {
            throw CommandFailure(.usage, "\(path): \(error.message)")
        }
    }
}

extension DoctorFacts {
    /// The time of this machine, and certificates read by OpenSSL.
    static func ofThisMachine(_ images: [String: ImageFinding] = [:]) -> DoctorFacts {
        var facts = DoctorFacts(
            now: Instant(milliseconds: SystemClock.wallMilliseconds()),
            certificateEnd: { bytes in
                guard let certificate = try? Certificate(pem: String(decoding: bytes, as: UTF8.self)) else { return nil }
                return Instant(milliseconds: certificate.notAfter * 1000)
            })
        facts.images = images
        return facts
    }
}
