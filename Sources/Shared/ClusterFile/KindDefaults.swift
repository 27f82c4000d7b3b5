import SkepModel

/// What a cluster of some kind runs when its file names no stacks, and what the catalogue's stacks need of nodes.
enum KindDefaults {
    /// Adds the kind's networks and stacks; what the file has stays. `home` says where an entry's data are.
    static func stacks(_ spec: inout ClusterSpec, home: (CatalogueIndex.Entry) -> NodeName?) {
        let hasShare = spec.nfs?.shares.isEmpty == false
        let names: [String] =
            switch spec.kind {
            case .target: ["traefik", "monitoring"] + (hasShare ? ["s3"] : [])
            case .host: ["traefik", "nuvla-db", "nuvla-streams", "nuvla-core"]
            }
        let networks = spec.kind == .host ? [CatalogueIndex.network, CatalogueIndex.backend] : [CatalogueIndex.network]
        for name in networks.compactMap(NetworkName.init(rawValue:)) where !spec.networks.contains(where: { $0.name == name }) {
            spec.networks.append(ClusterSpec.Network(name: name))
        }
        for entry in names.compactMap(CatalogueIndex.entry) {
            guard let name = StackName(rawValue: entry.name) else { continue }
            spec.stacks.append(
                ClusterSpec.Stack(
                    name: name, source: .catalogue, after: after(entry.name).compactMap(StackName.init(rawValue:)),
                    share: entry.needsShare ? spec.nfs?.shares.first?.name : nil,
                    network: entry.takesNetwork ? NetworkName(rawValue: CatalogueIndex.network) : nil,
                    backend: entry.takesBackend ? NetworkName(rawValue: CatalogueIndex.backend) : nil, home: home(entry)))
        }
    }

    private static func after(_ name: String) -> [String] {
        switch name {
        case "monitoring", "s3": ["traefik"]
        case "nuvla-streams": ["nuvla-db"]
        case "nuvla-core": ["traefik", "nuvla-db", "nuvla-streams"]
        default: []
        }
    }

    /// Kernel settings that stacks of the catalogue need where their data are; what the file sets stays.
    static func sysctls(_ spec: inout ClusterSpec) {
        for stack in spec.stacks {
            guard let entry = CatalogueIndex.entry(stack), let index = spec.nodes.firstIndex(where: { $0.name == stack.home }) else { continue }
            spec.nodes[index].sysctls.merge(entry.sysctls) { given, _ in given }
        }
    }
}
