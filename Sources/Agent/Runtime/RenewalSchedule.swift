/// What to do about a certificate now: a pure function of its validity, the node and the time.
public enum RenewalSchedule: Sendable, Equatable {
    /// Nothing before that second since 1970.
    case wait(until: Int64)
    /// Renew over the live connection; the certificate is still good.
    case renew
    /// It has expired: renew with the old key's signature.
    case late
    /// It expired longer ago than late renewal allows: only a new invitation helps.
    case gone

    /// Seconds after expiry in which the old key may still ask.
    public static let grace: Int64 = 30 * 86_400

    /// Renewal is due at half of the certificate's life, ten percent of that sooner or later by the seed, so that nodes do not come all at once.
    public static func decide(notBefore: Int64, notAfter: Int64, now: Int64, seed: UInt64) -> RenewalSchedule {
        if now > notAfter { return now - notAfter > grace ? .gone : .late }
        let due = due(notBefore: notBefore, notAfter: notAfter, seed: seed)
        return now >= due ? .renew : .wait(until: due)
    }

    /// The second at which it is due.
    public static func due(notBefore: Int64, notAfter: Int64, seed: UInt64) -> Int64 {
        let half = max(0, notAfter - notBefore) / 2
        let spread = half / 10
        guard spread > 0 else { return notBefore + half }
        return notBefore + half - spread + Int64(mixed(seed) % UInt64(2 * spread + 1))
    }

    /// A seed from any text; the same text gives the same seed in every process.
    public static func seed(_ text: String) -> UInt64 {
        text.utf8.reduce(0xcbf2_9ce4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 }
    }

    private static func mixed(_ seed: UInt64) -> UInt64 {
        var value = seed &+ 0x9e37_79b9_7f4a_7c15
        value = (value ^ (value >> 30)) &* 0xbf58_476d_1ce4_e5b9
        value = (value ^ (value >> 27)) &* 0x94d0_49bb_1331_11eb
        return value ^ (value >> 31)
    }
}
