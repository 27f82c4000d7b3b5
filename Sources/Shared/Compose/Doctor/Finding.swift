public import SkepModel

/// One thing that the doctor says of a stack.
public struct Finding: Codable, Hashable, Sendable, Comparable {
    public enum Level: String, Codable, Hashable, Sendable, CaseIterable, Comparable {
        /// It would not work: nothing is deployed.
        case error
        /// It would work, and is unsafe or not what was meant.
        case warning
        /// What Skep does about it by itself.
        case note

        public static func < (left: Level, right: Level) -> Bool {
            (allCases.firstIndex(of: left) ?? 0) < (allCases.firstIndex(of: right) ?? 0)
        }
    }

    public var rule: DoctorRule
    public var level: Level
    /// Place, words and fix.
    public var diagnostic: FileDiagnostic
    public var service: String?

    public init(rule: DoctorRule, level: Level, diagnostic: FileDiagnostic, service: String?) {
        self.rule = rule
        self.level = level
        self.diagnostic = diagnostic
        self.service = service
    }

    /// `FILE:LINE:COLUMN: level: words; fix [rule]`, as compilers write it.
    public var line: String {
        let place = diagnostic.line > 0 ? "\(diagnostic.file):\(diagnostic.line):\(diagnostic.column)" : diagnostic.file
        return "\(place): \(level): \(diagnostic.message)\(diagnostic.fix.map { "; \($0)" } ?? "") [\(rule.rawValue)]"
    }

    public static func < (left: Finding, right: Finding) -> Bool {
        (left.diagnostic, left.level, left.rule.rawValue) < (right.diagnostic, right.level, right.rule.rawValue)
    }
}
