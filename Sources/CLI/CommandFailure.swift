import SkepModel

/// How a command ends; scripts rely on the numbers.
enum Outcome: Int32 {
    case done = 0
    case failed = 1
    case usage = 2
    case notConverged = 3
    case refused = 4
}

/// Why a command did not do what it was asked, and what to do next.
struct CommandFailure: Error, Equatable {
    let outcome: Outcome
    let lines: [String]

    init(_ outcome: Outcome, _ lines: String...) {
        self.outcome = outcome
        self.lines = lines
    }

    init(_ diagnostics: [FileDiagnostic]) {
        outcome = .usage
        lines = diagnostics.map(\.description) + ["nothing was changed"]
    }
}
