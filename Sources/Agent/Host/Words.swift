internal import SkepSystem

/// An error in the operator's words.
func words(_ error: any Error) -> String {
    switch error {
    case let error as SystemError: error.description
    case let error as HostFailure: error.message
    case let error as DaemonConfig.Problem: "daemon.json: \(error.message)"
    case is CancellationError: "it was cancelled"
    default: "\(error)"
    }
}

/// Why something on the machine could not be done, in the words of the program that refused.
struct HostFailure: Error, Equatable {
    var message: String
    init(_ message: String) { self.message = message }
}

extension CommandResult {
    /// The last lines of what it wrote, errors first, for a message.
    func lastWords(_ count: Int = 4) -> String {
        for text in [errorOutput, output] {
            let lines = text.split(whereSeparator: \.isNewline).map { $0.trimmed }.filter { !$0.isEmpty }
            if !lines.isEmpty { return lines.suffix(count).joined(separator: "; ") }
        }
        return switch termination {
        case .exited(let status): "\(path) ended with status \(status)"
        case .signaled(let signal): "\(path) was ended by signal \(signal)"
        }
    }

    /// The result, or its last words as a failure.
    @discardableResult
    func orFail(_ what: String) throws(HostFailure) -> CommandResult {
        guard succeeded else { throw HostFailure("\(what): \(lastWords())") }
        return self
    }
}

extension StringProtocol {
    /// Without white space at both ends.
    var trimmed: String {
        let start = drop { $0.isWhitespace }
        guard let last = start.lastIndex(where: { !$0.isWhitespace }) else { return "" }
        return String(start[...last])
    }

    /// Its words with single blanks between them.
    var singleSpaced: String { split(whereSeparator: \.isWhitespace).joined(separator: " ") }
}
