import SkepModel

/// How old a value is; the page's script lets it grow.
struct Age: View {
    let seconds: Int
    let text: String

    init(seconds: Double) {
        self.seconds = Int(max(0, min(seconds, 1e12)))
        text = Self.words(seconds)
    }

    init(_ instant: Instant, now: Instant) { self.init(seconds: Double(now.since(instant)) / 1000) }

    /// `4 s`, `3 min`, `5 h`, `12 d`; live.js says the same.
    static func words(_ seconds: Double) -> String {
        let whole = Int(max(0, min(seconds, 1e12)))
        return switch whole {
        case ..<60: "\(whole) s"
        case ..<3600: "\(whole / 60) min"
        case ..<172_800: "\(whole / 3600) h"
        default: "\(whole / 86400) d"
        }
    }
}
