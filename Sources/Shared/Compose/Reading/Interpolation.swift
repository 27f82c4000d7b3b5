/// Replaces a compose file's variables as Compose does: `$NAME`, `${NAME}`, `${NAME:-default}`, `${NAME-default}`, `${NAME:?error}`,
/// `${NAME?error}`, `${NAME:+other}`, `${NAME+other}` and `$$`; defaults may hold variables in turn.
struct Interpolation {
    struct Failure: Error, Equatable {
        let message: String
        let fix: String?
    }

    /// A variable's value; nil when it is not set.
    let value: (String) -> String?
    /// Names that had neither value nor default.
    private(set) var unset: [String] = []

    init(_ value: @escaping (String) -> String?) { self.value = value }

    mutating func replace(_ text: String) throws(Failure) -> String {
        guard text.utf8.contains(0x24) else { return text }
        return try replace(Array(text.unicodeScalars), depth: 0)
    }

    private mutating func replace(_ text: [Unicode.Scalar], depth: Int) throws(Failure) -> String {
        guard depth < 8 else { throw Failure(message: "variables are nested too deeply", fix: "write the value out") }
        var result = String.UnicodeScalarView()
        var index = 0
        while index < text.count {
            guard text[index] == "$" else {
                result.append(text[index])
                index += 1
                continue
            }
            let next = index + 1 < text.count ? text[index + 1] : " "
            if next == "$" {
                result.append("$")
                index += 2
            } else if next == "{" {
                guard let end = Self.closing(text, from: index + 2) else {
                    throw Failure(message: "'${' has no '}'", fix: "close it, or write $$ for a dollar sign")
                }
                result.append(contentsOf: try expand(Array(text[(index + 2)..<end]), depth: depth).unicodeScalars)
                index = end + 1
            } else if Self.starts(next) {
                let end = text[(index + 1)...].firstIndex { !Self.continues($0) } ?? text.count
                result.append(contentsOf: plain(Self.string(text[(index + 1)..<end])).unicodeScalars)
                index = end
            } else {
                throw Failure(message: "a '$' begins no variable", fix: "write $$ for a dollar sign")
            }
        }
        return String(result)
    }

    /// What stands between the braces.
    private mutating func expand(_ text: [Unicode.Scalar], depth: Int) throws(Failure) -> String {
        let end = text.firstIndex { !Self.continues($0) } ?? text.count
        let name = Self.string(text[..<end])
        guard let first = text.first, Self.starts(first) else {
            throw Failure(message: "'${\(Self.string(text[...]))}' names no variable", fix: "write $$ for a dollar sign")
        }
        guard end < text.count else { return plain(name) }
        let strict = text[end] == ":"
        let sign = strict ? end + 1 : end
        guard sign < text.count, ["-", "?", "+"].contains(text[sign]) else {
            throw Failure(
                message: "'${\(Self.string(text[...]))}' is no form that Compose knows",
                fix: "known are ${A}, ${A:-x}, ${A-x}, ${A:?x}, ${A?x}, ${A:+x}")
        }
        let rest = Array(text[(sign + 1)...])
        let found = value(name)
        let counts = found.map { !strict || !$0.isEmpty } ?? false
        switch text[sign] {
        case "-": return counts ? found ?? "" : try replace(rest, depth: depth + 1)
        case "+": return counts ? try replace(rest, depth: depth + 1) : ""
        default:
            if counts { return found ?? "" }
            let words = try replace(rest, depth: depth + 1)
            throw Failure(
                message: "the variable '\(name)' is required\(words.isEmpty ? "" : ": \(words)")", fix: "set it under 'env:' of the stack, or in .env"
            )
        }
    }

    private mutating func plain(_ name: String) -> String {
        if let found = value(name) { return found }
        if !unset.contains(name) { unset.append(name) }
        return ""
    }

    /// The brace that closes, with inner `${…}` counted.
    private static func closing(_ text: [Unicode.Scalar], from start: Int) -> Int? {
        var depth = 0
        var index = start
        while index < text.count {
            if text[index] == "$", index + 1 < text.count, text[index + 1] == "{" {
                depth += 1
                index += 1
            } else if text[index] == "}" {
                if depth == 0 { return index }
                depth -= 1
            }
            index += 1
        }
        return nil
    }

    private static func string(_ text: ArraySlice<Unicode.Scalar>) -> String {
        var view = String.UnicodeScalarView()
        view.append(contentsOf: text)
        return String(view)
    }

    private static func starts(_ scalar: Unicode.Scalar) -> Bool {
        ("a"..."z").contains(scalar) || ("A"..."Z").contains(scalar) || scalar == "_"
    }

    private static func continues(_ scalar: Unicode.Scalar) -> Bool { starts(scalar) || ("0"..."9").contains(scalar) }
}
