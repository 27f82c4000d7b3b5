internal import FoundationEssentials

/// Docker's events out of a stream of bytes: one JSON object a line, lines in any number of pieces.
struct EventLines {
    struct Event: Decodable, Equatable {
        var `Type`: String?
        var Action: String?
        /// Nanoseconds since 1970.
        var timeNano: Int64?
    }

    private var rest: [UInt8] = []
    /// A line that is longer than any event is dropped.
    private static let limit = 256 << 10
    private var isSkipping = false

    /// The events that are complete now; what is not an event is passed over.
    mutating func take(_ bytes: [UInt8]) -> [Event] {
        var events: [Event] = []
        for piece in bytes.split(separator: 0x0a, omittingEmptySubsequences: false).enumerated() {
            if piece.offset > 0 {
                if !isSkipping, let event = try? JSONDecoder().decode(Event.self, from: Data(rest)) { events.append(event) }
                rest = []
                isSkipping = false
            }
            guard !isSkipping else { continue }
            rest += piece.element
            if rest.count > Self.limit {
                rest = []
                isSkipping = true
            }
        }
        return events
    }
}
