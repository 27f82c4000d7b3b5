/// A descriptor that the loop looks after; active until ``cancel()``, whether anybody keeps this or not.
///
/// Cancel before the descriptor is closed. The kernel watches a descriptor once: a second watch of the same is refused.
@LoopActor public final class Watch {
    /// The descriptor.
    public nonisolated let descriptor: Int32
    // Read by the loop in its own turn.
    nonisolated(unsafe) var token: UInt64 = 0
    var handler: (@LoopActor (IOEvents) -> Void)?

    init(_ descriptor: Int32, _ handler: @escaping @LoopActor (IOEvents) -> Void) {
        self.descriptor = descriptor
        self.handler = handler
    }

    /// Waits for `events` from now on; an empty set still reports errors.
    public func update(_ events: IOEvents) throws(SystemError) {
        try EventLoop.shared.update(self, events)
    }

    /// Ends the watch; its handler is not called again. The descriptor stays open.
    public func cancel() {
        EventLoop.shared.remove(self)
        handler = nil
    }
}
