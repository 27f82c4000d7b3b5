/// Says how wrong a clock is.
enum ClockText {
    /// Certificates are back-dated by an hour, so that less than that harms nobody.
    static let harmless: Int64 = 10 * 60 * 1000

    /// `5 h 3 min ahead of`, for an offset in milliseconds.
    static func words(_ offset: Int64) -> String {
        let seconds = (offset.magnitude + 500) / 1000
        let minutes = (seconds + 30) / 60
        let span =
            seconds >= 172_800
            ? "\(seconds / 86_400) days"
            : seconds >= 3600 ? "\(minutes / 60) h \(minutes % 60) min" : seconds >= 60 ? "\(minutes) min" : "\(seconds) s"
        return "\(span) \(offset >= 0 ? "ahead of" : "behind")"
    }

    /// What to do about it.
    static func fix(_ offset: Int64) -> String {
        "this node's clock is \(words(offset)) the coordinator's: set it (timedatectl set-ntp true, or date -s), certificates depend on it"
    }
}
