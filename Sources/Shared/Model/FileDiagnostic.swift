/// One thing that is wrong in a file that an operator wrote: where, what, and how to mend it.
public struct FileDiagnostic: Codable, Hashable, Sendable, Error, Comparable, CustomStringConvertible {
    /// The file as the operator named it.
    public var file: String
    /// Counted from 1; 0 when there is no place to point at.
    public var line: Int
    /// Counted from 1, in characters; 0 when there is no place to point at.
    public var column: Int
    public var message: String
    public var fix: String?

    public init(file: String, line: Int, column: Int, message: String, fix: String? = nil) {
        self.file = file
        self.line = line
        self.column = column
        self.message = message
        self.fix = fix
    }

    public var description: String {
        let place = line > 0 ? "\(file):\(line):\(column): " : "\(file): "
        guard let fix else { return place + message }
        return "\(place)\(message); \(fix)"
    }

    public static func < (left: Self, right: Self) -> Bool {
        (left.file, left.line, left.column, left.message) < (right.file, right.line, right.column, right.message)
    }
}
