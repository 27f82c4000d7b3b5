/// One of a service's placement constraints, as swarmkit reads it (manager/constraint), as far as it can be told from what is known of a member.
public struct PlacementConstraint: Hashable, Sendable {
    /// What is known of a member.
    public struct Member: Hashable, Sendable {
        /// Nil when it has not joined yet.
        public var id: String?
        /// Nil when it is not known: a node's name need not be its machine's.
        public var hostname: String?
        public var role: Role
        public var labels: [String: String]

        public init(id: String?, hostname: String?, role: Role, labels: [String: String]) {
            self.id = id
            self.hostname = hostname
            self.role = role
            self.labels = labels
        }
    }

    public let key: String
    public let value: String
    public let isEqual: Bool

    /// Nil for what swarmkit would not read: it wants `==` or `!=` between a key and a value.
    public init?(_ text: String) {
        guard let equal = Self.position(of: "==", in: text).map({ ($0, true) }) ?? Self.position(of: "!=", in: text).map({ ($0, false) }) else {
            return nil
        }
        key = Self.trimmed(text[..<equal.0])
        value = Self.trimmed(text[text.index(equal.0, offsetBy: 2)...])
        isEqual = equal.1
        let first = key.utf8.first ?? 0
        let others: Set<UInt8> = [0x2d, 0x2e, 0x5f]
        guard (0x61...0x7a).contains(first | 0x20) || first == 0x5f, !value.isEmpty,
            key.utf8.dropFirst().allSatisfy({ (0x61...0x7a).contains($0 | 0x20) || (0x30...0x39).contains($0) || others.contains($0) })
        else { return nil }
    }

    /// Whether swarmkit knows the key; it matches no member by another.
    public var isKnown: Bool {
        let name = key.lowercased()
        return ["node.id", "node.hostname", "node.ip", "node.role", "node.platform.os", "node.platform.arch"].contains(name)
            || name.hasPrefix("node.labels.") || name.hasPrefix("engine.labels.")
    }

    /// As swarmkit compares: without regard to case, an absent label being empty; nil when it is beyond what is known of the member.
    public func admits(_ member: Member) -> Bool? {
        let actual: String
        switch key.lowercased() {
        case "node.id":
            guard let id = member.id else { return nil }
            actual = id
        case "node.hostname":
            guard let hostname = member.hostname else { return nil }
            actual = hostname
        case "node.role": actual = member.role.rawValue
        case let name where name.hasPrefix("node.labels."): actual = member.labels[String(key.dropFirst("node.labels.".count))] ?? ""
        default: return nil
        }
        return (actual.lowercased() == value.lowercased()) == isEqual
    }

    /// The members that all constraints let in; nil when one of them is beyond what is known.
    public static func eligible<Members: Sequence>(
        _ constraints: [String], _ members: Members, member: (Members.Element) -> Member
    ) -> [Members.Element]? {
        let read = constraints.map(PlacementConstraint.init)
        var result: [Members.Element] = []
        for element in members {
            let answers = read.map { $0?.admits(member(element)) }
            // one definite no is enough, whatever the others are
            if answers.contains(false) { continue }
            if answers.contains(nil) { return nil }
            result.append(element)
        }
        return result
    }

    private static func position(of sign: String, in text: String) -> String.Index? {
        text.indices.first { text[$0...].hasPrefix(sign) }
    }

    private static func trimmed(_ text: Substring) -> String {
        String(text.drop { $0 == " " }.reversed().drop { $0 == " " }.reversed())
    }
}
