public import SkepModel

/// A certificate that the authority has just made.
public struct IssuedCertificate: Sendable, Equatable {
    /// Hexadecimal, lower case, with leading zeros.
    public let serial: String
    /// SHA-256 of the public key (SPKI), hexadecimal.
    public let key: String
    /// PEM, leaf first, then the issuing authority.
    public let chain: String
    public let notBefore: Instant
    public let notAfter: Instant
}

/// What a certificate that somebody showed says, after its signature was checked.
public struct ShownCertificate: Sendable, Equatable {
    public let identity: NodeIdentity
    public let serial: String
    public let key: String
    public let notAfter: Instant
}

/// When a certificate should be made anew: a pure function of its times.
public enum Renewal {
    /// Whether half of the life is over, or it has not begun: then the clock that it was made by was ahead, and was set back since.
    /// `shift` moves the moment by up to 10 % of the life, so that not all come at once.
    public static func isDue(notBefore: Instant, notAfter: Instant, now: Instant, shift: Double = 0) -> Bool {
        guard now >= notBefore else { return true }
        let life = Double(notAfter.since(notBefore))
        let part = 0.5 + max(-0.1, min(0.1, shift))
        return Double(now.since(notBefore)) >= life * part
    }
}
