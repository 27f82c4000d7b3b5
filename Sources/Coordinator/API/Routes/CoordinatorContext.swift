import Hummingbird
import Logging
import NIOCore
import SkepWire

/// What a handler is given beside the request.
struct CoordinatorContext: RequestContext {
    var coreContext: CoreRequestContextStorage
    let channel: any Channel

    init(source: ApplicationRequestContextSource) {
        coreContext = .init(source: source)
        channel = source.channel
    }

    var maxUploadSize: Int { WireProtocol.bodyLimit }

    /// The other side's address, without the port.
    var address: String { channel.remoteAddress?.ipAddress ?? "local" }
}
