internal import CLinux
internal import Glibc

/// The kernel's randomness, for identifiers, nonces and jitter outside of cores.
public enum SystemRandom {
    /// `count` bytes of getrandom(2).
    public static func bytes(_ count: Int) -> [UInt8] {
        guard count > 0 else { return [] }
        return [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
            // Without randomness nothing that follows is safe.
            guard let start = buffer.baseAddress, clinux_random(start, count) == 0 else { fatalError("getrandom failed") }
            filled = count
        }
    }

    /// `count` random bytes as lower-case hexadecimal digits.
    public static func hex(_ count: Int) -> String {
        bytes(count).reduce(into: "") { text, byte in
            if byte < 16 { text += "0" }
            text += String(byte, radix: 16)
        }
    }

    /// A number of `range`, each as likely.
    public static func uniform(_ range: ClosedRange<Int64>) -> Int64 {
        var generator = Generator()
        return Int64.random(in: range, using: &generator)
    }

    /// `duration` made shorter by at most `fraction` (0…1): jitter for beats, which may come early but not late.
    public static func shortened(_ duration: Duration, by fraction: Double) -> Duration {
        let whole = duration.nanoseconds
        let most = Int64(Double(whole) * min(max(fraction, 0), 1))
        return most > 0 ? .nanoseconds(whole - uniform(0...most)) : duration
    }

    /// `duration` made shorter or longer by at most `fraction` (0…1): jitter for retries and renewals.
    public static func around(_ duration: Duration, by fraction: Double) -> Duration {
        let whole = duration.nanoseconds
        let most = Int64(Double(whole) * min(max(fraction, 0), 1))
        return most > 0 ? .nanoseconds(whole + uniform(-most...most)) : duration
    }

    private struct Generator: RandomNumberGenerator {
        mutating func next() -> UInt64 {
            SystemRandom.bytes(8).reduce(0) { $0 << 8 | UInt64($1) }
        }
    }
}
