internal import CCurl
public import SkepSystem

/// HTTP on the loop: any number of requests at once, none of which blocks it.
@LoopActor public final class HTTPClient {
    private let idleConnections: Int
    private var current: Multi

    /// A client that keeps `idleConnections` alive between requests, in all; each more that is left over is closed.
    public init(idleConnections: Int = 1) {
        self.idleConnections = idleConnections
        current = Multi(idleConnections: idleConnections)
    }

    /// Sends `request` and waits for the answer, whatever its status. Throws ``HTTPError``, or `CancellationError` as soon as the task is
    /// cancelled.
    public func send(_ request: HTTPRequest) async throws -> HTTPResponse {
        try await current.perform(request, sink: .body, onHead: nil)
    }

    /// Sends `request` and hands the body of a 2xx answer to `onData` as it comes; returns at its end. What `onData` throws ends it and is
    /// thrown. An answer with another status comes back with its body. `onHead` is told the status first.
    public func stream(
        _ request: HTTPRequest, onHead: (@LoopActor (Int) -> Void)? = nil, onData: @escaping @LoopActor ([UInt8]) throws -> Void
    ) async throws -> HTTPResponse {
        try await current.perform(
            request, sink: .chunks { chunk in try LoopActor.assumeIsolated { try onData(chunk) } },
            onHead: onHead.map { handler in { status in LoopActor.assumeIsolated { handler(status) } } })
    }

    /// Lets go of the connections: later requests make new ones, those under way end on theirs. For a new certificate.
    public func reset() {
        current.retire()
        current = Multi(idleConnections: idleConnections)
    }

    isolated deinit {
        current.retire()
    }
}
