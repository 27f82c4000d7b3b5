import NIOCore
import Synchronization

/// Counts connections by address and refuses more than a share of all.
final class AddressCounter: Sendable {
    private let counts = Mutex<[String: Int]>([:])
    let limit: Int

    init(limit: Int) { self.limit = limit }

    func open(_ address: String) -> Bool {
        counts.withLock { counts in
            let count = counts[address, default: 0]
            guard count < limit else { return false }
            counts[address] = count + 1
            return true
        }
    }

    func close(_ address: String) {
        counts.withLock { counts in
            let count = counts[address, default: 1] - 1
            counts[address] = count > 0 ? count : nil
        }
    }

    var total: Int { counts.withLock { $0.values.reduce(0, +) } }
}

/// Ends a connection that does not get on: no handshake and first byte in time, or a request that never becomes whole.
///
/// It stands behind TLS, so that what it sees are bytes of HTTP.
final class ConnectionGuard: ChannelDuplexHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundIn = ByteBuffer

    private let first: TimeAmount
    private let whole: TimeAmount
    private var deadline: Scheduled<Void>?

    private let onGarbage: @Sendable () -> Void

    /// `first`: until the first byte. `whole`: from a request's first byte to the answer's first. `onGarbage`: it ended without one.
    init(first: TimeAmount, whole: TimeAmount, onGarbage: @escaping @Sendable () -> Void) {
        self.first = first
        self.whole = whole
        self.onGarbage = onGarbage
    }

    func handlerAdded(context: ChannelHandlerContext) { arm(context, first) }

    func handlerRemoved(context: ChannelHandlerContext) { deadline?.cancel() }

    func channelInactive(context: ChannelHandlerContext) {
        deadline?.cancel()
        if !hasRead { onGarbage() }
        context.fireChannelInactive()
    }

    private var isReading = false
    private var hasRead = false

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        if !isReading {
            isReading = true
            hasRead = true
            arm(context, whole)
        }
        context.fireChannelRead(data)
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        isReading = false
        deadline?.cancel()
        deadline = nil
        context.write(data, promise: promise)
    }

    private func arm(_ context: ChannelHandlerContext, _ span: TimeAmount) {
        deadline?.cancel()
        let channel = context.channel
        deadline = context.eventLoop.scheduleTask(in: span) { channel.close(mode: .all, promise: nil) }
    }
}
