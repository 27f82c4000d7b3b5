public import SkepModel
import SkepYAML

/// A stack that was read and looked at.
public struct ExaminedStack: Sendable {
    /// Nil when there are errors among the findings.
    public let bundle: StackBundle?
    /// By place.
    public internal(set) var findings: [Finding]
    /// The files that it is made of, as `read` was asked for them.
    public let paths: [String]
    /// Images of its services, as its files name them, and what the nodes show to their registries.
    public var images: [String] = []
    public var logins: [String: RegistryLogin] = [:]
}

/// Reads a stack's compose files, examines them, and makes the bundle that a manager's Docker CLI accepts.
public enum StackMaker {
    /// `read` gives a file's bytes by its path, relative to where the subject's paths are; nil when it is not there.
    public static func examine(_ subject: StackSubject, facts: DoctorFacts = DoctorFacts(), read: @escaping (String) -> [UInt8]?) -> ExaminedStack {
        let first = subject.paths.first ?? ""
        let remarks = Remarks(file: first)
        let files = StackFiles(composePath: first, source: read)
        let variables = Self.variables(subject, files, remarks)
        let value: (String) -> String? = { variables[$0] }
        var bundle: StackBundle?
        var images: Set<String> = []
        if let document = ComposeReader(remarks: remarks, files: files, value: value).read(subject.paths) {
            images = Set(document.entries("services").compactMap { $0.value.text("image") })
            let heard = facts.isAccepted ? Remarks(file: first) : remarks
            Examination(subject: subject, facts: facts, document: document, files: files, remarks: heard).examine()
            bundle = StackRendering(subject: subject, remarks: remarks, files: files, value: value) { facts.generated?(subject.name, $0) }.bundle(
                document)
        }
        return ExaminedStack(
            bundle: remarks.hasErrors ? nil : bundle, findings: remarks.findings.sorted(), paths: files.used.sorted(), images: images.sorted(),
            logins: subject.logins)
    }

    /// The stack's own variables, then those of `.env` beside the compose file.
    private static func variables(_ subject: StackSubject, _ files: StackFiles, _ remarks: Remarks) -> [String: String] {
        var result: [String: String] = [:]
        if let bytes = files.read(".env") {
            do {
                result = try EnvironmentFile.parse(String(decoding: bytes, as: UTF8.self), given: subject.environment) { line, name in
                    remarks.add(
                        .warning, .unsetVariable,
                        FileDiagnostic(
                            file: files.shown(".env"), line: line, column: 1,
                            message: "the variable '\(name)' is not set: nothing is put in its place",
                            fix: "set it above, or put the value in single quotes where a dollar sign is meant"))
                }
            } catch {
                remarks.add(
                    .error, .variable,
                    FileDiagnostic(file: files.shown(".env"), line: error.line, column: 1, message: error.message, fix: error.fix))
            }
        }
        return result.merging(subject.environment) { $1 }
    }
}
