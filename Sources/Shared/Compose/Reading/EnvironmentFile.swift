/// Reads `.env`: `NAME=value` lines, `#` comments, an optional `export`, single quotes as they are and double quotes with \n, \" and \\. Variables are
/// replaced but in single quotes, by what stands above them or is given (github.com/compose-spec/compose-go, `dotenv`).
enum EnvironmentFile {
    struct Failure: Error, Equatable {
        let line: Int
        let message: String
        var fix = "write NAME=value"
    }

    /// `given` are values that go before those of the file. `unset` is called with the line and the name of a variable that has no value.
    static func parse(
        _ text: String, given: [String: String] = [:], unset: (Int, String) -> Void = { _, _ in }
    ) throws(Failure) -> [String: String] {
        var result: [String: String] = [:]
        var number = 0
        // A byte order mark is no part of the first name.
        let text = text.hasPrefix("\u{feff}") ? text.dropFirst() : text[...]
        for raw in text.split(omittingEmptySubsequences: false, whereSeparator: { $0 == "\n" || $0 == "\r\n" }) {
            number += 1
            var line = raw.drop { $0 == " " || $0 == "\t" }
            if line.isEmpty || line.first == "#" { continue }
            if line.hasPrefix("export ") { line = line.dropFirst(7).drop { $0 == " " } }
            let name = line.prefix { $0 != "=" && $0 != " " }
            let isName = name.utf8.allSatisfy {
                (0x61...0x7a).contains($0 | 0x20) || (0x30...0x39).contains($0) || $0 == 0x5f
            }
            guard isName, !name.isEmpty, name.first?.isNumber == false else {
                throw Failure(line: number, message: "'\(name.prefix(40))' cannot be a variable's name")
            }
            let rest = line.dropFirst(name.count)
            if rest.isEmpty { continue } // a name alone takes its value from a shell, and there is none
            guard rest.first == "=" else { throw Failure(line: number, message: "no '=' after '\(name)'") }
            let (value, isLiteral) = try value(rest.dropFirst(), line: number)
            guard !isLiteral else {
                result[String(name)] = value
                continue
            }
            let known = result
            var interpolation = Interpolation { given[$0] ?? known[$0] }
            do {
                result[String(name)] = try interpolation.replace(value)
            } catch {
                throw Failure(
                    line: number, message: "in the value of '\(name)': \(error.message)",
                    fix: "\(error.fix ?? "mend it"), or put the value in single quotes")
            }
            for missing in interpolation.unset { unset(number, missing) }
        }
        return result
    }

    private static func value(_ text: Substring, line: Int) throws(Failure) -> (text: String, isLiteral: Bool) {
        let text = text.drop { $0 == " " || $0 == "\t" }
        guard let quote = text.first, quote == "\"" || quote == "'" else {
            var end = text.startIndex
            var last: Character = " "
            while end < text.endIndex, !(text[end] == "#" && (last == " " || last == "\t")) {
                last = text[end]
                end = text.index(after: end)
            }
            var bare = text[..<end]
            while bare.last == " " || bare.last == "\t" { bare = bare.dropLast() }
            return (String(bare), false)
        }
        var result = ""
        var escaped = false
        for character in text.dropFirst() {
            if escaped {
                result += character == "n" ? "\n" : character == "t" ? "\t" : character == "$" ? "$$" : String(character)
                escaped = false
            } else if character == "\\", quote == "\"" {
                escaped = true
            } else if character == quote {
                return (result, quote == "'")
            } else {
                result.append(character)
            }
        }
        throw Failure(line: line, message: "a quote is not closed")
    }
}
