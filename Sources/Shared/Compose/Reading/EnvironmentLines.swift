/// Reads a service's `env_file` as Docker does: `NAME=value` with the value as it stands, `#` begins a comment at a line's beginning only, a
/// name alone takes its value from elsewhere. Source: docker/cli, opts/file.go.
enum EnvironmentLines {
    struct Line: Equatable {
        let number: Int
        /// Nil when there is none, or one with a space in it.
        let name: String?
        let value: String?
        /// Whether somebody meant the value without what surrounds it.
        var isQuoted: Bool {
            guard let value, value.count >= 2, let first = value.first, first == value.last else { return false }
            return first == "\"" || first == "'"
        }
    }

    static func read(_ text: String) -> [Line] {
        var result: [Line] = []
        let text = text.hasPrefix("\u{feff}") ? text.dropFirst() : text[...]
        for (index, raw) in text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline).enumerated() {
            let line = raw.drop { $0 == " " || $0 == "\t" }
            if line.isEmpty || line.first == "#" { continue }
            let parts = line.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            let name = parts[0]
            let isName = !name.isEmpty && !name.contains { $0 == " " || $0 == "\t" }
            result.append(Line(number: index + 1, name: isName ? String(name) : nil, value: parts.count == 2 ? String(parts[1]) : nil))
        }
        return result
    }
}
