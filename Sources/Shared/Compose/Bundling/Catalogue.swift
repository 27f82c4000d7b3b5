import SkepClusterFile
import SkepModel

/// The stacks that Skep ships: compose files like anybody's, in a folder of their own, with variables that the cluster file gives.
enum Catalogue {
    /// What an entry is made of: its compose file, those put over it, and what its variables are.
    static func subject(_ stack: ClusterSpec.Stack, of spec: ClusterSpec) throws(ComposeError) -> StackSubject {
        let folder = folder(stack)
        guard let entry = CatalogueIndex.entry(stack) else {
            let names = CatalogueIndex.entries.map(\.name).joined(separator: ", ")
            throw ComposeError([
                Finding(
                    rule: .fileMissing, level: .error,
                    diagnostic: FileDiagnostic(
                        file: folder, line: 0, column: 0, message: "the catalogue has no '\(stack.name)'", fix: "it has: \(names)"),
                    service: nil)
            ])
        }
        var subject = StackSubject(
            stack, paths: ["\(folder)/docker-compose.yml"] + entry.variants(of: stack).map { "\(folder)/\($0.name).yml" }, of: spec)
        subject.environment = entry.defaults.merging(stack.environment) { $1 }.merging(given(stack, spec)) { $1 }
        return subject
    }

    /// The entry's own files, and the operator's where the cluster file names them.
    static func reader(_ stack: ClusterSpec.Stack, _ read: @escaping (String) -> [UInt8]?) -> (String) -> [UInt8]? {
        let prefix = "\(folder(stack))/"
        return { path in
            guard path.hasPrefix(prefix) else { return nil }
            let name = String(path.dropFirst(prefix.count))
            if let given = stack.files?[name] { return read(given) }
            return CatalogueFiles.all["\(stack.name)/\(name)"]
        }
    }

    /// The certificate resolvers of an entry's Traefik, lower case; nil when it is none.
    static func resolvers(_ stack: ClusterSpec.Stack) -> Set<String>? {
        guard let bytes = CatalogueFiles.all["\(stack.name)/docker-compose.yml"] else { return nil }
        let lines = String(decoding: bytes, as: UTF8.self).split(separator: "\n").map { $0.drop { $0 == " " } }
        guard lines.contains(where: { $0.hasPrefix("TRAEFIK_PROVIDERS_SWARM:") }) else { return nil }
        let option = "TRAEFIK_CERTIFICATESRESOLVERS_"
        return Set(lines.filter { $0.hasPrefix(option) }.compactMap { $0.dropFirst(option.count).split(separator: "_").first?.lowercased() })
    }

    private static func folder(_ stack: ClusterSpec.Stack) -> String { "catalogue/\(stack.name)" }

    /// What only the cluster file knows.
    private static func given(_ stack: ClusterSpec.Stack, _ spec: ClusterSpec) -> [String: String] {
        var result = [
            "SKEP_CLUSTER": spec.name.rawValue,
            "SKEP_NAMES": (["\(spec.name).skep.internal", "localhost"] + spec.nodes.map(\.name.rawValue)).joined(separator: ","),
        ]
        result["SKEP_NETWORK"] = stack.network?.rawValue
        result["SKEP_BACKEND"] = stack.backend?.rawValue
        result["SKEP_HOME"] = stack.home?.rawValue
        if let share = spec.nfs?.shares.first(where: { $0.name == stack.share }) {
            let owner = share.owner.split(separator: ":").map(String.init)
            result["SKEP_SHARE"] = share.mount
            result["SKEP_SHARE_OWNER"] = share.owner
            result["SKEP_SHARE_UID"] = owner.first
            result["SKEP_SHARE_GID"] = owner.last
        }
        return result
    }
}
