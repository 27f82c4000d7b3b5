import SkepModel
import SkepYAML

extension SpecReader {
    /// The nodes in the order of the file, with as many managers as are asked for.
    func nodes(_ top: Section) -> [ClusterSpec.Node] {
        guard let node = top.required("nodes", example: "'nodes: {n1: {role: manager}}'"),
            let entries = Section.entries(node, path: "nodes", findings)
        else { return [] }
        if entries.isEmpty { findings.add(node, "'nodes' names no node", fix: "write one line for each machine: 'n1: {}'") }
        var result: [ClusterSpec.Node] = []
        var marked: [(place: YAMLNode, role: Role)] = []
        var free: [Int] = []
        for entry in entries {
            guard let name = name(entry, of: "node", NodeName.self),
                let section = Section(entry.value, path: "nodes.\(entry.key)", keys: ["role", "labels", "sysctls"], findings)
            else { continue }
            let role = section.word("role", ["manager", "worker"]).flatMap(Role.init)
            if let place = section["role"], let role { marked.append((place, role)) }
            if section["role"] == nil { free.append(result.count) }
            result.append(
                ClusterSpec.Node(
                    name: name, role: role ?? .worker, labels: section["labels"].map { labels($0, path: "nodes.\(entry.key).labels") } ?? [:],
                    sysctls: section["sysctls"].map { sysctls($0, path: "nodes.\(entry.key).sysctls") } ?? [:]))
        }
        chooseManagers(&result, free: free, marked: marked.filter { $0.role == .manager }.map(\.place), top)
        return result
    }

    private func chooseManagers(_ nodes: inout [ClusterSpec.Node], free: [Int], marked: [YAMLNode], _ top: Section) {
        let asked = top.integer("managers")
        if top["managers"] != nil, asked == nil { return }
        if let asked, let place = top["managers"] {
            guard asked >= 1, asked % 2 == 1 else {
                findings.add(
                    place, "\(asked) is no number of managers: it must be odd, so that a majority is left when one is lost",
                    fix: asked < 1 ? "write 1, 3 or 5" : "write \(asked - 1) or \(asked + 1)")
                return
            }
            guard marked.count <= asked else {
                findings.add(
                    marked[asked], "\(marked.count) nodes have 'role: manager', but 'managers' is \(asked)", fix: "mark fewer, or remove 'managers'")
                return
            }
            let missing = asked - marked.count
            guard missing <= free.count else {
                findings.add(
                    place, "'managers' is \(asked), but only \(marked.count + free.count) nodes may be managers",
                    fix: "add nodes, or write a smaller odd number")
                return
            }
            for index in free.prefix(missing) { nodes[index].role = .manager }
        } else if marked.isEmpty {
            guard let first = free.first else {
                if !nodes.isEmpty { findings.add(top["nodes"] ?? top.node, "no node is a manager", fix: "give one 'role: manager'") }
                return
            }
            nodes[first].role = .manager
        } else if marked.count % 2 == 0, let last = marked.last {
            findings.add(
                last, "\(marked.count) nodes have 'role: manager': their number must be odd, so that a majority is left when one is lost",
                fix: "mark one more, or one fewer")
        }
    }

    private func labels(_ node: YAMLNode, path: String) -> [String: String] {
        guard let entries = Section.entries(node, path: path, findings) else { return [:] }
        var result: [String: String] = [:]
        for entry in entries {
            if let problem = Rules.labelKeyProblem(entry.key) {
                findings.add(entry, "'\(entry.key)' cannot be a node's label", fix: problem)
                continue
            }
            guard let scalar = entry.value.scalar else {
                findings.add(entry.value, "the label '\(entry.key)' must be a text, not \(entry.value.kindInWords)")
                continue
            }
            let value = scalar.kind == .null ? "" : scalar.text
            if let problem = Rules.labelValueProblem(value) {
                findings.add(entry.value, "'\(value)' cannot be a label's value", fix: problem)
                continue
            }
            result[entry.key] = value
        }
        return result
    }

    private func sysctls(_ node: YAMLNode, path: String) -> [String: String] {
        guard let entries = Section.entries(node, path: path, findings) else { return [:] }
        var result: [String: String] = [:]
        for entry in entries {
            if let problem = Rules.sysctlProblem(entry.key) {
                findings.add(entry, "'\(entry.key)' cannot be set as a sysctl", fix: problem)
                continue
            }
            guard let scalar = entry.value.scalar, [.text, .integer].contains(scalar.kind) else {
                findings.add(entry.value, "the sysctl '\(entry.key)' must be a number or a text, not \(entry.value.kindInWords)")
                continue
            }
            if let problem = Rules.sysctlValueProblem(entry.key, scalar.text) {
                findings.add(entry.value, "'\(scalar.text.prefix(40))' cannot be the value of \(entry.key)", fix: problem)
                continue
            }
            result[entry.key] = scalar.text
        }
        return result
    }
}
