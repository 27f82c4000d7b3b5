public import SkepSystem

/// Follows the engine's events, so that a change wakes the loop at once; a full look must never depend on them.
@LoopActor public final class DockerEvents {
    /// What a change may concern.
    public enum Kind: Hashable, Sendable {
        /// The stream was opened, or opened again: anything may have happened meanwhile.
        case connected
        /// The engine ended the stream or is gone.
        case lost
        case container
        case network
        /// Nodes, services, configs and secrets of the swarm.
        case swarm
        case engine
    }

    private let client: DockerClient
    private let pause: Duration
    private let onEvent: @LoopActor @Sendable (Set<Kind>) -> Void
    private var task: Task<Void, Never>?
    private var timer: Timer?
    private var kinds: Set<Kind> = []
    /// Time of the last event, nanoseconds since 1970.
    private var last: Int64?

    /// `onEvent` is told of what happens in a quiet way: at most once in `pause`, with everything that came in it.
    public init(client: DockerClient, pause: Duration = .milliseconds(200), onEvent: @escaping @LoopActor @Sendable (Set<Kind>) -> Void) {
        self.client = client
        self.pause = pause
        self.onEvent = onEvent
    }

    /// Begins to follow; comes back by itself after every loss, at first within a second and later within half a minute.
    public func start() {
        guard task == nil else { return }
        task = Task { @LoopActor [weak self] in
            var delay = Duration.milliseconds(500)
            while !Task.isCancelled {
                guard let wasOpen = await self?.follow() else { return }
                delay = wasOpen ? .milliseconds(500) : min(delay * 2, .seconds(30))
                try? await LoopActor.sleep(for: SystemRandom.shortened(delay, by: 0.3))
            }
        }
    }

    /// Ends; nothing is told afterwards.
    public func stop() {
        task?.cancel()
        task = nil
        timer?.cancel()
        timer = nil
        kinds = []
    }

    /// Only what changes something: no health checks, no logs, no pulls.
    private static let actions = [
        "create", "start", "die", "oom", "kill", "destroy", "update", "remove", "prune", "reload", "health_status", "connect", "disconnect",
    ]
    private static let types = ["container", "network", "node", "service", "config", "secret", "daemon"]

    private func follow() async -> Bool {
        var wasOpen = false
        var lines = EventLines()
        do {
            let filters = try DockerClient.filters(["event": Self.actions, "type": Self.types])
            let open: @LoopActor () -> Void = { [weak self] in
                wasOpen = true
                self?.tell(.connected)
            }
            let data: @LoopActor ([UInt8]) -> Void = { [weak self] bytes in
                for event in lines.take(bytes) { self?.note(event) }
            }
            if let last {
                let since = last + 1
                let fraction = String(since % 1_000_000_000)
                let text = "\(since / 1_000_000_000)." + String(repeating: "0", count: 9 - fraction.count) + fraction
                try await client.stream("/events", ["since": text, "filters": filters], onOpen: open, onData: data)
            } else {
                try await client.stream("/events", ["filters": filters], onOpen: open, onData: data)
            }
        } catch {
            // Why is what the next look says; here it is only tried again.
        }
        if wasOpen, !Task.isCancelled { tell(.lost) }
        return wasOpen
    }

    private func note(_ event: EventLines.Event) {
        if let time = event.timeNano, time > last ?? 0 { last = time }
        switch event.Type {
        case "container": tell(.container)
        case "network": tell(.network)
        case "daemon": tell(.engine)
        default: tell(.swarm)
        }
    }

    private func tell(_ kind: Kind) {
        kinds.insert(kind)
        guard timer == nil else { return }
        timer = LoopActor.schedule(after: pause) { [weak self] in
            guard let self else { return }
            let told = self.kinds
            self.kinds = []
            self.timer = nil
            self.onEvent(told)
        }
    }

    isolated deinit {
        task?.cancel()
        timer?.cancel()
    }
}
