internal import SkepModel

/// One of a service's placement constraints, as far as Skep can tell which members it lets in.
struct PlacementConstraint {
    private let key: String
    private let value: String
    private let isEqual: Bool

    /// Nil for what cannot be told from the list of members: the platform, the engine's labels, an address.
    init?(_ text: String) {
        let isEqual = text.contains("==")
        guard let sign = Self.position(of: isEqual ? "==" : "!=", in: text) else { return nil }
        key = Self.trimmed(text[..<sign])
        value = Self.trimmed(text[text.index(sign, offsetBy: 2)...])
        self.isEqual = isEqual
        guard ["node.id", "node.hostname", "node.role"].contains(key) || key.hasPrefix("node.labels.") else { return nil }
    }

    /// As swarmkit compares: without regard to case, an absent label being empty.
    func admits(_ node: NodeEntry) -> Bool {
        let actual: String
        switch key {
        case "node.id": actual = node.ID
        case "node.hostname": actual = node.hostname
        case "node.role": actual = node.role.rawValue
        default: actual = node.labels[String(key.dropFirst("node.labels.".count))] ?? ""
        }
        return (actual.lowercased() == value.lowercased()) == isEqual
    }

    /// The members that may run the service now; nil when a constraint is beyond us.
    static func eligible(_ constraints: [String], _ nodes: [NodeEntry]) -> [NodeEntry]? {
        var read: [PlacementConstraint] = []
        for text in constraints {
            guard let constraint = PlacementConstraint(text) else { return nil }
            read.append(constraint)
        }
        return nodes.filter { node in node.state == "ready" && node.availability == "active" && read.allSatisfy { $0.admits(node) } }
    }

    private static func position(of sign: String, in text: String) -> String.Index? {
        text.indices.first { text[$0...].hasPrefix(sign) }
    }

    private static func trimmed(_ text: Substring) -> String {
        String(text.drop { $0 == " " }.reversed().drop { $0 == " " }.reversed())
    }
}
