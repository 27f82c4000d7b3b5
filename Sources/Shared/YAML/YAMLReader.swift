public import SkepModel
import Yams

/// Reads one YAML document within limits: size, depth and, with aliases counted in full, the number of its pieces.
public enum YAMLReader {
    /// Bytes.
    public static let sizeLimit = 1 << 20
    static let depthLimit = 40
    static let pieceLimit = 50_000

    /// The document; nil when the text is empty. Throws where YAML itself is broken or a limit is passed.
    public static func read(_ text: String, file: String) throws(FileDiagnostic) -> YAMLNode? {
        guard text.utf8.count <= sizeLimit else {
            throw FileDiagnostic(
                file: file, line: 1, column: 1, message: "the file has \(text.utf8.count) bytes", fix: "at most \(sizeLimit) are read")
        }
        // A byte order mark is no part of the text; libyaml counts it as a column, and the first line would stand further in than the others.
        let text = text.hasPrefix("\u{feff}") ? String(text.dropFirst()) : text
        try refuseAliasesInKeys(text, file: file)
        guard let root = try composed(text, file: file) else { return nil }
        var conversion = Conversion(file: file)
        return try conversion.node(root, depth: 0)
    }

    private static func composed(_ text: String, file: String) throws(FileDiagnostic) -> Node? {
        do {
            return try Parser(yaml: text, resolver: .basic, encoding: .utf8).singleRoot()
        } catch let error as YamlError {
            throw diagnostic(error, text: text, file: file)
        } catch {
            throw FileDiagnostic(file: file, line: 1, column: 1, message: "this is not YAML: \(error)")
        }
    }

    /// A key that is itself a structure is never needed, and one that is made of aliases can take for ever: Yams compares keys while it reads.
    ///
    /// So what may have aliases is first read with every `*` made `&`. libyaml scans both alike (scanner.c, yaml_parser_fetch_anchor), so the same
    /// pieces come out, but an anchor of nothing for each alias: as a key it is a plain scalar without text.
    private static func refuseAliasesInKeys(_ text: String, file: String) throws(FileDiagnostic) {
        guard text.utf8.contains(0x2a), text.utf8.contains(0x26) else { return }
        let bare = String(decoding: text.utf8.map { $0 == 0x2a ? 0x26 : $0 }, as: UTF8.self)
        var open: [Node] = []
        if let root = try composed(bare, file: file) { open.append(root) }
        while let node = open.popLast() {
            switch node {
            case .scalar, .alias: continue
            case .sequence(let items): open.append(contentsOf: items)
            case .mapping(let mapping):
                for (key, value) in mapping {
                    guard let scalar = key.scalar, scalar.style != .plain || !scalar.string.isEmpty else {
                        throw FileDiagnostic(
                            file: file, line: key.mark?.line ?? 1, column: key.mark?.column ?? 1, message: "a key is a structure or an alias",
                            fix: "write the key as plain text")
                    }
                    open.append(value)
                }
            }
        }
    }

    private static func diagnostic(_ error: YamlError, text: String, file: String) -> FileDiagnostic {
        switch error {
        case .scanner(let context, let problem, let mark, _), .parser(let context, let problem, let mark, _),
            .composer(let context, let problem, let mark, _):
            let words = [context.map { $0.text }, problem].compactMap { $0 }.joined(separator: " ")
            return FileDiagnostic(
                file: file, line: mark.line, column: mark.column, message: "this is not YAML: \(words)",
                fix: "look at the indentation, the quotes and the brackets here and just before")
        case .duplicatedKeysInMapping(let duplicates, let context):
            let key = duplicates.first ?? ""
            let mark = second(key, after: context.mark, in: text)
            return FileDiagnostic(
                file: file, line: mark.line, column: mark.column, message: "'\(key)' is given twice (first on line \(context.mark.line))",
                fix: "keep one of the two")
        case .reader(let problem, let offset, _, _):
            let before = text.utf8.prefix(offset ?? 0).split(separator: 0x0a, omittingEmptySubsequences: false)
            return FileDiagnostic(
                file: file, line: max(before.count, 1), column: (before.last?.count ?? 0) + 1, message: "this is not YAML: \(problem)",
                fix: "remove the character, or write it as an escape in double quotes")
        default:
            return FileDiagnostic(file: file, line: 1, column: 1, message: "this is not YAML: \(error)")
        }
    }

    /// Where a key stands again at the same depth: YAML's reader names the first place alone.
    private static func second(_ key: String, after mark: Mark, in text: String) -> (line: Int, column: Int) {
        let lines = text.split(omittingEmptySubsequences: false, whereSeparator: { $0 == "\n" || $0 == "\r\n" })
        for index in lines.indices.dropFirst(mark.line) {
            let indent = lines[index].prefix { $0 == " " }.count
            let rest = lines[index].dropFirst(indent)
            guard indent == mark.column - 1 else { continue }
            if [key, "\"\(key)\"", "'\(key)'"].contains(where: { rest.hasPrefix("\($0):") }) { return (index + 1, indent + 1) }
        }
        return secondInFlow(key, after: mark, lines) ?? (mark.line, mark.column)
    }

    /// In `{a: 1, "a": 2}` both stand on one line.
    private static func secondInFlow(_ key: String, after mark: Mark, _ lines: [Substring]) -> (line: Int, column: Int)? {
        guard mark.line >= 1, mark.line <= lines.count else { return nil }
        let line = lines[mark.line - 1]
        var seen = 0
        for index in line.indices.dropFirst(max(mark.column - 1, 0)) {
            let rest = line[index...]
            guard [key, "\"\(key)\"", "'\(key)'"].contains(where: { rest.hasPrefix("\($0):") }),
                index == line.startIndex || ["{", ",", " "].contains(line[line.index(before: index)])
            else { continue }
            seen += 1
            if seen == 2 { return (mark.line, line.distance(from: line.startIndex, to: index) + 1) }
        }
        return nil
    }

    /// Turns the parser's nodes into ours.
    private struct Conversion {
        let file: String
        var pieces = 0

        mutating func node(_ node: Node, depth: Int) throws(FileDiagnostic) -> YAMLNode {
            let line = node.mark?.line ?? 0
            let column = node.mark?.column ?? 0
            func refuse(_ message: String, _ fix: String) -> FileDiagnostic {
                FileDiagnostic(file: file, line: line, column: column, message: message, fix: fix)
            }
            pieces += 1
            guard pieces <= pieceLimit else {
                throw refuse("the document has too many pieces, aliases counted in full", "at most \(pieceLimit) are read")
            }
            guard depth <= depthLimit else { throw refuse("the document is nested too deeply", "at most \(depthLimit) levels are read") }
            switch node {
            case .scalar(let scalar):
                return YAMLNode(.scalar(.init(scalar.string, kind(node))), line: line, column: column, file: file)
            case .sequence(let items):
                var list: [YAMLNode] = []
                for item in items { list.append(try self.node(item, depth: depth + 1)) }
                return YAMLNode(.list(list), line: line, column: column, file: file)
            case .mapping(let mapping):
                return YAMLNode(.map(try entries(mapping, depth: depth)), line: line, column: column, file: file)
            case .alias:
                throw refuse("an alias that nothing defines", "define it with '&' above, or write the value out")
            }
        }

        private func kind(_ node: Node) -> YAMLNode.Kind {
            guard let scalar = node.scalar else { return .text }
            // YAML 1.1 takes 1:20 for a number in base 60; Docker does not.
            if scalar.string.utf8.contains(0x3a) { return .text }
            var tag = Resolver.basic.resolveTag(of: node)
            if tag == .str, scalar.style == .plain, Self.mayBeTyped(scalar.string) {
                tag = Resolver.default.resolveTag(of: Node(scalar.string, Tag(.implicit), .plain))
            }
            switch tag {
            case .int: return .integer
            case .float: return .decimal
            case .bool: return .truth
            case .null: return .null
            default: return .text
            }
        }

        /// By its first character: Yams tells a plain scalar's kind with regular expressions, which is most of the work of reading.
        private static func mayBeTyped(_ text: String) -> Bool {
            guard let first = text.utf8.first else { return true }
            return (0x30...0x39).contains(first) || "+-.~yYnNtTfFoO".utf8.contains(first)
        }

        private mutating func entries(_ mapping: Node.Mapping, depth: Int) throws(FileDiagnostic) -> [YAMLNode.Entry] {
            var own: [YAMLNode.Entry] = []
            var lines: [String: Int] = [:]
            var merged: [YAMLNode.Entry] = []
            for pair in mapping {
                let (line, column) = (pair.key.mark?.line ?? 0, pair.key.mark?.column ?? 0)
                guard let key = pair.key.scalar else {
                    throw FileDiagnostic(file: file, line: line, column: column, message: "a key is a structure", fix: "write the key as plain text")
                }
                let value = try node(pair.value, depth: depth + 1)
                if key.string == "<<", key.style == .plain {
                    let sources = value.list ?? [value]
                    for source in sources {
                        guard let more = source.map else {
                            throw FileDiagnostic(
                                file: file, line: value.line, column: value.column, message: "'<<' merges \(source.kindInWords)",
                                fix: "give it a mapping")
                        }
                        merged += more
                    }
                } else {
                    // To Yams 1 and "1" differ; here keys are texts.
                    if let first = lines.updateValue(line, forKey: key.string) {
                        throw FileDiagnostic(
                            file: file, line: line, column: column, message: "'\(key.string)' is given twice (first on line \(first))",
                            fix: "keep one of the two")
                    }
                    own.append(.init(key: key.string, line: line, column: column, file: file, value: value))
                }
            }
            var known = Set(lines.keys)
            for entry in merged where known.insert(entry.key).inserted { own.append(entry) }
            return own
        }
    }
}
