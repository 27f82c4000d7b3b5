/// A JSON text as it was written: keys keep their order and scalars their spelling, so that what is not ours is given back untouched.
///
/// Foundation's decoder serves everything else; it forgets the order of keys and the spelling of numbers, accepts a trailing comma that
/// the engine refuses, and does not say where a text is wrong.
indirect enum JSONText: Equatable, Sendable {
    /// A number, a string with its quotes, true, false or null.
    case scalar(String)
    case array([JSONText])
    case object([(key: String, value: JSONText)])

    /// Where and why a text is no JSON.
    struct Problem: Error, Equatable {
        var line: Int
        var column: Int
        var what: String
    }

    init(_ text: String) throws(Problem) {
        var reader = Reader(bytes: Array(text.utf8))
        self = try reader.document()
    }

    static func == (left: JSONText, right: JSONText) -> Bool { left.printed == right.printed }

    /// A string as JSON writes it.
    static func string(_ text: String) -> JSONText {
        var result = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": result += "\\\""
            case "\\": result += "\\\\"
            case "\n": result += "\\n"
            case "\t": result += "\\t"
            case _ where scalar.value < 0x20:
                let digits = String(scalar.value, radix: 16)
                result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default: result.unicodeScalars.append(scalar)
            }
        }
        return .scalar(result + "\"")
    }

    /// The text of a string that has no escape but the simple ones; nil for anything else.
    var stringValue: String? {
        guard case .scalar(let raw) = self, raw.hasPrefix("\""), raw.hasSuffix("\""), raw.utf8.count >= 2 else { return nil }
        var result = ""
        var isEscaped = false
        for character in raw.dropFirst().dropLast() {
            if isEscaped {
                guard let plain = ["\"": "\"", "\\": "\\", "/": "/", "n": "\n", "t": "\t"][character] else { return nil }
                result += plain
                isEscaped = false
            } else if character == "\\" {
                isEscaped = true
            } else {
                result.append(character)
            }
        }
        return result
    }

    var intValue: Int? { if case .scalar(let raw) = self { Int(raw) } else { nil } }

    var boolValue: Bool? {
        guard case .scalar(let raw) = self else { return nil }
        return raw == "true" ? true : raw == "false" ? false : nil
    }

    /// The member of that name; the last one where a name comes twice, as the engine's own reader has it.
    subscript(key: String) -> JSONText? {
        get {
            guard case .object(let members) = self else { return nil }
            return members.last { $0.key == key }?.value
        }
        set {
            guard case .object(var members) = self else { return }
            guard let newValue else {
                members.removeAll { $0.key == key }
                self = .object(members)
                return
            }
            if let index = members.lastIndex(where: { $0.key == key }) {
                members[index].value = newValue
            } else {
                members.append((key, newValue))
            }
            self = .object(members)
        }
    }

    /// Indented by two blanks, with a newline at the end.
    var printed: String { printed(indent: "") + "\n" }

    private func printed(indent: String) -> String {
        let inner = indent + "  "
        switch self {
        case .scalar(let raw): return raw
        case .array(let items):
            return items.isEmpty ? "[]" : "[\n" + items.map { inner + $0.printed(indent: inner) }.joined(separator: ",\n") + "\n\(indent)]"
        case .object(let members):
            guard !members.isEmpty else { return "{}" }
            let lines = members.map { member in
                guard case .scalar(let name) = Self.string(member.key) else { return "" }
                return "\(inner)\(name): \(member.value.printed(indent: inner))"
            }
            return "{\n" + lines.joined(separator: ",\n") + "\n\(indent)}"
        }
    }
}
