import SkepModel
import SkepYAML

/// Reads what a service publishes, in the short and the long form.
struct PortSyntax {
    let remarks: Remarks
    let service: String

    /// The publications, and the entry as Docker's reader takes it; an entry without a published port gets one of the swarm's own and is not listed.
    func read(_ node: YAMLNode) -> (publications: [StackBundle.Publication], node: YAMLNode) {
        if node.map != nil { return long(node) }
        guard let text = node.scalar?.text else {
            remarks.add(node, "a port must be a text or a mapping, not \(node.kindInWords)")
            return ([], node)
        }
        return (short(text, node), YAMLNode(.scalar(.init(text, .text)), line: node.line, column: node.column))
    }

    private func short(_ text: String, _ node: YAMLNode) -> [StackBundle.Publication] {
        let fix = "write \"PUBLISHED:TARGET\" in quotes, such as \"8080:80\" or \"5000:5000/udp\""
        let halves = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        guard let transport = halves.count == 2 ? Transport(rawValue: String(halves[1])) : .tcp else {
            remarks.add(node, "'\(halves[1])' is no transport of a port", fix: "write /tcp or /udp")
            return []
        }
        var rest = halves[0]
        if rest.hasPrefix("["), let close = rest.firstIndex(of: "]") {
            remarks.warn(node, "a swarm takes no notice of the address in '\(text)': the port is published on all of a node's addresses")
            rest = rest[rest.index(after: close)...].drop { $0 == ":" }
        }
        var parts = rest.split(separator: ":", omittingEmptySubsequences: false)
        if parts.count == 3 {
            remarks.warn(node, "a swarm takes no notice of the address in '\(text)': the port is published on all of a node's addresses")
            parts.removeFirst()
        }
        guard let target = parts.last.flatMap(Self.range), parts.count <= 2 else {
            remarks.add(node, "'\(text)' is no port", fix: fix)
            return []
        }
        guard parts.count == 2, !parts[0].isEmpty else { return [] }
        guard let published = Self.range(parts[0]), target.last - target.first == published.last - published.first || target.isSingle else {
            remarks.add(node, "'\(text)' is no port", fix: fix)
            return []
        }
        return [.init(service: service, port: published, transport: transport, host: false)]
    }

    private func long(_ node: YAMLNode) -> (publications: [StackBundle.Publication], node: YAMLNode) {
        var result = node
        let known = ["target", "published", "protocol", "mode"]
        for entry in node.map ?? [] where !known.contains(entry.key) && !entry.key.hasPrefix("x-") {
            if ["name", "app_protocol", "host_ip"].contains(entry.key) {
                remarks.warn(entry.value, "a swarm takes no notice of '\(entry.key)' of a port")
                result[entry.key] = nil
            } else {
                remarks.add(entry, "unknown key '\(entry.key)' in a port", fix: "known are: \(known.joined(separator: ", "))")
            }
        }
        func number(_ key: String) -> Int? {
            guard let value = node[key] else { return nil }
            guard let text = value.scalar?.text, let port = Int(text), (1...65535).contains(port) else {
                remarks.add(value, "'\(key)' of a port must be a number from 1 to 65535, not \(value.kindInWords)")
                return nil
            }
            result[key] = YAMLNode(.scalar(.init(text, .integer)), line: value.line, column: value.column)
            return port
        }
        if number("target") == nil, node["target"] == nil { remarks.add(node, "a port has no 'target'", fix: "add the container's port") }
        let mode = node["mode"]?.scalar?.text ?? "ingress"
        if !["ingress", "host"].contains(mode), let place = node["mode"] {
            remarks.add(place, "'\(mode)' is no mode of a port", fix: "write ingress or host")
        }
        guard let transport = Transport(rawValue: node["protocol"]?.scalar?.text ?? "tcp") else {
            remarks.add(node["protocol"] ?? node, "'\(node["protocol"]?.scalar?.text ?? "")' is no transport of a port", fix: "write tcp or udp")
            return ([], result)
        }
        guard let published = number("published"), let range = PortRange(published) else { return ([], result) }
        return ([.init(service: service, port: range, transport: transport, host: mode == "host")], result)
    }

    private static func range(_ text: Substring) -> PortRange? {
        let parts = text.split(separator: "-", maxSplits: 1, omittingEmptySubsequences: false)
        let numbers = parts.map { $0.utf8.allSatisfy { (0x30...0x39).contains($0) } ? Int($0) : nil }
        guard let first = numbers.first.flatMap(\.self), let last = numbers.last.flatMap(\.self) else { return nil }
        return PortRange(first, last)
    }
}
