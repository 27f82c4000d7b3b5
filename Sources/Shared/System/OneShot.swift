/// A result that comes once, from callbacks on the loop, and that one task waits for.
@LoopActor public final class OneShot<Value: Sendable> {
    private var result: Result<Value, any Error>?
    private var continuation: CheckedContinuation<Value, any Error>?

    /// Nothing yet.
    public init() {}

    /// Whether the result is there.
    public var isFinished: Bool {
        result != nil
    }

    /// Sets the result; a second one is ignored.
    public func finish(_ result: Result<Value, any Error>) {
        guard self.result == nil else { return }
        self.result = result
        continuation?.resume(with: result)
        continuation = nil
    }

    /// Waits for the result; ends with `CancellationError` as soon as the task is cancelled.
    public func value() async throws -> Value {
        try await value { self.finish(.failure(CancellationError())) }
    }

    /// Waits for the result; when the task is cancelled, `onCancel` runs on the loop and sees to it that a result comes.
    public func value(onCancel: @escaping @LoopActor @Sendable () -> Void) async throws -> Value {
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                precondition(self.continuation == nil, "two tasks wait for one result")
                if let result { continuation.resume(with: result) } else { self.continuation = continuation }
            }
        } onCancel: {
            EventLoop.shared.submit(onCancel)
        }
    }
}
