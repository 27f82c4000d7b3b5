import FoundationEssentials
import SkepModel

/// Times as people read them.
enum Words {
    static func age(_ seconds: Double?) -> String {
        guard let seconds else { return "never" }
        return "\(span(Int64(max(0, seconds)))) ago"
    }

    static func span(_ seconds: Int64) -> String {
        switch seconds {
        case ..<120: "\(seconds) s"
        case ..<7200: "\(seconds / 60) min"
        case ..<172_800: "\(seconds / 3600) h"
        default: "\(seconds / 86400) days"
        }
    }

    /// UTC, as ISO 8601 writes it.
    static func time(_ instant: Instant) -> String {
        Date(timeIntervalSince1970: Double(instant.milliseconds) / 1000).formatted(.iso8601)
    }

    /// `90`, `90s`, `10m`, `2h` or `7d` in seconds.
    static func seconds(_ text: String) -> Int? {
        let units: [Character: Int] = ["s": 1, "m": 60, "h": 3600, "d": 86400]
        guard let last = text.last else { return nil }
        let factor = units[last]
        let digits = factor == nil ? Substring(text) : text.dropLast()
        guard digits.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let number = Int(digits), number <= 10_000_000 else { return nil }
        return number * (factor ?? 1)
    }
}
