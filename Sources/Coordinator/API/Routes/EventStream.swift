import Hummingbird
import NIOCore

/// Server-sent events (WHATWG HTML, section 9.2): named messages on one long answer.
struct EventStream {
    /// After so long the client is asked to connect anew, so that a role that was taken away ends.
    static let limit: Duration = .seconds(900)
    /// A comment is sent at least so often, milliseconds.
    static let heartbeat: Int64 = 10_000

    static func message(event: String, data: String, id: Int64? = nil) -> ByteBuffer {
        var text = ""
        if let id { text += "id: \(id)\n" }
        text += "event: \(event)\n"
        for line in data.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline) { text += "data: \(line)\n" }
        return ByteBuffer(string: text + "\n")
    }

    /// Sends what `next` gives: at once, at each change, and at each heartbeat; nothing becomes a comment.
    ///
    /// `atLeast`: milliseconds between two messages.
    static func response(
        on signal: Signal, atLeast: Int64 = 0, always: Bool, next: @escaping @Sendable () async throws -> ByteBuffer?
    ) -> Response {
        Response(
            status: .ok, headers: [.contentType: "text/event-stream", .cacheControl: "no-store"],
            body: .init { writer in
                let end = ContinuousClock.now + limit
                var isDue = true
                try await writer.write(ByteBuffer(string: "retry: 2000\n\n"))
                while ContinuousClock.now < end, !signal.isFinished, !Task.isCancelled {
                    let turn = signal.turn
                    if let message = isDue || always ? try await next() : nil {
                        try await writer.write(message)
                    } else {
                        try await writer.write(ByteBuffer(string: ": still here\n\n"))
                    }
                    if atLeast > 0 { try await Task.sleep(for: .milliseconds(atLeast)) }
                    isDue = await signal.wait(after: turn, within: heartbeat)
                }
                try await writer.finish(nil)
            })
    }
}
