import Synchronization

/// Wakes whoever waits for a change; it says that something changed, never what.
///
/// Take `turn` before looking, and wait for what comes after it: no change is missed between the two.
final class Signal: Sendable {
    /// One who waits; woken once, by whatever comes first.
    private final class Waiter: Sendable {
        private enum State {
            case fresh
            case waiting(CheckedContinuation<Void, Never>)
            case woken
        }

        private let state = Mutex(State.fresh)

        func wait() async {
            await withCheckedContinuation { continuation in
                let isWoken = state.withLock { state in
                    if case .woken = state { return true }
                    state = .waiting(continuation)
                    return false
                }
                if isWoken { continuation.resume() }
            }
        }

        func wake() {
            let continuation = state.withLock { state -> CheckedContinuation<Void, Never>? in
                defer { state = .woken }
                if case .waiting(let continuation) = state { return continuation }
                return nil
            }
            continuation?.resume()
        }
    }

    private struct State {
        var turn = 0
        var waiters: [ObjectIdentifier: Waiter] = [:]
        var isFinished = false
    }

    private let state = Mutex(State())

    /// Counts the changes.
    var turn: Int { state.withLock { $0.turn } }

    var isFinished: Bool { state.withLock { $0.isFinished } }

    func fire() {
        let waiters = state.withLock { state in
            state.turn += 1
            defer { state.waiters = [:] }
            return Array(state.waiters.values)
        }
        for waiter in waiters { waiter.wake() }
    }

    /// Lets all go who wait, now and from now on.
    func finish() {
        state.withLock { $0.isFinished = true }
        fire()
    }

    /// Waits for a change after that turn; false when the time is over, or the task is cancelled.
    func wait(after turn: Int, within milliseconds: Int64) async -> Bool {
        let waiter = Waiter()
        let isWaiting = state.withLock { state in
            guard !state.isFinished, state.turn <= turn else { return false }
            state.waiters[ObjectIdentifier(waiter)] = waiter
            return true
        }
        guard isWaiting else { return self.turn > turn }
        let timer = Task {
            try? await Task.sleep(for: .milliseconds(max(0, milliseconds)))
            waiter.wake()
        }
        await withTaskCancellationHandler {
            await waiter.wait()
        } onCancel: {
            waiter.wake()
        }
        timer.cancel()
        return state.withLock { state in
            state.waiters.removeValue(forKey: ObjectIdentifier(waiter))
            return state.turn > turn
        }
    }
}
