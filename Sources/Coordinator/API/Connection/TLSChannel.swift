import CoordinatorAuthority
import HummingbirdCore
import Logging
import NIOCore
import NIOSSL
import Synchronization

/// The TLS context that new connections get; it can be replaced while connections live.
final class TLSBox: Sendable {
    private let context: Mutex<NIOSSLContext>

    init(_ context: NIOSSLContext) { self.context = Mutex(context) }

    var current: NIOSSLContext { context.withLock { $0 } }

    func replace(_ new: NIOSSLContext) { context.withLock { $0 = new } }
}

/// An address has its share of connections open already.
struct TooManyConnections: Error {}

/// TLS from the box, limits, and what is known of the connection, around HTTP/1.1.
struct TLSChannel<Base: ServerChildChannel>: ServerChildChannel {
    typealias Value = Base.Value

    let tls: TLSBox
    let base: Base
    let counter: AddressCounter
    let live: LiveConnections
    let refusals: RefusalLog
    let handshakeSeconds: Int64
    let requestSeconds: Int64

    func setup(channel: any Channel, logger: Logger) -> EventLoopFuture<Value> {
        let address = channel.remoteAddress?.ipAddress ?? "local"
        guard counter.open(address) else {
            refusals.note("TooManyConnections", caller: address)
            channel.close(mode: .all, promise: nil)
            return channel.eventLoop.makeFailedFuture(TooManyConnections())
        }
        channel.closeFuture.whenComplete { [counter] _ in counter.close(address) }
        return channel.eventLoop.makeCompletedFuture {
            try channel.pipeline.syncOperations.addHandler(NIOSSLServerHandler(context: tls.current))
            try channel.pipeline.syncOperations.addHandler(
                ConnectionGuard(first: .seconds(handshakeSeconds), whole: .seconds(requestSeconds)) { [refusals] in
                    refusals.note("NoRequest", caller: address)
                })
        }.flatMap { base.setup(channel: channel, logger: logger) }
    }

    func handle(value: Value, logger: Logger) async {
        let state = ConnectionState(channel: value.channel)
        await ConnectionState.$current.withValue(state) { await base.handle(value: value, logger: logger) }
        if let node = state.certificate?.identity.node { live.remove(value.channel, of: node) }
    }
}
