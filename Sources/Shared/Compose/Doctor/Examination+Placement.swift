import SkepClusterFile
import SkepModel
import SkepYAML

/// Where a service may run.
extension Examination {
    func placement(_ service: Service) {
        let items = service.node["deploy"]?["placement"]?["constraints"]?.list ?? []
        for item in items { constraint(item, service) }
        guard let spec = subject.spec, let candidates = candidates(service, spec) else { return }
        let place = service.node["deploy"]?["placement"]?["constraints"] ?? service.node
        guard !candidates.isEmpty else {
            let unmet = items.first { item in
                PlacementConstraint(item.scalar?.text ?? "").map { constraint in !spec.nodes.contains { constraint.admits(spec.member($0)) ?? true } }
                    ?? false
            }
            let words =
                unmet?.scalar.map { "no node of the cluster file satisfies '\($0.text)'" } ?? "no node of the cluster file satisfies all constraints"
            let all = "\(words): '\(service.name)' would stay at 0 of \(service.isGlobal ? 1 : service.replicas)"
            let fix = labelFix(unmet?.scalar?.text, spec)
            // a label may be given by hand, beside the file
            if items.contains(where: { $0.scalar?.text.contains("node.labels.") == true }) {
                return remarks.warn(.noNode, unmet ?? place, all, fix: fix)
            }
            return remarks.error(.noNode, unmet ?? place, all, fix: fix)
        }
        guard !service.isGlobal else { return }
        let each = service.node["deploy"]?["placement"]?.text("max_replicas_per_node").flatMap(Int.init)
        let bound = service.node["ports"]?.list?.contains { $0.text("mode") == "host" && $0["published"] != nil } == true
        guard let most = bound ? 1 : each, most > 0, service.replicas > most * candidates.count else { return }
        remarks.error(
            .noNode, service.node["deploy"]?["replicas"] ?? place,
            "\(service.replicas) replicas of '\(service.name)' need \((service.replicas + most - 1) / most) nodes\(bound ? ", as each takes a port of its node," : "") and \(candidates.count) fit",
            fix: "lower 'replicas', or let more nodes fit")
    }

    /// The nodes of the cluster file on which the service may run; nil when that cannot be told.
    func candidates(_ service: Service, _ spec: ClusterSpec) -> [ClusterSpec.Node]? {
        spec.eligible(subject.constraints(of: service.node))
    }

    private func constraint(_ item: YAMLNode, _ service: Service) {
        let text = item.scalar?.text ?? ""
        guard let constraint = PlacementConstraint(text) else {
            return remarks.error(
                .placement, item, "'\(text)' is no constraint: Docker would refuse the service", fix: "write 'node.labels.KEY == VALUE', or '!='")
        }
        guard constraint.isKnown else {
            return remarks.error(
                .placement, item, "no node has '\(constraint.key)': '\(service.name)' would never be started",
                fix: "known are node.labels.KEY, node.role, node.hostname, node.platform.os, node.platform.arch")
        }
        if constraint.key.lowercased() == "node.id" {
            remarks.warn(
                .placement, item, "a node that joins anew has another id, and '\(service.name)' would have no node",
                fix: "use node.labels.KEY or node.hostname")
        }
    }

    private func labelFix(_ text: String?, _ spec: ClusterSpec) -> String {
        guard let constraint = text.flatMap(PlacementConstraint.init), constraint.isEqual else { return "mend the constraints" }
        guard constraint.key.lowercased().hasPrefix("node.labels.") else {
            return "the nodes are \(spec.nodes.map(\.name.rawValue).joined(separator: ", "))"
        }
        return "give a node of the cluster file 'labels: {\(constraint.key.dropFirst("node.labels.".count)): \(constraint.value)}'"
    }
}

extension StackSubject {
    /// Those of a service, with what the stack's share asks for.
    func constraints(of service: YAMLNode) -> [String] {
        let own = (service["deploy"]?["placement"]?["constraints"]?.list ?? []).compactMap { $0.scalar?.text }
        return own + (share.map { ["node.labels.skep.write.\($0) == true"] } ?? [])
    }
}

extension ClusterSpec {
    /// The nodes of the file that all constraints let in; nil when that cannot be told.
    func eligible(_ constraints: [String]) -> [Node]? { PlacementConstraint.eligible(constraints, nodes) { member($0) } }

    /// A node of the file as the swarm will know it.
    func member(_ node: Node) -> PlacementConstraint.Member {
        var labels = node.labels
        labels["skep.node"] = node.name.rawValue
        for share in nfs?.shares ?? [] {
            labels["skep.share.\(share.name)"] = "ok"
            if share.write.contains(node.name) { labels["skep.write.\(share.name)"] = "true" }
        }
        return PlacementConstraint.Member(id: nil, hostname: nil, role: node.role, labels: labels)
    }
}
