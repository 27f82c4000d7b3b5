import CoordinatorCore
import CoordinatorStore
import Foundation
import SkepClusterFile
import SkepCompose
import SkepModel
import SkepWire

/// Reads a cluster file, says what it would change, and makes it the wanted state.
struct ApplyService: Sendable {
    let registry: ClusterRegistry
    let bundles: BundleSource
    let clock: WallClock

    func apply(_ request: ApplyRequest, actor: String, from address: String) async throws -> ApplyAnswer {
        try Refusal.check(version: request.version)
        let parsed = try Self.read(request)
        var files: [String: [UInt8]] = [:]
        for (path, text) in request.files {
            guard let data = Data(base64Encoded: text) else { throw Refusal.malformed("the content of '\(path)' is not base64") }
            files[path] = Array(data)
        }
        try Self.check(parsed.spec, reachableFrom: address)
        return try await registry.alone { try await compare(parsed, files, request, actor: actor) }
    }

    private static func read(_ request: ApplyRequest, standing: ClusterSpec? = nil) throws -> ParsedClusterFile {
        do { return try ClusterFile.read(text: request.file, file: request.name, standing: standing) } catch { throw refused(error.diagnostics) }
    }

    private func compare(
        _ first: ParsedClusterFile, _ files: [String: [UInt8]], _ request: ApplyRequest, actor: String
    ) async throws -> ApplyAnswer {
        let runtime = await registry.runtime(first.spec.name)
        let old = await runtime?.generation
        let (record, isNew) = try await Self.record(runtime)
        let parsed = isNew ? first : try Self.read(request, standing: old?.spec)
        var spec = parsed.spec
        let made: BundleSource.Made
        do {
            made = try await bundles.make(parsed, name: request.name, files: files)
        } catch let error as ComposeError {
            throw Self.refused(error.diagnostics)
        }
        // nodes are told what is in the files; that all are there was looked at
        spec.docker.authorities = spec.docker.authorityFiles?.compactMapValues { path in files[path].map { String(decoding: $0, as: UTF8.self) } }
        if let old, old.spec.kind != spec.kind {
            throw Refusal(
                .conflict, "KindChanged",
                "\(spec.name) is a \(old.spec.kind.rawValue) cluster; its kind cannot be changed: take it down, or name the new one otherwise")
        }
        if let runtime, let old, !isNew { try await standing(runtime, old.spec, new: spec).check(spec, after: old.spec) }
        let before = await runtime?.currentBundles ?? [:]
        var changes = SpecDifference.lines(old?.spec, spec)
        for stack in spec.stacks {
            guard let was = before[stack.name]?.digest, let now = made.bundles[stack.name]?.digest, was != now,
                !changes.contains(where: { $0.contains("stack") && $0.contains(stack.name.rawValue) })
            else { continue }
            changes.append("~ stack \(stack.name): what it is made of changed")
        }
        if isNew { changes.append("+ cluster \(spec.name): brought up again after its teardown") }
        let isChange = old?.spec != spec || made.bundles != before || isNew
        let current = old?.number ?? Generation(0)
        guard isChange, !request.planOnly else {
            return ApplyAnswer(
                cluster: spec.name, generation: current, changed: isChange, changes: changes, warnings: made.warnings)
        }
        let next = Generation(current.number + 1)
        let generation = StoredGeneration(
            number: next, spec: spec, fileName: request.name, file: request.file, sealedFiles: try bundles.seal(files, of: spec.name),
            actor: actor, at: clock.now())
        let words = changes.count == 1 ? "1 change" : "\(changes.count) changes"
        try await registry.accept(
            generation, record: record, made: made,
            event: Event(at: clock.now(), cluster: spec.name, kind: .act, message: "generation \(next) accepted: \(words)", actor: actor))
        return ApplyAnswer(cluster: spec.name, generation: next, changed: true, changes: changes, warnings: made.warnings)
    }

    /// What is made already: the networks of the file, and those of files before it that are not gone yet.
    private func standing(_ runtime: ClusterRuntime, _ old: ClusterSpec, new: ClusterSpec) async throws -> Unchangeable {
        let record = await runtime.record
        guard record.swarm != nil else { return Unchangeable(decisions: record.decisions, networks: []) }
        var networks = old.networks
        var lingering = await runtime.ownNetworks.intersection(new.networks.map(\.name)).subtracting(old.networks.map(\.name))
        if !lingering.isEmpty {
            for generation in try await bundles.store.generations(of: runtime.name) {
                networks += generation.spec.networks.filter { lingering.remove($0.name) != nil }
            }
        }
        return Unchangeable(decisions: record.decisions, networks: networks)
    }

    /// The record to begin with after a teardown; refuses while one is under way.
    private static func record(_ runtime: ClusterRuntime?) async throws -> (ClusterRecord?, Bool) {
        guard let runtime, case .down(let teardown) = await runtime.record.lifecycle else { return (nil, false) }
        guard teardown.stage == .gone else {
            throw Refusal(
                .conflict, "TeardownRunning",
                "\(runtime.name) is being taken down (\(teardown.stage.rawValue)): wait until that is done, then apply again")
        }
        return (ClusterRecord(), true)
    }

    /// Refuses rules that would shut out who asks for them.
    private static func check(_ spec: ClusterSpec, reachableFrom text: String) throws {
        let management = spec.audiences[.management] ?? []
        guard !management.isEmpty else {
            throw Refusal(.conflict, "ManagementEmpty", "audiences.management is empty: nobody could reach the nodes any more")
        }
        guard let address = IPAddress(text)?.unmapped, !address.isLoopback, !address.isLinkLocal else { return }
        guard management.contains(where: { $0.contains(address) }) else {
            throw Refusal(
                .conflict, "ManagementWithoutYou",
                "audiences.management does not hold \(address), from where you apply: you would shut yourself out; add the address")
        }
    }

    private static func refused(_ diagnostics: [FileDiagnostic]) -> Refusal {
        Refusal(
            .unprocessableContent, "ClusterFileRefused", diagnostics.first?.description ?? "the cluster file is refused",
            diagnostics: diagnostics)
    }
}

extension IPAddress {
    /// An IPv4 address that came over an IPv6 socket (`::ffff:a.b.c.d`) as itself.
    var unmapped: IPAddress {
        if case .v6(0, let low) = self, low >> 32 == 0xffff { .v4(UInt32(truncatingIfNeeded: low)) } else { self }
    }
}
