import CoordinatorCore
import CoordinatorStore
import Foundation
import SkepClusterFile
import SkepCompose
import SkepModel
import SkepWire

/// What is made for a stack, and what it was made of before.
struct StackService: Sendable {
    /// Generations that are looked at for a stack's history.
    private static let depth = 30

    let registry: ClusterRegistry
    let bundles: BundleSource
    let clock: WallClock

    // MARK: What is made here

    func secrets(of stack: StackName, in runtime: ClusterRuntime) async throws -> SecretsAnswer {
        var rows: [SecretsAnswer.Row] = []
        for value in try await wanted(stack, runtime).sorted(by: { $0.name < $1.name }) {
            guard let kept = try await bundles.generated.kept(value.name, of: stack, in: runtime.name) else { continue }
            rows.append(.init(name: value.name, kind: kept.kind, made: kept.made, shown: kept.shown))
        }
        return SecretsAnswer(secrets: rows)
    }

    /// The content, once; who wants to see it again has it rotated.
    func show(_ name: String, of stack: StackName, in runtime: ClusterRuntime, actor: String) async throws -> SecretAnswer {
        try await registry.alone {
            let value = try await value(name, of: stack, in: runtime)
            guard var kept = try await bundles.generated.kept(value.name, of: stack, in: runtime.name) else { throw Self.unknown(name, stack) }
            if let shown = kept.shown {
                throw Refusal(
                    .conflict, "ShownBefore",
                    "'\(name)' of \(stack) was shown before (\(Self.time(shown))), and is shown once: skep stack secret rotate \(stack) \(name) makes another"
                )
            }
            kept.shown = clock.now()
            let (key, sealed) = try bundles.generated.seal(kept, value.name, of: stack, in: runtime.name)
            try await bundles.store.saveGenerated(sealed, name: key, of: runtime.name)
            try await runtime.tell("the secret \(name) of \(stack) was shown", actor: actor)
            return SecretAnswer(name: name, content: kept.content)
        }
    }

    /// Another content, with which the stack is deployed again; what is made from it is made anew, too.
    func rotate(_ name: String, of stack: StackName, in runtime: ClusterRuntime, actor: String) async throws -> String {
        try await registry.alone {
            let value = try await value(name, of: stack, in: runtime)
            if let basis = value.recipe.basis {
                throw Refusal(.conflict, "MadeFromAnother", "'\(name)' is made from '\(basis)': rotate that one")
            }
            let fresh = try bundles.generated.rotated(value)
            let (key, sealed) = try bundles.generated.seal(fresh, value.name, of: stack, in: runtime.name)
            try await bundles.store.saveGenerated(sealed, name: key, of: runtime.name)
            let generation = await runtime.generation
            let made = try await bundles.make(generation)
            for (value, sealed) in made.generated { try await bundles.store.saveGenerated(sealed, name: value, of: runtime.name) }
            try await runtime.tell("the secret \(name) of \(stack) was rotated", actor: actor)
            await runtime.replace(bundles: made.bundles, of: generation.number)
            return "'\(name)' of \(stack) has a new content; the stack is deployed with it"
        }
    }

    private func wanted(_ stack: StackName, _ runtime: ClusterRuntime) async throws -> [GeneratedValue] {
        let generation = await runtime.generation
        guard generation.spec.stacks.contains(where: { $0.name == stack }) else {
            throw Refusal.notFound("\(runtime.name) has no stack '\(stack)'")
        }
        return try await bundles.make(generation).wanted[stack] ?? []
    }

    private func value(_ name: String, of stack: StackName, in runtime: ClusterRuntime) async throws -> GeneratedValue {
        guard let value = try await wanted(stack, runtime).first(where: { $0.name == name }) else { throw Self.unknown(name, stack) }
        return value
    }

    private static func unknown(_ name: String, _ stack: StackName) -> Refusal {
        Refusal.notFound("nothing called '\(name.prefix(64))' is made for \(stack): skep stack secret list \(stack)")
    }

    private static func time(_ instant: Instant) -> String { Date(timeIntervalSince1970: Double(instant.milliseconds / 1000)).formatted(.iso8601) }

    // MARK: What it was made of

    func history(of stack: StackName, in runtime: ClusterRuntime) async throws -> StackHistoryAnswer {
        var rows: [StackHistoryAnswer.Row] = []
        for generation in try await generations(of: stack, runtime) {
            let digest = try? await bundles.make(generation).bundles[stack]?.digest
            rows.append(.init(generation: generation.number, digest: digest, actor: generation.actor, at: generation.at))
        }
        return StackHistoryAnswer(history: rows)
    }

    /// Makes a new generation, in which the stack is what it was in an older one and everything else as it is.
    func rollBack(_ stack: StackName, to wanted: Int?, in runtime: ClusterRuntime, actor: String) async throws -> String {
        try await registry.alone { try await exchange(stack, wanted, runtime, actor) }
    }

    private func exchange(_ stack: StackName, _ wanted: Int?, _ runtime: ClusterRuntime, _ actor: String) async throws -> String {
        let current = await runtime.generation
        let lifecycle = await runtime.record.lifecycle
        if case .down = lifecycle {
            throw Refusal(.conflict, "TeardownRunning", "\(runtime.name) is being taken down: apply its file again first")
        }
        guard current.spec.stacks.contains(where: { $0.name == stack }) else {
            throw Refusal.notFound("\(runtime.name) has no stack '\(stack)': apply a file that has it")
        }
        let digest = await runtime.currentBundles[stack]?.digest
        let old = try await target(stack, wanted, runtime, current, digest)
        let next = try exchanged(stack, current, with: old, actor)
        let spec = next.spec
        let made: BundleSource.Made
        do {
            made = try await bundles.make(next, isAccepted: false)
        } catch let error as ComposeError {
            throw Refusal(
                .conflict, "CannotGoBack",
                "\(stack) of generation \(old.number) does not fit what the cluster is now: \(error.diagnostics.first?.description ?? "")")
        }
        try await registry.accept(
            next, record: nil, made: made,
            event: Event(
                at: clock.now(), cluster: spec.name, kind: .act,
                message: "generation \(next.number): the stack \(stack) is that of generation \(old.number)",
                actor: actor))
        return "\(stack) is that of generation \(old.number) again, in generation \(next.number); mend its files before the next 'skep apply'"
    }

    /// The next generation: the stack of an older one among everything else of now.
    private func exchanged(_ stack: StackName, _ current: StoredGeneration, with old: StoredGeneration, _ actor: String) throws -> StoredGeneration {
        guard var entry = old.spec.stacks.first(where: { $0.name == stack }), let index = current.spec.stacks.firstIndex(where: { $0.name == stack })
        else { throw Refusal.notFound("there was no stack '\(stack)'") }
        let now = current.spec.stacks[index]
        // its place among the others, and who may reach it, are what the file says now; its data stay where they are
        (entry.after, entry.expose) = (now.after, now.expose)
        if now.source == entry.source { entry.home = now.home }
        var spec = current.spec
        spec.stacks[index] = entry
        let files = try merged(try bundles.open(current), with: try bundles.open(old), for: entry, in: old.spec, current.spec)
        let note = "# the stack \(stack) is that of generation \(old.number), rolled back by \(actor); what follows says something newer of it\n"
        return StoredGeneration(
            number: Generation(current.number.number + 1), spec: spec, fileName: current.fileName, file: note + current.file,
            sealedFiles: try bundles.seal(files, of: spec.name), actor: actor, at: clock.now())
    }

    /// That generation, or the newest in which the stack would be another one than it is, among everything else of now.
    private func target(
        _ stack: StackName, _ wanted: Int?, _ runtime: ClusterRuntime, _ current: StoredGeneration, _ digest: String?
    ) async throws -> StoredGeneration {
        for generation in try await generations(of: stack, runtime) where generation.number != current.number {
            if let wanted {
                if generation.number.number == wanted { return generation }
            } else if let candidate = try? exchanged(stack, current, with: generation, ""),
                let older = try? await bundles.make(candidate, isAccepted: false).bundles[stack]?.digest, older != digest
            {
                return generation
            }
        }
        throw Refusal.notFound(
            wanted.map { "generation \($0) has no stack '\(stack)', or is the one that is wanted now: skep stack history \(stack)" }
                ?? "nothing else is known of '\(stack)': skep stack history \(stack)")
    }

    private func generations(of stack: StackName, _ runtime: ClusterRuntime) async throws -> [StoredGeneration] {
        let all = try await bundles.store.generations(of: runtime.name).sorted { $0.number > $1.number }
        var result: [StoredGeneration] = []
        for summary in all.filter({ $0.spec.stacks.contains { $0.name == stack } }).prefix(Self.depth) {
            // with its files
            if let whole = try await bundles.store.generation(summary.number, of: runtime.name) { result.append(whole) }
        }
        return result
    }

    /// The files of now with those of the older stack, as far as no other stack is made of them.
    private func merged(
        _ now: [String: [UInt8]], with old: [String: [UInt8]], for entry: ClusterSpec.Stack, in oldSpec: ClusterSpec, _ spec: ClusterSpec
    ) throws -> [String: [UInt8]] {
        let others = spec.stacks
        let current = spec.stacks.first { $0.name == entry.name }
        let theirs = Set(others.filter { $0.name != entry.name }.flatMap { bundles.paths(of: $0, spec, files: now) })
        var result = now
        // what it did not have then, such as a '.env' that came later, is not part of it
        for path in current.map({ bundles.paths(of: $0, spec, files: now) }) ?? [] where !theirs.contains(path) { result[path] = nil }
        for path in bundles.paths(of: entry, oldSpec, files: old) {
            guard let bytes = old[path] else { continue }
            if theirs.contains(path), now[path] != bytes {
                throw Refusal(
                    .conflict, "SharedFile", "'\(path)' has changed since, and another stack is made of it too: go back by hand, with 'skep apply'")
            }
            result[path] = bytes
        }
        return result
    }
}
