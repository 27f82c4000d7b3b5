import SkepModel

/// One line of the ledger.
struct EventRow: View {
    let at: Moment
    let place: String
    let mark: Mark
    let tone: String
    let message: String
    /// Who did it and how long it took.
    let tail: String?

    init(_ event: Event, now: Instant) {
        at = Moment(event.at, now: now)
        place = event.node?.rawValue ?? "cluster"
        let word = event.kind.rawValue
        mark =
            switch event.kind {
            case .failure, .refusal: Mark(.bad, word)
            case .repair: Mark(.warn, word)
            default: Mark(.none, word)
            }
        tone = mark.tone
        message = event.message
        var parts: [String] = []
        if let actor = event.actor { parts.append("by \(actor)") }
        if let seconds = event.seconds { parts.append(seconds < 10 ? "\((seconds * 10).rounded() / 10) s" : Age.words(seconds)) }
        tail = parts.isEmpty ? nil : parts.joined(separator: ", ")
    }
}
