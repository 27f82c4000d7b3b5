import SkepModel
import SkepYAML

extension LongForm {
    /// One entry of `ports` in the long form; a range becomes one for each port.
    func ports(_ node: YAMLNode) -> [YAMLNode] { node.map == nil ? short(node.scalar?.text ?? "", node) : long(node).map { [$0] } ?? [] }

    /// Each port is one of the swarm's own, in every task.
    private static var rangeLimit: Int { 5000 }

    private func entry(_ node: YAMLNode, target: Int, published: Int?, transport: String, mode: String) -> YAMLNode {
        func number(_ value: Int) -> YAMLNode { node.with(.scalar(.init("\(value)", .integer))) }
        var result = node.with(.map([]))
        result["mode"] = node.with(text: mode)
        result["target"] = number(target)
        if let published { result["published"] = number(published) }
        result["protocol"] = node.with(text: transport)
        return result
    }

    /// `[ADDRESS:][PUBLISHED:]TARGET[/TRANSPORT]`, ports or ranges (docker/go-connections, nat.ParsePortSpec).
    private func short(_ text: String, _ node: YAMLNode) -> [YAMLNode] {
        let fix = "write \"PUBLISHED:TARGET\" in quotes, such as \"8080:80\" or \"5000:5000/udp\""
        let halves = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        guard let transport = halves.count == 2 ? transport(String(halves[1]), node) : "tcp" else { return [] }
        var rest = halves.first ?? ""
        var isBound = false
        if rest.hasPrefix("["), let close = rest.firstIndex(of: "]") {
            isBound = true
            rest = rest[rest.index(after: close)...].drop { $0 == ":" }
        }
        var parts = rest.split(separator: ":", omittingEmptySubsequences: false)
        if parts.count == 3 {
            isBound = true
            parts.removeFirst()
        }
        if isBound {
            remarks.warn(
                .portAddress, node, "a swarm takes no notice of the address in '\(text)': the port is published on all of a node's addresses",
                fix: "leave the address out, and say under 'expose:' of the stack who may reach the port")
        }
        func refuse(_ words: String) -> [YAMLNode] {
            remarks.error(.shape, node, words, fix: fix)
            return []
        }
        guard let target = parts.last.flatMap(Self.range), parts.count <= 2 else { return refuse("'\(text)' is no port") }
        guard target.count <= Self.rangeLimit else { return refuse("the range in '\(text)' has \(target.count) ports") }
        guard parts.count == 2, !parts[0].isEmpty else {
            return target.map { entry(node, target: $0, published: nil, transport: transport, mode: "ingress") }
        }
        guard let published = Self.range(parts[0]) else { return refuse("'\(text)' is no port") }
        guard published.count == target.count || target.count == 1 else { return refuse("the two ranges in '\(text)' are of different sizes") }
        guard published.count <= Self.rangeLimit else {
            return refuse("the range in '\(text)' has \(published.count) ports, and at most \(Self.rangeLimit) are published")
        }
        return published.enumerated().map { index, port in
            let inner = target.count == 1 ? target.lowerBound : target.lowerBound + index
            return entry(node, target: inner, published: port, transport: transport, mode: "ingress")
        }
    }

    private func transport(_ text: String, _ node: YAMLNode) -> String? {
        if ["tcp", "udp", "sctp"].contains(text.lowercased()) { return text.lowercased() }
        remarks.error(.shape, node, "'\(text)' is no transport of a port", fix: "write tcp or udp")
        return nil
    }

    private func long(_ node: YAMLNode) -> YAMLNode? {
        func number(_ key: String) -> Int? {
            guard let value = node[key] else { return nil }
            if let text = value.scalar?.text, let port = Int(text), (1...65535).contains(port) { return port }
            remarks.error(.shape, value, "'\(key)' of a port must be a number from 1 to 65535, not \(value.kindInWords)")
            return nil
        }
        let mode = node["mode"]?.scalar?.text ?? "ingress"
        if !["ingress", "host"].contains(mode), let place = node["mode"] {
            remarks.error(.shape, place, "'\(mode)' is no mode of a port", fix: "write ingress or host")
        }
        guard node["target"] != nil else {
            remarks.error(.shape, node, "a port has no 'target'", fix: "add the container's port")
            return nil
        }
        guard let target = number("target"), let transport = transport(node["protocol"]?.scalar?.text ?? "tcp", node["protocol"] ?? node) else {
            return nil
        }
        return entry(node, target: target, published: number("published"), transport: transport, mode: mode)
    }

    private static func range(_ text: Substring) -> ClosedRange<Int>? {
        let parts = text.split(separator: "-", maxSplits: 1, omittingEmptySubsequences: false)
        let numbers = parts.map { $0.utf8.allSatisfy { (0x30...0x39).contains($0) } ? Int($0) : nil }
        guard let first = numbers.first.flatMap(\.self), let last = numbers.last.flatMap(\.self), first <= last, (1...65535).contains(first),
            last <= 65535
        else { return nil }
        return first...last
    }
}
