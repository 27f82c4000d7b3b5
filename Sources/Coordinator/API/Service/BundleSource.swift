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
        /// What each stack has made for it.
        var wanted: [StackName: [GeneratedValue]] = [:]
    }

    let store: any Store
    let authority: Authority
    let clock: WallClock

    var generated: GeneratedValues { GeneratedValues(store: store, authority: authority, clock: clock) }

    /// What the stacks want to have made for them.
    private final class Asked {
        private(set) var values: [StackName: [GeneratedValue]] = [:]

        func note(_ stack: StackName, _ value: GeneratedValue) -> [UInt8]? {
            if values[stack]?.contains(where: { $0.name == value.name }) != true { values[stack, default: []].append(value) }
            return nil
        }
    }

    /// Makes all, or throws what a `ComposeError` says of the files.
    func make(_ parsed: ParsedClusterFile, name: String, files: [String: [UInt8]]) async throws -> Made {
        try await make(parsed.spec, parsed, name: name, files: files)
    }

    /// Makes them again for what was accepted before.
    func make(_ generation: StoredGeneration, isAccepted: Bool = true) async throws -> Made {
        try await make(generation.spec, nil, name: generation.fileName, files: try open(generation), isAccepted: isAccepted)
    }

    private func make(
        _ spec: ClusterSpec, _ parsed: ParsedClusterFile?, name file: String, files: [String: [UInt8]], isAccepted: Bool = false
    ) async throws -> Made {
        var made = Made()
        var facts = DoctorFacts(now: clock.now(), certificateEnd: GeneratedContent.certificateEnd)
        facts.isAccepted = isAccepted
        func makeAll() throws(ComposeError) -> StackBundles {
            try BundleMaker.makeAll(
                spec: spec, clusterFile: parsed, clusterFileName: file, facts: facts, read: { files[$0] })
        }
        // Read once to learn what must be made, and once more with it.
        let asked = Asked()
        facts.generated = asked.note
        var result = try makeAll()
        if !asked.values.isEmpty {
            var contents: [StackName: [String: GeneratedValues.Kept]] = [:]
            for (stack, wanted) in asked.values.sorted(by: { $0.key < $1.key }) {
                let (kept, new) = try await generated.all(wanted, of: stack, in: spec.name)
                contents[stack] = kept
                made.generated.merge(new) { $1 }
            }
            facts.generated = { stack, value in (contents[stack]?[value.name]?.content).map { Array($0.utf8) } }
            result = try makeAll()
            made.wanted = asked.values
        }
        made.bundles = Dictionary(result.bundles.map { ($0.name, $0) }) { first, _ in first }
        made.warnings = result.warnings
        return made
    }

    /// The files that a stack is made of, whether or not it could be deployed.
    func paths(of stack: ClusterSpec.Stack, _ spec: ClusterSpec, files: [String: [UInt8]]) -> [String] {
        (try? BundleMaker.examine(stack, of: spec) { files[$0] })?.paths ?? []
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
