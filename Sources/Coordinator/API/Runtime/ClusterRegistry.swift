import CoordinatorCore
import CoordinatorStore
import Logging
import ServiceLifecycle
import SkepModel

/// All clusters of this coordinator, and the loops that run them.
actor ClusterRegistry: Service {
    private let tools: ClusterRuntime.Tools
    private var runtimes: [ClusterName: ClusterRuntime] = [:]
    private var isAccepting = false
    private var queue: [CheckedContinuation<Void, Never>] = []
    private let (newcomers, newcomer) = AsyncStream.makeStream(of: ClusterRuntime.self)
    /// Fires when a cluster was added.
    nonisolated let changed = Signal()

    init(tools: ClusterRuntime.Tools) { self.tools = tools }

    /// Reads every cluster from the store.
    func load() async throws {
        for name in try await tools.store.clusterNames() {
            guard let stored = try await tools.store.cluster(name) else { continue }
            var bundles: [StackName: StackBundle] = [:]
            do {
                let made = try await tools.bundles.make(stored.generation)
                bundles = made.bundles
                for (value, sealed) in made.generated { try await tools.store.saveGenerated(sealed, name: value, of: name) }
            } catch {
                tools.logger.error("stacks cannot be made again", metadata: ["cluster": "\(name)", "error": "\(error)"])
            }
            add(ClusterRuntime(stored, bundles: bundles, tools: tools))
        }
    }

    /// Runs every cluster's loop until it is cancelled or asked to stop.
    func run() async throws {
        await withGracefulShutdownHandler {
            await withDiscardingTaskGroup { group in
                group.addTask { await self.daily() }
                for await runtime in newcomers { group.addTask { await runtime.run() } }
                group.cancelAll()
            }
        } onGracefulShutdown: {
            Task { await self.finish() }
        }
    }

    private func finish() async {
        newcomer.finish()
        changed.finish()
        for runtime in runtimes.values { await runtime.finish() }
    }

    /// Certificates that we made for stacks are renewed in time, and what is over is forgotten.
    private func daily() async {
        while !Task.isCancelled {
            try? await Task.sleep(for: .seconds(6 * 3600))
            guard !Task.isCancelled else { return }
            await prune()
            await renewCertificates()
        }
    }

    private func prune() async {
        let now = tools.clock.now()
        do {
            try await tools.store.prune(certificatesBefore: now.advanced(by: -40 * 24 * 3_600_000), now: now)
        } catch {
            tools.logger.error("what is over was not forgotten; it is tried again in six hours", metadata: ["error": "\(error)"])
        }
    }

    /// Makes the bundles of each cluster again, with new certificates where they are due. What fails in one cluster is not the others' loss.
    func renewCertificates() async {
        for runtime in all() {
            // not while somebody applies, rotates or rolls back: what is read here would be put over what came meanwhile
            await beginAccepting()
            defer { endAccepting() }
            do {
                let generation = await runtime.generation
                let made = try await tools.bundles.make(generation)
                for (value, sealed) in made.generated { try await tools.store.saveGenerated(sealed, name: value, of: runtime.name) }
                await runtime.replace(bundles: made.bundles, of: generation.number)
            } catch {
                tools.logger.error(
                    "certificates of stacks were not renewed; it is tried again in six hours",
                    metadata: ["cluster": "\(runtime.name)", "error": "\(error)"])
            }
        }
    }

    func runtime(_ name: ClusterName) -> ClusterRuntime? { runtimes[name] }

    func all() -> [ClusterRuntime] { runtimes.values.sorted { $0.name < $1.name } }

    private func add(_ runtime: ClusterRuntime) {
        runtimes[runtime.name] = runtime
        newcomer.yield(runtime)
        changed.fire()
    }

    // MARK: A new generation

    /// Stores a generation and gives it to the cluster, which is made if it is the first.
    func accept(
        _ generation: StoredGeneration, record: ClusterRecord?, made: BundleSource.Made, event: Event
    ) async throws {
        if let runtime = runtimes[generation.spec.name] {
            try await runtime.accept(generation, record: record, made: made, event: event)
            return
        }
        _ = try await tools.store.accept(generation, record: record, generated: made.generated, events: [event])
        guard let stored = try await tools.store.cluster(generation.spec.name) else { return }
        let runtime = ClusterRuntime(stored, bundles: made.bundles, tools: tools)
        add(runtime)
        await runtime.settle()
    }

    /// Does something that no apply, rotation or rollback may come between.
    nonisolated func alone<Result: Sendable>(_ body: () async throws -> Result) async throws -> Result {
        await beginAccepting()
        do {
            let result = try await body()
            await endAccepting()
            return result
        } catch {
            await endAccepting()
            throw error
        }
    }

    /// One apply at a time, so that each is compared with the one before. Pair it with `endAccepting`.
    func beginAccepting() async {
        if isAccepting { await withCheckedContinuation { queue.append($0) } }
        isAccepting = true
    }

    func endAccepting() {
        if queue.isEmpty { isAccepting = false } else { queue.removeFirst().resume() }
    }
}

extension ClusterRuntime {
    /// Takes a new generation, once it is stored.
    func accept(_ new: StoredGeneration, record: ClusterRecord?, made: BundleSource.Made, event: Event) async throws {
        try await keep(new, record: record, made: made, event: event)
        await settle()
    }

    private func keep(_ new: StoredGeneration, record: ClusterRecord?, made: BundleSource.Made, event: Event) async throws {
        await lock()
        defer { unlock() }
        let recorded = try await tools.store.accept(new, record: record, generated: made.generated, events: [event])
        take(new, record: record, bundles: made.bundles)
        grown(recorded)
    }
}
