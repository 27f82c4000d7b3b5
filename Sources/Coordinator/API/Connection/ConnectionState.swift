import CoordinatorAuthority
import NIOCore
import Synchronization

/// What is known of one connection; looked up once and kept as long as it lives.
final class ConnectionState: Sendable {
    /// The connection whose request is being answered.
    @TaskLocal static var current: ConnectionState?

    let channel: any Channel
    /// The other side's address, without the port.
    let address: String
    private let shown = Mutex<ShownCertificate?>(nil)

    init(channel: any Channel) {
        self.channel = channel
        address = channel.remoteAddress?.ipAddress ?? "local"
    }

    /// The certificate that opened the connection, after it was found good.
    var certificate: ShownCertificate? {
        get { shown.withLock { $0 } }
        set { shown.withLock { $0 = newValue } }
    }
}
