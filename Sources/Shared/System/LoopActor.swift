internal import CLinux
internal import Glibc

/// The global actor whose executor is ``EventLoop``: everything isolated to it runs on the loop's one thread.
@globalActor public actor LoopActor {
    /// The actor.
    public static let shared = LoopActor()

    /// The loop.
    public nonisolated var unownedExecutor: UnownedSerialExecutor {
        EventLoop.shared.asUnownedSerialExecutor()
    }

    private init() {}

    /// Runs the loop on the calling thread, which must be the process's first, with `body` as its first task; exits with what it answers.
    ///
    /// Everything asynchronous in the process then runs on this thread, whatever actor it belongs to: nothing may block it.
    /// SIGTERM, SIGINT and SIGHUP are blocked before any other thread exists, for ``Signals`` to receive them.
    public static func runMain(_ body: @escaping @LoopActor @Sendable () async -> Int32) -> Never {
        Signals.block([SIGTERM, SIGINT, SIGHUP])
        EventLoop.takeGlobalJobs()
        Task { @LoopActor in exit(await body()) }
        EventLoop.shared.run()
    }

    /// Runs `body` at once, for callbacks from C that are known to come on the loop's thread; traps elsewhere.
    public static func assumeIsolated<Value: Sendable>(_ body: @LoopActor () throws -> Value) rethrows -> Value {
        EventLoop.shared.checkIsolated()
        return try withoutActuallyEscaping(body) { body in
            // The same cast that MainActor.assumeIsolated makes: isolation is part of the type only, not of the call.
            try unsafeBitCast(body, to: (() throws -> Value).self)()
        }
    }

    /// Calls `handler` whenever `descriptor` is ready for one of `events`, as long as it stays so.
    @LoopActor public static func watch(
        _ descriptor: Int32, _ events: IOEvents, _ handler: @escaping @LoopActor (IOEvents) -> Void
    ) throws(SystemError) -> Watch {
        let watch = Watch(descriptor, handler)
        try EventLoop.shared.add(watch, events)
        return watch
    }

    /// Calls `handler` once after `delay`; time spent suspended counts.
    @discardableResult
    @LoopActor public static func schedule(after delay: Duration, _ handler: @escaping @LoopActor () -> Void) -> Timer {
        let (deadline, overflow) = SystemClock.nanoseconds().addingReportingOverflow(max(delay.nanoseconds, 0))
        let timer = Timer(overflow ? .max : deadline, handler)
        EventLoop.shared.add(timer)
        return timer
    }

    /// Waits for `delay`; throws `CancellationError` as soon as the task is cancelled.
    @LoopActor public static func sleep(for delay: Duration) async throws {
        let done = OneShot<Void>()
        let timer = schedule(after: delay) { done.finish(.success(())) }
        defer { timer.cancel() }
        try await done.value()
    }

    /// Waits until `descriptor` can be read, or its other end is gone; throws `CancellationError` as soon as the task is cancelled.
    @LoopActor public static func readable(_ descriptor: Int32) async throws {
        let done = OneShot<Void>()
        let watch = try watch(descriptor, .readable) { _ in done.finish(.success(())) }
        defer { watch.cancel() }
        try await done.value()
    }

    /// Runs `operation`, cancels it at the deadline, waits for its end, and throws ``SystemError/Code/timeout`` if it then failed.
    ///
    /// The wait keeps effects in order; all that this module does ends at once when it is cancelled.
    @LoopActor public static func withDeadline<Value: Sendable>(
        _ deadline: Duration, operation: @escaping @LoopActor @Sendable () async throws -> Value
    ) async throws -> Value {
        try Task.checkCancellation()
        let done = OneShot<Value>()
        let task = Task { @LoopActor in
            do { done.finish(.success(try await operation())) } catch { done.finish(.failure(error)) }
        }
        var isLate = false
        let timer = schedule(after: deadline) {
            isLate = true
            task.cancel()
        }
        defer { timer.cancel() }
        do {
            return try await done.value { task.cancel() }
        } catch {
            guard isLate else { throw error }
            throw SystemError(.timeout, "not done within \(deadline)", cause: error is CancellationError ? nil : error)
        }
    }
}
