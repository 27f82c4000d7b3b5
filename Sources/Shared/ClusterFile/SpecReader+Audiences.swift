import SkepModel
import SkepYAML

extension SpecReader {
    func audiences(_ node: YAMLNode) -> [Audience: [CIDR]] {
        guard let entries = Section.entries(node, path: "audiences", findings) else { return [:] }
        var result: [Audience: [CIDR]] = [:]
        for entry in entries {
            findings.remember("audiences.\(entry.key)", entry.value)
            let audience = Audience(rawValue: entry.key)
            guard Audience.named.contains(audience) else {
                let words = Audience.named.map(\.rawValue)
                let fix = Spelling.nearest(entry.key, in: words).map { "did you mean '\($0)'?" } ?? "known are: \(words.joined(separator: ", "))"
                if audience == .cluster {
                    findings.add(entry, "the audience 'cluster' is the enrolled nodes and is filled by itself", fix: "remove it")
                } else {
                    findings.add(entry, "unknown audience '\(entry.key)'", fix: fix)
                }
                continue
            }
            if entry.value.isNull {
                result[audience] = []
            } else if let items = entry.value.list {
                result[audience] = items.compactMap { range($0, "an address range") }
            } else {
                findings.add(
                    entry.value, "'audiences.\(entry.key)' must be a list of address ranges, not \(entry.value.kindInWords)",
                    fix: "put it into brackets: [\(entry.value.scalar?.text ?? "…")]")
            }
            if audience == .management, result[audience]?.isEmpty == true, entry.value.isNull || entry.value.list?.isEmpty == true {
                findings.add(
                    entry, "the audience 'management' is empty: nobody could reach ssh or the coordinator", fix: "give it your own addresses")
            }
        }
        if !entries.contains(where: { $0.key == "management" }) {
            findings.add(
                node, "the audience 'management' is missing: nobody could reach ssh or the coordinator",
                fix: "add 'management: [ADDRESSES]' with your own addresses")
        }
        return result
    }

    /// An address range; one that is none, or that has host bits, is refused with the right one.
    func range(_ node: YAMLNode, _ what: String) -> CIDR? {
        guard let text = node.scalar?.text, node.scalar?.kind != .null else {
            findings.add(node, "\(what) must be a text such as 198.51.100.0/24, not \(node.kindInWords)")
            return nil
        }
        if let range = CIDR(text) { return range }
        let parts = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        if let address = parts.first.flatMap({ IPAddress(String($0)) }), parts.count == 2 {
            if let prefix = Int(parts[1]), let network = CIDR(address, prefix: prefix), network.description != text, !parts[1].hasPrefix("+") {
                findings.add(
                    node, "'\(text)' has host bits set", fix: "write \(network) for the range, or \(address)/\(address.width) for the one address")
            } else {
                findings.add(node, "'\(text)' is no address range", fix: "the part after '/' is a number from 0 to \(address.width)")
            }
            return nil
        }
        let looksV6 = text.contains(":")
        findings.add(
            node, "'\(text)' is no address range",
            fix: looksV6 ? "write one like 2001:db8::/32, in quotes" : "write one like 198.51.100.0/24; names are not looked up")
        return nil
    }

    /// A list of audiences that may come to a port.
    func audienceList(_ node: YAMLNode, path: String) -> [Audience] {
        guard let items = node.list else {
            findings.add(
                node, "'\(path)' must be a list of audiences, not \(node.kindInWords)", fix: "put it into brackets: [\(node.scalar?.text ?? "users")]"
            )
            return []
        }
        if items.isEmpty { findings.add(node, "'\(path)' opens a port to nobody", fix: "name an audience, or remove the port") }
        let words = Audience.named.map(\.rawValue) + [Audience.cluster.rawValue]
        var result: [Audience] = []
        for item in items {
            guard let text = item.scalar?.text, words.contains(text) else {
                let near = item.scalar.flatMap { Spelling.nearest($0.text, in: words) }
                findings.add(
                    item, "unknown audience '\(item.scalar?.text ?? item.kindInWords)'",
                    fix: near.map { "did you mean '\($0)'?" } ?? "known are: \(words.joined(separator: ", "))")
                continue
            }
            if result.contains(Audience(rawValue: text)) {
                findings.add(item, "the audience '\(text)' is given twice", fix: "remove one")
            } else {
                result.append(Audience(rawValue: text))
            }
        }
        return result
    }
}
