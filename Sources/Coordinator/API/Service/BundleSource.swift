import CoordinatorAuthority
import CoordinatorStore
import Foundation
import SkepClusterFile
import SkepCompose
import SkepModel

/// Makes the bundles of a spec's stacks from the files that were sent, and the values that are made here once and kept.
struct BundleSource: Sendable {
    /// Bundles, and what must be kept with the generation that they belong to.
    struct Made: Sendable {
        var bundles: [StackName: StackBundle] = [:]
        var warnings: [String] = []
        /// Sealed values by name that are new.
        var generated: [String: [UInt8]] = [:]
    }

    let store: any Store
    let authority: Authority
    let clock: WallClock

    /// Makes all, or throws what a `ComposeError` says of the files.
    func make(_ parsed: ParsedClusterFile, name: String, files: [String: [UInt8]]) async throws -> Made {
        try await make(parsed.spec, parsed, name: name, files: files)
    }

    /// Makes them again for what was accepted before.
    func make(_ generation: StoredGeneration) async throws -> Made {
        try await make(generation.spec, nil, name: generation.fileName, files: try open(generation))
    }

    private func make(
        _ spec: ClusterSpec, _ parsed: ParsedClusterFile?, name file: String, files: [String: [UInt8]]
    ) async throws -> Made {
        var made = Made()
        var values: [StackName: CatalogueValues] = [:]
        for stack in spec.stacks where Catalogue.wantsCertificate(stack) {
            let name = "\(stack.name).certificate"
            let context = Self.context(spec.name, name)
            let names = ["\(spec.name).skep.internal", "localhost"] + spec.nodes.map(\.name.rawValue)
            var certificate: SelfSigned?
            if let sealed = try await store.generated(name, of: spec.name) {
                certificate = try JSONDecoder().decode(SelfSigned.self, from: Data(try authority.dataKey.open(sealed, context: context)))
            }
            if certificate?.isDue(names: names, now: clock.now()) ?? true {
                let fresh = try SelfSigned(names: names, now: clock.now())
                made.generated[name] = try authority.dataKey.seal(Array(try JSONEncoder().encode(fresh)), context: context)
                certificate = fresh
            }
            if let certificate {
                values[stack.name] = CatalogueValues(certificatePEM: certificate.certificate, keyPEM: certificate.key)
            }
        }
        let result = try BundleMaker.makeAll(spec: spec, clusterFile: parsed, clusterFileName: file, read: { files[$0] }, values: values)
        made.bundles = Dictionary(result.bundles.map { ($0.name, $0) }) { first, _ in first }
        made.warnings = result.warnings
        return made
    }

    /// Seals what stacks refer to: such files often hold passwords.
    func seal(_ files: [String: [UInt8]], of cluster: ClusterName) throws -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys]
        let text = try encoder.encode(files.mapValues { Data($0) })
        return try authority.dataKey.seal(Array(text), context: Self.context(cluster, "files"))
    }

    /// The files of an accepted generation.
    func open(_ generation: StoredGeneration) throws -> [String: [UInt8]] {
        let text = try authority.dataKey.open(generation.sealedFiles, context: Self.context(generation.spec.name, "files"))
        return try JSONDecoder().decode([String: Data].self, from: Data(text)).mapValues { Array($0) }
    }

    private static func context(_ cluster: ClusterName, _ name: String) -> String { "\(cluster)/\(name)" }
}
