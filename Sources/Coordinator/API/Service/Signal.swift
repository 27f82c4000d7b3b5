import Synchronization

/// Wakes whoever waits for a change; it says that something changed, never what.
final class Signal: Sendable {
    private struct State {
        var next = 0
        var waiting: [Int: AsyncStream<Void>.Continuation] = [:]
        var isFinished = false
    }

    private let state = Mutex(State())

    /// A stream with an element for each change; changes that come before the last was read are one.
    func subscribe() -> AsyncStream<Void> {
        let (stream, continuation) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        let id = state.withLock { state -> Int? in
            guard !state.isFinished else { return nil }
            state.next += 1
            state.waiting[state.next] = continuation
            return state.next
        }
        guard let id else {
            continuation.finish()
            return stream
        }
        continuation.onTermination = { [weak self] _ in _ = self?.state.withLock { $0.waiting.removeValue(forKey: id) } }
        return stream
    }

    func fire() {
        for continuation in state.withLock({ Array($0.waiting.values) }) { continuation.yield() }
    }

    /// Ends all streams, and those that are asked for afterwards.
    func finish() {
        let waiting = state.withLock { state in
            state.isFinished = true
            defer { state.waiting = [:] }
            return Array(state.waiting.values)
        }
        for continuation in waiting { continuation.finish() }
    }

    var isFinished: Bool { state.withLock { $0.isFinished } }
}

/// Waits for an element of the stream; false when the time is over or the stream has ended.
func hasChanged(_ stream: AsyncStream<Void>, within milliseconds: Int64) async -> Bool {
    await withTaskGroup(of: Bool.self) { group in
        group.addTask {
            for await _ in stream { return true }
            return false
        }
        group.addTask {
            try? await Task.sleep(for: .milliseconds(max(0, milliseconds)))
            return false
        }
        defer { group.cancelAll() }
        return await group.next() ?? false
    }
}
