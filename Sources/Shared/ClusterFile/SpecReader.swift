import SkepModel
import SkepYAML

/// Reads the spec out of the document's nodes and notes what is wrong; the result counts only when nothing is.
struct SpecReader {
    let findings: Findings
    /// Where the data of the catalogue's stacks are already.
    var homes: [StackName: NodeName] = [:]

    static let keys = ["cluster", "kind", "audiences", "managers", "nodes", "docker", "nfs", "firewall", "networks", "stacks", "policy"]

    func read(_ root: YAMLNode) -> ClusterSpec? {
        guard let top = Section(root, path: "", keys: Self.keys, findings) else { return nil }
        let name = top.required("cluster", example: "'cluster: NAME'").flatMap { self.name($0, of: "cluster", ClusterName.self) }
        let kind = self.kind(top)
        let audiences = top.required("audiences", example: "'audiences: {management: [ADDRESSES]}'").map(self.audiences) ?? [:]
        let nodes = self.nodes(top)
        let names = Set(nodes.map(\.name))
        let nfs = top["nfs"].flatMap { self.nfs($0, kind: kind, nodes: nodes.map(\.name)) }
        let governed = Self.governed(nfs)
        let docker = top["docker"].map { self.docker($0, governed: governed) } ?? ClusterSpec.Docker()
        let taken = TakenPorts(governed: governed, dataPath: Self.dataPathPorts(docker))
        let allow = top["firewall"].map { self.firewall($0, taken: taken) } ?? []
        let networks = top["networks"].map(self.networks) ?? []
        let known = StackContext(
            nodes: nodes, shares: nfs?.shares.map(\.name.rawValue) ?? [], networks: networks.map(\.name.rawValue), taken: taken)
        let stacks = top["stacks"].map { self.stacks($0, known) } ?? []
        let policy = top["policy"].map(self.policy) ?? ClusterSpec.Policy()
        guard let name, let kind, !names.isEmpty else { return nil }
        var spec = ClusterSpec(
            name: name, kind: kind, audiences: audiences, nodes: nodes, docker: docker, nfs: nfs, allow: allow, networks: networks,
            stacks: stacks, policy: policy)
        if top["stacks"] == nil {
            KindDefaults.stacks(&spec) { entry in home(entry, StackName(rawValue: entry.name), nodes, place: root) }
        }
        KindDefaults.sysctls(&spec)
        return spec
    }

    /// A name of some sort out of a scalar.
    func name<Name: ValidatedName>(_ node: YAMLNode, of what: String, _: Name.Type) -> Name? {
        guard let text = node.scalar?.text else {
            findings.add(node, "the name of a \(what) must be a text, not \(node.kindInWords)")
            return nil
        }
        guard let name = Name(rawValue: text) else {
            findings.add(node, "'\(text)' cannot be the name of a \(what)", fix: Name.rule)
            return nil
        }
        return name
    }

    /// A name of some sort out of a key.
    func name<Name: ValidatedName>(_ entry: YAMLNode.Entry, of what: String, _: Name.Type) -> Name? {
        guard let name = Name(rawValue: entry.key) else {
            findings.add(entry, "'\(entry.key)' cannot be the name of a \(what)", fix: Name.rule)
            return nil
        }
        return name
    }

    private func kind(_ top: Section) -> ClusterKind? {
        guard top.required("kind", example: "'kind: target' or 'kind: host'") != nil else { return nil }
        return top.word("kind", ClusterKind.allCases.map(\.rawValue)).flatMap(ClusterKind.init)
    }

    private func policy(_ node: YAMLNode) -> ClusterSpec.Policy {
        var policy = ClusterSpec.Policy()
        guard let section = Section(node, path: "policy", keys: ["approval", "drills", "drained-by-hand", "restart-docker"], findings) else {
            return policy
        }
        policy.approval = section.truth("approval", default: false)
        policy.drills = section.word("drills", ["forbidden", "allowed"]) == "allowed"
        policy.drainedByHand = section.word("drained-by-hand", ["show", "restore"]).flatMap { .init(rawValue: $0) } ?? .show
        policy.restartDocker = section.word("restart-docker", ["never", "quorum-safe"], later: ["ask"]).flatMap { .init(rawValue: $0) } ?? .never
        return policy
    }
}
