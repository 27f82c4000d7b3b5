import SkepModel

/// The cluster that a seed asks for.
enum Scenario {
    /// `whole`: with all that a file can ask for, and nothing left to chance.
    static func spec(machines: Int, managers: Int, whole: Bool = false, _ random: inout SeededRandom) -> ClusterSpec {
        let nodes = (1...machines).map { index in
            ClusterSpec.Node(
                name: NodeName(unchecked: "n\(index)"), role: index <= managers ? .manager : .worker,
                labels: whole || random.chance(0.5) ? ["type": "t\(index)"] : [:],
                sysctls: whole || random.chance(0.3) ? ["vm.max_map_count": "262144"] : [:])
        }
        let everywhere = [CIDR("0.0.0.0/0"), CIDR("::/0")].compactMap { $0 }
        let shares = ClusterSpec.Share(
            name: ShareName(unchecked: "data"), path: "/nfs-root", mount: "/nfs-root", write: [NodeName(unchecked: "n1")], owner: "65534:65534",
            mode: "0750")
        let web = StackName(unchecked: "traefik")
        let stacks = [
            ClusterSpec.Stack(name: StackName(unchecked: "shop"), source: .compose("shop.yml"), after: [web]),
            ClusterSpec.Stack(name: web, source: .catalogue, network: NetworkName(unchecked: "public")),
            ClusterSpec.Stack(name: StackName(unchecked: "late"), source: .compose("late.yml"), after: [StackName(unchecked: "shop"), web]),
        ]
        return ClusterSpec(
            name: ClusterName(unchecked: "sim"), kind: .target,
            audiences: [
                .management: [CIDR("10.0.2.0/24")].compactMap { $0 }, .nodes: [CIDR("10.77.0.0/24")].compactMap { $0 }, .users: everywhere,
                .nuvla: [],
            ],
            // not drawn, so that the seeds that are kept stay what they were
            nodes: nodes, docker: .init(dataPathPort: managers > 1 ? .fixed(7789) : .auto),
            nfs: whole || random.chance(0.7) ? .init(server: NodeName(unchecked: "n1"), shares: [shares]) : nil,
            networks: [.init(name: NetworkName(unchecked: "public"))],
            stacks: Array(stacks.prefix(whole ? 3 : Int(random.span(1...3))).shuffled(using: &random)))
    }

    /// The same cluster with other managers, or with a machine less.
    static func changed(_ spec: ClusterSpec, _ random: inout SeededRandom) -> ClusterSpec {
        var spec = spec
        if spec.nodes.count > 3, random.chance(0.6) {
            let dropped = spec.nodes.indices.dropFirst(spec.nfs == nil ? 0 : 1).randomElement(using: &random) ?? spec.nodes.count - 1
            spec.nodes.remove(at: dropped)
        }
        let managers = [1, 3, 5].filter { $0 <= spec.nodes.count }.randomElement(using: &random) ?? 1
        let chosen = Set(spec.nodes.indices.shuffled(using: &random).prefix(managers))
        for index in spec.nodes.indices { spec.nodes[index].role = chosen.contains(index) ? .manager : .worker }
        return spec
    }

    /// Keeps `after` within the stacks that there are.
    static func closed(_ spec: ClusterSpec) -> ClusterSpec {
        var spec = spec
        let names = Set(spec.stacks.map(\.name))
        for index in spec.stacks.indices { spec.stacks[index].after.removeAll { !names.contains($0) } }
        return spec
    }

    static func bundles(_ spec: ClusterSpec, version: Int) -> [StackName: StackBundle] {
        var bundles: [StackName: StackBundle] = [:]
        for stack in spec.stacks {
            bundles[stack.name] = StackBundle(
                name: stack.name, digest: "\(stack.name)-v\(version)", compose: "", services: ["web"],
                networks: stack.network.map { [$0] } ?? [])
        }
        return bundles
    }
}
