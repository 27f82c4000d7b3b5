import ArgumentParser
import SkepClusterFile
import SkepCompose
import SkepModel
import SkepSystem

/// `skep stack doctor`.
struct StackDoctorCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "doctor", abstract: "Says what in compose files would not work, and the fix, before anything is touched.",
        discussion: """
            Each FILE is a stack of its own, or a script by which one is deployed; files named with -c are one stack together. With -f they are \
            looked at for that cluster: its nodes, labels, networks, shares and openings; and without FILE, all stacks of it are.
            Ends with 1 when there is an error, and with --strict also when there is a warning.
            """)

    @Argument(help: "Compose files and scripts.") var files: [String] = []
    @OptionGroup var input: StackInput
    @OptionGroup var output: JSONFlag
    @Flag(help: "Print SARIF 2.1.0, for editors and CI.") var sarif = false
    @Flag(help: "Show also what Skep mends by itself.") var notes = false
    @Flag(help: "Warnings count as errors.") var strict = false

    func validate() throws {
        if output.json, sarif { throw ValidationError("--json and --sarif are two forms of one output: take one") }
        if files.isEmpty, input.composeFiles.isEmpty, input.file == nil { throw ValidationError("name a compose file, or a cluster file with -f") }
    }

    func run() throws {
        let cluster = try input.cluster()
        var findings: [Finding] = []
        for path in files {
            let bytes = try? Files.read(path, limit: ClusterFolder.fileLimit + 1)
            if let bytes, ScriptDoctor.isScript(path: path, bytes: bytes) {
                findings += ScriptDoctor.examine(String(decoding: bytes, as: UTF8.self), file: path)
            } else {
                findings += try input.read([path], in: cluster).findings
            }
        }
        if !input.composeFiles.isEmpty { findings += try input.read(input.composeFiles, in: cluster).findings }
        if files.isEmpty, input.composeFiles.isEmpty, let cluster {
            for stack in cluster.spec.stacks { findings += try input.read(stack, in: cluster).findings }
        }
        if !notes { findings.removeAll { $0.level == .note } }
        try show(findings)
        if findings.contains(where: { $0.level == .error || strict && $0.level == .warning }) { throw ExitCode(Outcome.failed.rawValue) }
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
