import SkepModel
import SkepYAML

/// A piece of a file that can be pointed at.
protocol Placed {
    var file: String { get }
    var line: Int { get }
    var column: Int { get }
}

extension YAMLNode: Placed {}
extension YAMLNode.Entry: Placed {}

/// Collects what is found in a stack's files.
final class Remarks {
    /// Where something is that has no place of its own.
    let file: String
    /// The service that is looked at.
    var service: String?
    private(set) var findings: [Finding] = []
    private var known: Set<Finding> = []
    /// Places whose variables could not be replaced.
    private var unreplaced: Set<String> = []
    /// More than anybody reads.
    private static let limit = 1000

    init(file: String) { self.file = file }

    var hasErrors: Bool { findings.contains { $0.level == .error } }

    func error(_ rule: DoctorRule, _ place: some Placed, _ message: String, fix: String? = nil) { add(.error, rule, place, message, fix) }
    func warn(_ rule: DoctorRule, _ place: some Placed, _ message: String, fix: String? = nil) { add(.warning, rule, place, message, fix) }
    func note(_ rule: DoctorRule, _ place: some Placed, _ message: String, fix: String? = nil) { add(.note, rule, place, message, fix) }

    func add(_ level: Finding.Level, _ rule: DoctorRule, _ diagnostic: FileDiagnostic) {
        let finding = Finding(rule: rule, level: level, diagnostic: diagnostic, service: service)
        // What could not be replaced is wrong for that reason alone.
        let place = "\(diagnostic.line):\(diagnostic.column):\(diagnostic.file)"
        if rule == .variable { unreplaced.insert(place) } else if unreplaced.contains(place) { return }
        // An anchor that is used twice is one mistake.
        guard known.insert(finding).inserted else { return }
        // an error decides, however many words came before it
        if findings.count < Self.limit || (level == .error && !hasErrors) { findings.append(finding) }
    }

    private func add(_ level: Finding.Level, _ rule: DoctorRule, _ place: some Placed, _ message: String, _ fix: String?) {
        add(
            level, rule,
            FileDiagnostic(
                file: place.file.isEmpty ? file : place.file, line: place.line, column: place.column, message: Self.plain(message),
                fix: fix.map(Self.plain)))
    }

    /// What the operator wrote is quoted in messages, and messages go to terminals.
    private static func plain(_ message: String) -> String {
        String(message.map { $0.unicodeScalars.allSatisfy { $0.value >= 0x20 && $0.value != 0x7f } ? $0 : "?" })
    }
}
