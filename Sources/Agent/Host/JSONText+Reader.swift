extension JSONText {
    /// Reads RFC 8259 JSON strictly, as the engine's own reader does.
    struct Reader {
        let bytes: [UInt8]
        private var offset = 0

        init(bytes: [UInt8]) { self.bytes = bytes }

        mutating func document() throws(Problem) -> JSONText {
            let value = try value(depth: 0)
            skipBlanks()
            guard offset == bytes.count else { throw problem("something follows after the end") }
            return value
        }

        private mutating func value(depth: Int) throws(Problem) -> JSONText {
            guard depth < 64 else { throw problem("nested too deeply") }
            skipBlanks()
            switch peek {
            case UInt8(ascii: "{"): return try object(depth: depth)
            case UInt8(ascii: "["): return try array(depth: depth)
            case UInt8(ascii: "\""): return .scalar(try string())
            case nil: throw problem("the text ends where a value is expected")
            default: return .scalar(try word())
            }
        }

        private mutating func object(depth: Int) throws(Problem) -> JSONText {
            var members: [(key: String, value: JSONText)] = []
            offset += 1
            skipBlanks()
            if take("}") { return .object([]) }
            while true {
                skipBlanks()
                guard peek == UInt8(ascii: "\"") else { throw problem("a key in double quotes is expected") }
                let start = offset
                let raw = try string()
                guard let key = JSONText.scalar(raw).stringValue else {
                    offset = start
                    throw problem("an unusual escape in a key")
                }
                skipBlanks()
                guard take(":") else { throw problem("':' is expected after a key") }
                members.append((key, try value(depth: depth + 1)))
                skipBlanks()
                if take("}") { return .object(members) }
                guard take(",") else { throw problem("',' or '}' is expected") }
            }
        }

        private mutating func array(depth: Int) throws(Problem) -> JSONText {
            var items: [JSONText] = []
            offset += 1
            skipBlanks()
            if take("]") { return .array([]) }
            while true {
                items.append(try value(depth: depth + 1))
                skipBlanks()
                if take("]") { return .array(items) }
                guard take(",") else { throw problem("',' or ']' is expected") }
            }
        }

        private mutating func string() throws(Problem) -> String {
            let start = offset
            offset += 1
            while let byte = peek {
                guard byte >= 0x20 else { throw problem("a string is not closed on its line") }
                offset += byte == UInt8(ascii: "\\") ? 2 : 1
                if byte == UInt8(ascii: "\"") { return String(decoding: bytes[start..<offset], as: UTF8.self) }
            }
            offset = min(offset, bytes.count)
            throw problem("a string is not closed")
        }

        /// A number, true, false or null.
        private mutating func word() throws(Problem) -> String {
            let start = offset
            while let byte = peek, !" \t\r\n,:]}[{\"".utf8.contains(byte) { offset += 1 }
            let text = String(decoding: bytes[start..<offset], as: UTF8.self)
            let isNumber = text.utf8.allSatisfy { "+-.eE0123456789".utf8.contains($0) } && Double(text) != nil && !text.hasPrefix("+")
            guard ["true", "false", "null"].contains(text) || isNumber else {
                offset = start
                throw problem(text.isEmpty ? "a value is expected" : "'\(text.prefix(20))' is no value")
            }
            return text
        }

        private var peek: UInt8? { offset < bytes.count ? bytes[offset] : nil }

        private mutating func take(_ character: Unicode.Scalar) -> Bool {
            guard peek == UInt8(ascii: character) else { return false }
            offset += 1
            return true
        }

        private mutating func skipBlanks() {
            while let byte = peek, " \t\r\n".utf8.contains(byte) { offset += 1 }
        }

        private func problem(_ what: String) -> Problem {
            let before = bytes[..<min(offset, bytes.count)]
            let line = before.count { $0 == UInt8(ascii: "\n") } + 1
            let lineStart = before.lastIndex(of: UInt8(ascii: "\n")).map { $0 + 1 } ?? 0
            return Problem(line: line, column: before.count - lineStart + 1, what: what)
        }
    }
}
