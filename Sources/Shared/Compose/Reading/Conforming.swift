import SkepClusterFile
import SkepYAML

/// Brings what was written into the shape that its keys take: kinds are made exact, what a swarm ignores is said and left out, and what is
/// unknown is refused.
struct Conforming {
    let remarks: Remarks

    /// `path` is in words, such as `services.web.deploy`.
    func conform(_ node: YAMLNode, to shape: Shape, path: String) -> YAMLNode {
        switch shape {
        case .any: return node
        case .text: return text(node, path)
        case .integer: return number(node, path, .integer, "a whole number") { Int($0).map(String.init) }
        case .decimal: return number(node, path, .decimal, "a number") { Double($0) == nil ? nil : $0 }
        case .truth: return truth(node, path)
        case .duration: return checked(node, path, "a duration such as 30s or 1m30s", Self.isDuration)
        case .size: return checked(node, path, "a number of bytes such as 512M", Self.isSize)
        case .bytes: return number(node, path, .integer, "a number of bytes such as 512M") { Self.bytes($0).map(String.init) }
        case .word(let words, let others):
            let fix = node.scalar.flatMap { others[$0.text] }
            return checked(node, path, "one of \(words.joined(separator: ", "))", fix: fix) { words.contains($0) }
        case .scalar:
            if node.scalar == nil { refuse(node, path, "a text or a number") }
            return node
        case .list(let item):
            guard let items = node.list else { return empty(node, path, "a list", .list([])) }
            return node.with(.list(items.enumerated().map { conform($0.element, to: item, path: "\(path)[\($0.offset)]") }))
        case .map(let value):
            guard let entries = node.map else { return empty(node, path, "a mapping", .map([])) }
            return node.with(
                .map(
                    entries.map { entry in
                        var entry = entry
                        entry.value = conformEntry(entry, to: value, path: "\(path).\(entry.key)")
                        return entry
                    }))
        case .object(let keys): return object(node, keys, path)
        case .either(let shapes):
            guard let fitting = shapes.first(where: { Self.fits(node, $0) }) else {
                if node.isNull { return node }
                refuse(node, path, shapes.map(Self.words).joined(separator: " or "))
                return node
            }
            return conform(node, to: fitting, path: path)
        }
    }

    /// Nothing written where a mapping could be is an empty one: `default:` alone defines a network.
    private func conformEntry(_ entry: YAMLNode.Entry, to shape: Shape, path: String) -> YAMLNode {
        if entry.value.isNull, Self.isObject(shape) { return YAMLNode(.map([]), line: entry.line, column: entry.column, file: entry.file) }
        return conform(entry.value, to: shape, path: path)
    }

    private func object(_ node: YAMLNode, _ keys: Shape.Keys, _ path: String) -> YAMLNode {
        guard let entries = node.map else { return empty(node, path, "a mapping", .map([])) }
        var result: [YAMLNode.Entry] = []
        for var entry in entries where !entry.key.hasPrefix("x-") || keys[entry.key] != nil {
            switch keys[entry.key] {
            case nil:
                let near = Spelling.nearest(entry.key, in: Array(keys.keys))
                remarks.error(
                    .unknownKey, entry, "Docker's stack deployment does not know the key '\(path).\(entry.key)'",
                    fix: near.map { "did you mean '\($0)'?" } ?? "look at its spelling, or remove it")
            case .ignored(let instead):
                remarks.warn(.ignoredKey, entry, "a swarm takes no notice of '\(entry.key)'", fix: instead.isEmpty ? "remove it" : instead)
            case .needless(let why): remarks.note(.ignoredKey, entry, "'\(entry.key)' is left out: \(why)")
            case .refused(let instead):
                remarks.error(.unknownKey, entry, "Docker's stack deployment does not know the key '\(path).\(entry.key)'", fix: instead)
            case .taken(let shape), .rewritten(let shape):
                if entry.value.isNull { continue }
                entry.value = conform(entry.value, to: shape, path: "\(path).\(entry.key)")
                result.append(entry)
            }
        }
        return node.with(.map(result))
    }

    private func text(_ node: YAMLNode, _ path: String) -> YAMLNode {
        guard let scalar = node.scalar else {
            refuse(node, path, "a text")
            return node
        }
        return node.with(.scalar(.init(scalar.kind == .null ? "" : scalar.text, .text)))
    }

    private func checked(_ node: YAMLNode, _ path: String, _ words: String, fix: String? = nil, _ isGood: (String) -> Bool) -> YAMLNode {
        let result = text(node, path)
        if let text = node.scalar?.text, !isGood(text) { refuse(node, path, words, fix: fix) }
        return result
    }

    private static func isDuration(_ text: String) -> Bool {
        var rest = text[...]
        if rest == "0" { return true }
        while !rest.isEmpty {
            let number = rest.prefix { $0.isASCII && $0.isNumber || $0 == "." }
            rest = rest.dropFirst(number.count)
            let unit = rest.prefix { !($0.isASCII && $0.isNumber) && $0 != "." }
            guard Double(number) != nil, ["ns", "us", "µs", "ms", "s", "m", "h"].contains(unit) else { return false }
            rest = rest.dropFirst(unit.count)
        }
        return !text.isEmpty
    }

    private static func isSize(_ text: String) -> Bool { bytes(text) != nil }

    private static func bytes(_ text: String) -> Int? {
        let number = text.prefix { $0.isASCII && $0.isNumber || $0 == "." }
        var unit = text.dropFirst(number.count).drop { $0 == " " }.lowercased()
        if unit.hasSuffix("b") { unit.removeLast() }
        if unit.hasSuffix("i") { unit.removeLast() }
        guard let power = ["", "k", "m", "g", "t", "p"].firstIndex(of: unit), let value = Double(number), value < 1e15 else { return nil }
        return Int(exactly: (value * Double(1 << (10 * power))).rounded())
    }

    private func number(_ node: YAMLNode, _ path: String, _ kind: YAMLNode.Kind, _ words: String, _ read: (String) -> String?) -> YAMLNode {
        guard let scalar = node.scalar, let text = read(scalar.text) else {
            refuse(node, path, words)
            return node
        }
        return node.with(.scalar(.init(text, kind)))
    }

    private func truth(_ node: YAMLNode, _ path: String) -> YAMLNode {
        switch node.scalar?.text.lowercased() {
        case "true", "yes", "on": return node.with(.scalar(.init("true", .truth)))
        case "false", "no", "off": return node.with(.scalar(.init("false", .truth)))
        default:
            refuse(node, path, "true or false")
            return node
        }
    }

    private func empty(_ node: YAMLNode, _ path: String, _ words: String, _ content: YAMLNode.Content) -> YAMLNode {
        if node.isNull { return node.with(content) }
        refuse(node, path, words)
        return node
    }

    private func refuse(_ node: YAMLNode, _ path: String, _ words: String, fix: String? = nil) {
        remarks.error(.shape, node, "'\(path)' must be \(words), not \(node.kindInWords)", fix: fix)
    }

    private static func isObject(_ shape: Shape) -> Bool { if case .object = shape { true } else { false } }

    private static func fits(_ node: YAMLNode, _ shape: Shape) -> Bool {
        switch shape {
        case .text, .integer, .decimal, .truth, .duration, .size, .bytes, .word, .scalar: node.scalar != nil && !node.isNull
        case .any: true
        case .list: node.list != nil
        case .map, .object: node.map != nil
        case .either(let shapes): shapes.contains { fits(node, $0) }
        }
    }

    private static func words(_ shape: Shape) -> String {
        switch shape {
        case .text, .scalar, .duration, .size, .bytes, .word: "a text"
        case .integer: "a whole number"
        case .decimal: "a number"
        case .truth: "true or false"
        case .any: "anything"
        case .list: "a list"
        case .map, .object: "a mapping"
        case .either(let shapes): shapes.map(words).joined(separator: " or ")
        }
    }
}
