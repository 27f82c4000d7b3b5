import ArgumentParser
import SkepClusterFile
import SkepCompose
import SkepModel
import SkepSystem
import SkepWire

/// `skep stack doctor`.
struct StackDoctorCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "doctor", abstract: "Says what in compose files would not work, and the fix, before anything is touched.",
        discussion: """
            Each FILE is a stack of its own, or a script by which one is deployed; files named with -c are one stack together. With -f they are \
            looked at for that cluster: its nodes, labels, networks, shares and openings; and without FILE, all stacks of it are.
            Without --images nothing is asked of anybody. Ends with 1 when there is an error, and with --strict also when there is a warning.
            """)

    @Argument(help: "Compose files and scripts.") var files: [String] = []
    @OptionGroup var input: StackInput
    @OptionGroup var output: JSONFlag
    @Flag(help: "Print SARIF 2.1.0, for editors and CI.") var sarif = false
    @Flag(help: "Show also what Skep mends by itself.") var notes = false
    @Flag(help: "Warnings count as errors.") var strict = false
    @Flag(help: "Have a manager of the cluster look the images up at their registries, as its nodes would pull them.") var images = false
    @OptionGroup var session: Session

    func validate() throws {
        if output.json, sarif { throw ValidationError("--json and --sarif are two forms of one output: take one") }
        if files.isEmpty, input.composeFiles.isEmpty, input.file == nil { throw ValidationError("name a compose file, or a cluster file with -f") }
    }

    func run() throws {
        let cluster = try input.cluster()
        var examined = try examine(cluster)
        if images { examined = try examine(cluster, images: try lookUp(examined.stacks)) }
        var findings = examined.findings
        if !notes { findings.removeAll { $0.level == .note } }
        try show(findings)
        if findings.contains(where: { $0.level == .error || strict && $0.level == .warning }) { throw ExitCode(Outcome.failed.rawValue) }
    }

    /// What a manager finds of the stacks' images.
    private func lookUp(_ stacks: [ExaminedStack]) throws -> [String: ImageFinding] {
        let client = try session.client()
        let request = ImagesRequest(
            images: Set(stacks.flatMap(\.images)).sorted(), logins: stacks.reduce(into: [:]) { $0.merge($1.logins) { first, _ in first } })
        let answer: ImagesAnswer = try client.post("\(try session.clusterPath(client))/images", request, deadline: .seconds(60))
        if let manager = answer.manager { Output.error("\(answer.findings.count) images looked up from \(manager)") }
        return answer.findings
    }

    /// All that is looked at: scripts first.
    private func examine(
        _ cluster: ParsedClusterFile?, images: [String: ImageFinding] = [:]
    ) throws -> (stacks: [ExaminedStack], findings: [Finding]) {
        var findings: [Finding] = []
        for path in files where isScript(path) {
            let bytes = try Files.read(path, limit: ClusterFolder.fileLimit + 1)
            findings += ScriptDoctor.examine(String(decoding: bytes, as: UTF8.self), file: path)
        }
        if files.isEmpty, input.composeFiles.isEmpty, let cluster {
            let all = try input.readAll(cluster, images: images)
            return (all.stacks, findings + all.findings)
        }
        var stacks: [ExaminedStack] = []
        for path in files where !isScript(path) { stacks.append(try input.read([path], in: cluster, images: images)) }
        if !input.composeFiles.isEmpty { stacks.append(try input.read(input.composeFiles, in: cluster, images: images)) }
        return (stacks, findings + stacks.flatMap(\.findings))
    }

    private func isScript(_ path: String) -> Bool {
        (try? Files.read(path, limit: ClusterFolder.fileLimit + 1)).map { ScriptDoctor.isScript(path: path, bytes: $0) } ?? false
    }

    private func show(_ findings: [Finding]) throws {
        if output.json { return try JSONOutput.show(findings.map(FindingRow.init)) }
        if sarif { return try JSONOutput.show(SARIF(findings)) }
        for finding in findings { Output.line(finding.line) }
        func count(_ level: Finding.Level, _ word: String) -> String {
            let count = findings.count { $0.level == level }
            return "\(count) \(word)\(count == 1 ? "" : "s")"
        }
        Output.error(
            findings.isEmpty ? "nothing found" : "\(count(.error, "error")), \(count(.warning, "warning"))\(notes ? ", " + count(.note, "note") : "")"
        )
    }
}

/// What `--json` prints of a finding.
struct FindingRow: Encodable {
    let rule: DoctorRule
    let level: Finding.Level
    let file: String
    let line: Int
    let column: Int
    let service: String?
    let message: String
    let fix: String?

    init(_ finding: Finding) {
        rule = finding.rule
        level = finding.level
        file = finding.diagnostic.file
        line = finding.diagnostic.line
        column = finding.diagnostic.column
        service = finding.service
        message = finding.diagnostic.message
        fix = finding.diagnostic.fix
    }
}
