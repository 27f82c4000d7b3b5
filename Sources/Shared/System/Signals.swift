internal import CLinux
internal import Glibc

/// Signals delivered to the loop, one after the other.
@LoopActor public final class Signals {
    private let descriptor: Int32
    private var watch: Watch?

    /// Receives `signals`; they must have been blocked before any other thread was made, as ``LoopActor/runMain(_:)`` does.
    public init(_ signals: [Int32] = [15, 2, 1], _ handler: @escaping @LoopActor (Int32) -> Void) throws(SystemError) {
        Self.block(signals)
        let descriptor = clinux_signalfd(signals, Int32(signals.count))
        guard descriptor >= 0 else { throw SystemError.last("cannot receive signals") }
        self.descriptor = descriptor
        watch = try LoopActor.watch(descriptor, .readable) { _ in
            while case let signal = clinux_signalfd_read(descriptor), signal > 0 { handler(signal) }
        }
    }

    /// Receives no more of them; they stay blocked.
    public func cancel() {
        guard let watch else { return }
        self.watch = nil
        watch.cancel()
        close(descriptor)
    }

    /// Blocks `signals` in the calling thread and in those that it makes.
    public nonisolated static func block(_ signals: [Int32]) {
        _ = clinux_block_signals(signals, Int32(signals.count))
    }
}
