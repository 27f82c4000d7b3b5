/// A name that cannot be wrong: it is checked when it is made, and decodes only if it passes.
public protocol ValidatedName: RawRepresentable<String>, Codable, Hashable, Comparable, Sendable, CustomStringConvertible,
    CodingKeyRepresentable
{
    /// Says in an operator's words what such a name may look like.
    static var rule: String { get }
    /// Whether the text is such a name.
    static func accepts(_ text: String) -> Bool
    /// Wraps a text that is known to be accepted.
    init(unchecked: String)
}

extension ValidatedName {
    public init?(rawValue: String) {
        guard Self.accepts(rawValue) else { return nil }
        self.init(unchecked: rawValue)
    }

    public var description: String { rawValue }

    public static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }
}

extension UInt8 {
    fileprivate var isSmallOrDigit: Bool { (0x61...0x7a).contains(self) || (0x30...0x39).contains(self) }
    fileprivate var isLetterOrDigit: Bool { (0x61...0x7a).contains(self | 0x20) || (0x30...0x39).contains(self) }
    /// `-`, `_` or `.`
    fileprivate var isJoint: Bool { [0x2d, 0x5f, 0x2e].contains(self) }
}

/// What the names of clusters, nodes, stacks and shares have in common: they become host names, DNS labels and file names.
enum LabelRule {
    static func accepts(_ text: String, limit: Int) -> Bool {
        let bytes = text.utf8
        guard !bytes.isEmpty, bytes.count <= limit, let first = bytes.first, let last = bytes.last else { return false }
        return first.isSmallOrDigit && last.isSmallOrDigit && bytes.allSatisfy { $0.isSmallOrDigit || $0 == 0x2d }
    }
}

/// What swarmkit takes as the name of a network or a service: `^[a-zA-Z0-9](?:[-_]*[A-Za-z0-9]+)*$`, at most 63 (manager/controlapi/common.go).
enum SwarmRule {
    static func accepts(_ text: String) -> Bool {
        let bytes = text.utf8
        guard bytes.count <= 63, let first = bytes.first, let last = bytes.last else { return false }
        return first.isLetterOrDigit && last.isLetterOrDigit && bytes.allSatisfy { $0.isLetterOrDigit || $0 == 0x2d || $0 == 0x5f }
    }
}

/// A cluster's name.
public struct ClusterName: ValidatedName {
    public let rawValue: String
    public init(unchecked: String) { rawValue = unchecked }
    public static let rule = "lower-case letters, digits and inner hyphens, at most 40"
    public static func accepts(_ text: String) -> Bool { LabelRule.accepts(text, limit: 40) }
}

/// A node's name in the cluster file; it is the machine's host name or stands for it.
public struct NodeName: ValidatedName {
    public let rawValue: String
    public init(unchecked: String) { rawValue = unchecked }
    public static let rule = "lower-case letters, digits and inner hyphens, at most 63 (it becomes a host name)"
    public static func accepts(_ text: String) -> Bool { LabelRule.accepts(text, limit: 63) }
}

/// A stack's name; Docker puts it before every service's name.
public struct StackName: ValidatedName {
    public let rawValue: String
    public init(unchecked: String) { rawValue = unchecked }
    public static let rule = "lower-case letters, digits and inner hyphens, at most 40 (Docker puts it before service names)"
    public static func accepts(_ text: String) -> Bool { LabelRule.accepts(text, limit: 40) }
}

/// A share's name.
public struct ShareName: ValidatedName {
    public let rawValue: String
    public init(unchecked: String) { rawValue = unchecked }
    public static let rule = "lower-case letters, digits and inner hyphens, at most 40"
    public static func accepts(_ text: String) -> Bool { LabelRule.accepts(text, limit: 40) }
}

/// The name of an overlay network.
public struct NetworkName: ValidatedName {
    public let rawValue: String
    public init(unchecked: String) { rawValue = unchecked }
    /// Names that Docker has for networks of its own (moby, daemon/network: predefined and reserved names), and those that it makes for a swarm.
    static let reserved = ["bridge", "container", "default", "docker_gwbridge", "host", "ingress", "none"]
    public static let rule = "letters, digits, inner '-' and '_', at most 63, and none of Docker's own: \(reserved.joined(separator: ", "))"
    public static func accepts(_ text: String) -> Bool { SwarmRule.accepts(text) && !reserved.contains(text) }
}

/// A service's name in the swarm: its stack's, `_`, and the one that it has in the compose file.
public struct ServiceName: ValidatedName {
    public let rawValue: String
    public init(unchecked: String) { rawValue = unchecked }
    public static let rule = "letters, digits, inner '-' and '_', at most 63 with the stack's name"
    public static func accepts(_ text: String) -> Bool { SwarmRule.accepts(text) }
}

/// The name of a config or a secret in the swarm: swarmkit takes `^[a-zA-Z0-9]+(?:[a-zA-Z0-9-_.]*[a-zA-Z0-9])?$`, at most 64
/// (manager/controlapi/config.go).
public struct ConfigName: ValidatedName {
    public let rawValue: String
    public init(unchecked: String) { rawValue = unchecked }
    public static let rule = "letters, digits, inner '-', '_' and '.', at most 64 (the stack's name, '_' and a digest are part of it)"
    public static func accepts(_ text: String) -> Bool {
        guard text.utf8.count <= 64, let first = text.utf8.first, let last = text.utf8.last else { return false }
        return first.isLetterOrDigit && last.isLetterOrDigit && text.utf8.allSatisfy { $0.isLetterOrDigit || $0.isJoint }
    }
}

/// The name of a volume: Docker takes `^[a-zA-Z0-9][a-zA-Z0-9_.-]+$` (moby, daemon/names/names.go).
public struct VolumeName: ValidatedName {
    public let rawValue: String
    public init(unchecked: String) { rawValue = unchecked }
    public static let rule = "a letter or digit, then letters, digits, '-', '_' and '.'"
    public static func accepts(_ text: String) -> Bool {
        guard text.utf8.count > 1, let first = text.utf8.first else { return false }
        return first.isLetterOrDigit && text.utf8.allSatisfy { $0.isLetterOrDigit || $0.isJoint }
    }
}

/// The identity of a machine; it stays through a reinstall of the agent.
public struct NodeID: ValidatedName {
    public let rawValue: String
    public init(unchecked: String) { rawValue = unchecked }
    public static let rule = "16 lower-case hexadecimal digits"
    public static func accepts(_ text: String) -> Bool {
        text.utf8.count == 16 && text.utf8.allSatisfy { (0x61...0x66).contains($0) || (0x30...0x39).contains($0) }
    }
}
