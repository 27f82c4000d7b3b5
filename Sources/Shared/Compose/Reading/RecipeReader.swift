import SkepYAML

/// Reads `x-generate`: a kind, or a mapping with `kind` and what that takes.
struct RecipeReader {
    let remarks: Remarks

    private static let keys: [String: [String]] = [
        "password": ["length"], "key": ["bytes"], "rsa-key": ["bits"], "ec-key": [], "public-key": ["of"], "certificate": ["of", "names", "days"],
        "htpasswd": ["of", "user"],
    ]

    /// Nil, with remarks, when it is none; `others` are the kinds of all values that Skep makes.
    func read(_ node: YAMLNode, others: [String: String]) -> GeneratedValue.Recipe? {
        let kind = node.scalar?.text ?? node.text("kind") ?? ""
        guard let keys = Self.keys[kind] else {
            remarks.error(
                .shape, node["kind"] ?? node, "'x-generate' makes nothing of the kind '\(kind)'",
                fix: "it makes: \(Self.keys.keys.sorted().joined(separator: ", "))")
            return nil
        }
        for entry in node.map ?? [] where entry.key != "kind" && !keys.contains(entry.key) {
            remarks.error(
                .unknownKey, entry, "'x-generate' of the kind '\(kind)' takes no '\(entry.key)'",
                fix: "known are: \((["kind"] + keys).joined(separator: ", "))")
            return nil
        }
        switch kind {
        case "password": return number("length", in: node, 16...128, 32).map { .password(length: $0) }
        case "key": return number("bytes", in: node, 16...512, 32).map { .key(bytes: $0) }
        case "rsa-key": return bits(in: node).map { .rsaKey(bits: $0) }
        case "ec-key": return .ecKey
        case "public-key": return basis(node, others, ["ec-key", "rsa-key"]).map { .publicKey(of: $0) }
        case "certificate":
            let names = node["names"].map(Self.names) ?? []
            guard !names.isEmpty else {
                remarks.error(.shape, node["names"] ?? node, "a certificate needs 'names', the hosts that it is for", fix: "add names: [HOST]")
                return nil
            }
            guard let of = basis(node, others, ["ec-key", "rsa-key"]), let days = number("days", in: node, 1...3650, 365) else { return nil }
            return .certificate(of: of, names: names, days: days)
        default:
            guard let user = node.text("user"), !user.isEmpty, !user.contains(":"), user.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7f }) else {
                remarks.error(.shape, node["user"] ?? node, "'htpasswd' needs a 'user', without ':' and spaces", fix: "add user: NAME")
                return nil
            }
            return basis(node, others, ["password"]).map { .htpasswd(of: $0, user: user) }
        }
    }

    /// A list, or a text with commas, as a variable has it.
    private static func names(_ node: YAMLNode) -> [String] {
        if let list = node.list { return list.compactMap { $0.scalar?.text } }
        let names = (node.scalar?.text ?? "").split(separator: ",")
        return names.map { String($0.drop { $0 == " " }.reversed().drop { $0 == " " }.reversed()) }.filter { !$0.isEmpty }
    }

    private func number(_ key: String, in node: YAMLNode, _ range: ClosedRange<Int>, _ other: Int) -> Int? {
        guard let place = node[key] else { return other }
        if let number = place.scalar.flatMap({ Int($0.text) }), range.contains(number) { return number }
        remarks.error(
            .shape, place, "'\(key)' must be a number from \(range.lowerBound) to \(range.upperBound), not \(place.kindInWords)")
        return nil
    }

    /// What is in use: makers of keys take no others, or end the program (`KeySize` of swift-crypto takes whole bytes alone).
    private static let rsaSizes = [2048, 3072, 4096]

    private func bits(in node: YAMLNode) -> Int? {
        guard let place = node["bits"] else { return Self.rsaSizes[0] }
        if let number = place.scalar.flatMap({ Int($0.text) }), Self.rsaSizes.contains(number) { return number }
        remarks.error(.shape, place, "'bits' of an RSA key must be 2048, 3072 or 4096, not \(place.kindInWords)")
        return nil
    }

    private func basis(_ node: YAMLNode, _ others: [String: String], _ kinds: [String]) -> String? {
        guard let name = node.text("of") else {
            remarks.error(.shape, node, "it is not said from which value it is made", fix: "add of: NAME, another one with 'x-generate'")
            return nil
        }
        let fitting = others.filter { kinds.contains($0.value) }.keys.sorted()
        guard fitting.contains(name) else {
            let words = kinds.joined(separator: " or ")
            remarks.error(
                .undefined, node["of"] ?? node, "'\(name)' is no \(words) that Skep makes",
                fix: fitting.isEmpty ? "define one with 'x-generate: \(kinds[0])'" : "there are: \(fitting.joined(separator: ", "))")
            return nil
        }
        return name
    }
}
