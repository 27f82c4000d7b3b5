import CoordinatorAuthority
import CoordinatorStore
import Foundation
import SkepCompose
import SkepModel

/// Configs and secrets that are made here: once, kept sealed, and the same until they are rotated.
struct GeneratedValues: Sendable {
    /// What is kept of one.
    struct Kept: Codable, Sendable {
        var content: String
        var kind: String
        var made: Instant
        /// When an admin was shown it, which happens once.
        var shown: Instant?
        /// The digest of what it was derived from.
        var basis: String?
        /// By which a derived one was made; another recipe makes another.
        var recipe: GeneratedValue.Recipe?
    }

    let store: any Store
    let authority: Authority
    let clock: WallClock

    func kept(_ value: String, of stack: StackName, in cluster: ClusterName) async throws -> Kept? {
        guard let sealed = try await store.generated(Self.name(value, stack), of: cluster) else { return nil }
        let bytes = try authority.dataKey.open(sealed, context: Self.context(cluster, stack, value))
        return try JSONDecoder().decode(Kept.self, from: Data(bytes))
    }

    func seal(_ kept: Kept, _ value: String, of stack: StackName, in cluster: ClusterName) throws -> (name: String, sealed: [UInt8]) {
        let bytes = try JSONEncoder().encode(kept)
        return (Self.name(value, stack), try authority.dataKey.seal(Array(bytes), context: Self.context(cluster, stack, value)))
    }

    /// All that a stack asks for: what is kept, and what had to be made.
    func all(
        _ wanted: [GeneratedValue], of stack: StackName, in cluster: ClusterName
    ) async throws -> (kept: [String: Kept], new: [String: [UInt8]]) {
        var result: [String: Kept] = [:]
        var new: [String: [UInt8]] = [:]
        // what others are made from comes first
        for value in wanted.filter({ $0.recipe.basis == nil }) + wanted.filter({ $0.recipe.basis != nil }) {
            let basis = value.recipe.basis.flatMap { result[$0]?.content }
            guard value.recipe.basis == nil || basis != nil else {
                throw Refusal(
                    .unprocessableContent, "NothingToMakeItFrom",
                    "'\(value.name)' of \(stack) is made from '\(value.recipe.basis ?? "")', which is not made by Skep")
            }
            let digest = basis.map(Secret.hash)
            if let kept = try await kept(value.name, of: stack, in: cluster), kept.kind == value.recipe.kind, kept.basis == digest,
                basis == nil || kept.recipe == value.recipe, !isDue(value.recipe, kept)
            {
                result[value.name] = kept
                continue
            }
            let made = Kept(
                content: try content(value.recipe, basis: basis), kind: value.recipe.kind, made: clock.now(), basis: digest, recipe: value.recipe)
            let (name, sealed) = try seal(made, value.name, of: stack, in: cluster)
            result[value.name] = made
            new[name] = sealed
        }
        return (result, new)
    }

    /// A certificate is made anew at half of its life.
    private func isDue(_ recipe: GeneratedValue.Recipe, _ kept: Kept) -> Bool {
        guard case .certificate(_, _, let days) = recipe else { return false }
        return clock.now().since(kept.made) > Int64(days) * 43_200_000
    }

    /// Another content in the place of the one that is kept.
    func rotated(_ value: GeneratedValue) throws -> Kept {
        Kept(content: try content(value.recipe, basis: nil), kind: value.recipe.kind, made: clock.now())
    }

    private func content(_ recipe: GeneratedValue.Recipe, basis: String?) throws -> String {
        switch recipe {
        case .password(let length): GeneratedContent.password(length: length)
        case .key(let bytes): GeneratedContent.key(bytes: bytes)
        case .rsaKey(let bits): try GeneratedContent.rsaKey(bits: bits)
        case .ecKey: GeneratedContent.ecKey()
        case .publicKey: try GeneratedContent.publicKey(ofPEM: basis ?? "")
        case .certificate(_, let names, let days):
            try GeneratedContent.certificate(ofPEM: basis ?? "", names: names, days: Int64(days), now: clock.now())
        case .htpasswd(_, let user): try GeneratedContent.htpasswd(user: user, password: basis ?? "")
        }
    }

    private static func name(_ value: String, _ stack: StackName) -> String { "stacks/\(stack)/\(value)" }
    private static func context(_ cluster: ClusterName, _ stack: StackName, _ value: String) -> String { "\(cluster)/\(name(value, stack))" }
}
