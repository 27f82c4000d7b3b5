/// A systemd mount unit, as far as it must be understood here (systemd.mount(5)).
struct MountUnit: Equatable, Sendable {
    var what: String
    var path: String
    var type: String
    var options: String
    /// Written by this agent: said in its first line.
    var isOurs: Bool

    init(_ text: String) {
        var values: [Substring: String] = [:]
        for line in text.split(separator: "\n") {
            guard let sign = line.firstIndex(of: "="), !line.hasPrefix("#") else { continue }
            values[line[..<sign]] = line[line.index(after: sign)...].split(separator: "%%", omittingEmptySubsequences: false).joined(separator: "%")
        }
        what = values["What"] ?? ""
        path = values["Where"] ?? ""
        type = values["Type"] ?? "auto"
        options = values["Options"] ?? "defaults"
        isOurs = text.split(separator: "\n").first?.contains("skep-agent") ?? false
    }

    /// The unit's file name, which systemd wants to be the escaped path (systemd.unit(5)).
    static func name(_ path: String) -> String {
        let parts = path.split(separator: "/")
        guard !parts.isEmpty else { return "-.mount" }
        let escaped = parts.joined(separator: "/").utf8.enumerated().map { index, byte -> String in
            switch byte {
            case UInt8(ascii: "/"): return "-"
            case UInt8(ascii: ".") where index == 0: break
            case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"),
                UInt8(ascii: ":"), UInt8(ascii: "_"), UInt8(ascii: "."):
                return String(UnicodeScalar(byte))
            default: break
            }
            let digits = String(byte, radix: 16)
            return "\\x" + (digits.utf8.count == 1 ? "0" : "") + digits
        }
        return escaped.joined() + ".mount"
    }
}
