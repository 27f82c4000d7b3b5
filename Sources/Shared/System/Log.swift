internal import Synchronization

/// The process's log: to the journal in its own protocol under systemd, else lines on standard error.
///
/// Messages are constant, what varies is metadata, secrets are neither. Callable from any thread; it never waits: what the journal
/// does not take at once is counted, and the next entry says how many were lost.
public enum Log {
    /// How much it matters.
    public enum Level: Int, Sendable, Comparable, CaseIterable, CustomStringConvertible {
        case debug, info, notice, warning, error

        /// In the order of weight.
        public static func < (one: Level, other: Level) -> Bool {
            one.rawValue < other.rawValue
        }

        /// Its name.
        public var description: String {
            switch self {
            case .debug: "debug"
            case .info: "info"
            case .notice: "notice"
            case .warning: "warning"
            case .error: "error"
            }
        }

        /// The number of syslog(3).
        var priority: Int {
            switch self {
            case .debug: 7
            case .info: 6
            case .notice: 5
            case .warning: 4
            case .error: 3
            }
        }
    }

    private static let writer = Mutex(LogWriter.standard())

    /// Names the program and sets the least level that is written; info until then.
    public static func configure(identifier: String, level: Level = .info) {
        writer.withLock {
            $0.identifier = identifier
            $0.level = level
        }
    }

    /// For those who debug this program.
    public static func debug(_ message: StaticString, _ metadata: KeyValuePairs<String, any CustomStringConvertible> = [:]) {
        write(.debug, message, metadata)
    }

    /// What happens in the normal course.
    public static func info(_ message: StaticString, _ metadata: KeyValuePairs<String, any CustomStringConvertible> = [:]) {
        write(.info, message, metadata)
    }

    /// What is normal and worth a look.
    public static func notice(_ message: StaticString, _ metadata: KeyValuePairs<String, any CustomStringConvertible> = [:]) {
        write(.notice, message, metadata)
    }

    /// What may need an operator soon.
    public static func warning(_ message: StaticString, _ metadata: KeyValuePairs<String, any CustomStringConvertible> = [:]) {
        write(.warning, message, metadata)
    }

    /// What failed.
    public static func error(_ message: StaticString, _ metadata: KeyValuePairs<String, any CustomStringConvertible> = [:]) {
        write(.error, message, metadata)
    }

    private static func write(_ level: Level, _ message: StaticString, _ metadata: KeyValuePairs<String, any CustomStringConvertible>) {
        let fields = metadata.map { LogField(name: $0.key, value: $0.value.description) }
        writer.withLock { $0.write(level, message.description, fields) }
    }
}
