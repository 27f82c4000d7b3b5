internal import CLinux
internal import Glibc

/// One piece of metadata of an entry.
struct LogField: Equatable, Sendable {
    var name: String
    var value: String
}

/// Where entries go, and how they look there.
struct LogWriter: Sendable {
    enum Target: Sendable, Equatable {
        /// A datagram socket and the path of journald's.
        case journal(socket: Int32, path: String)
        /// A descriptor that takes lines.
        case lines(Int32)
    }

    var target: Target
    var identifier = "skep"
    var level = Log.Level.info
    private(set) var lost = 0

    /// A value longer than this is cut: a datagram of the journal has a limit, and a log is no store.
    static let valueLimit = 8192

    init(_ target: Target) {
        self.target = target
    }

    /// The journal when systemd connected standard error to it (JOURNAL_STREAM names its device and inode), else standard error.
    static func standard() -> LogWriter {
        var status = stat()
        guard
            let stream = environment("JOURNAL_STREAM"), fstat(2, &status) == 0, stream == "\(status.st_dev):\(status.st_ino)",
            case let socket = clinux_socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue), 0), socket >= 0
        else { return LogWriter(.lines(2)) }
        return LogWriter(.journal(socket: socket, path: "/run/systemd/journal/socket"))
    }

    mutating func write(_ level: Log.Level, _ message: String, _ fields: [LogField]) {
        guard level >= self.level else { return }
        var fields = fields.map { LogField(name: $0.name, value: Self.cut($0.value)) }
        if lost > 0 { fields.append(LogField(name: "log.lost", value: String(lost))) }
        let isWritten: Bool
        switch target {
        case .journal(let socket, let path):
            let bytes = entry(level, message, fields)
            isWritten = clinux_send_path(socket, bytes, bytes.count, path) == bytes.count
        case .lines(let descriptor):
            let bytes = Array((Self.line(level, message, fields) + "\n").utf8)
            isWritten = Glibc.write(descriptor, bytes, bytes.count) == bytes.count
        }
        lost = isWritten ? 0 : lost + 1
    }

    /// `level message key=value …`; values with spaces, quotes or control characters are quoted.
    static func line(_ level: Log.Level, _ message: String, _ fields: [LogField]) -> String {
        "\(level) \(text(message, fields))"
    }

    /// The journal's native format: `NAME=value`, or for a value with a line feed the name, its length in 64 bits and the bytes.
    func entry(_ level: Log.Level, _ message: String, _ fields: [LogField]) -> [UInt8] {
        var bytes: [UInt8] = []
        func add(_ name: String, _ value: String) {
            bytes += Array(name.utf8)
            if value.utf8.contains(10) {
                bytes.append(10)
                withUnsafeBytes(of: UInt64(value.utf8.count).littleEndian) { bytes += Array($0) }
            } else {
                bytes.append(61)
            }
            bytes += Array(value.utf8)
            bytes.append(10)
        }
        add("MESSAGE", Self.text(message, fields))
        add("PRIORITY", String(level.priority))
        add("SYSLOG_IDENTIFIER", identifier)
        add("SKEP_EVENT", message)
        for field in fields { add(Self.journalName(field.name), field.value) }
        return bytes
    }

    /// A field name that the journal takes: `node.id` becomes `SKEP_NODE_ID`, at most 64 characters.
    static func journalName(_ name: String) -> String {
        let letters = name.utf8.prefix(59).map { byte in
            switch byte {
            case 97...122: byte - 32
            case 65...90, 48...57: byte
            default: UInt8(95)
            }
        }
        return "SKEP_" + String(decoding: letters, as: UTF8.self)
    }

    private static func text(_ message: String, _ fields: [LogField]) -> String {
        fields.reduce(message) { $0 + " \($1.name)=\(quoted($1.value))" }
    }

    private static func quoted(_ value: String) -> String {
        let isPlain = !value.isEmpty && value.unicodeScalars.allSatisfy { $0.value > 32 && $0.value != 34 && $0.value != 61 && $0.value != 127 }
        return isPlain ? value : value.debugDescription
    }

    private static func cut(_ value: String) -> String {
        value.utf8.count <= valueLimit ? value : String(decoding: value.utf8.prefix(valueLimit), as: UTF8.self) + "…"
    }
}
