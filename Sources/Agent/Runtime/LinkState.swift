public import SkepModel

/// How the agent stands with its coordinator.
public struct LinkState: Sendable, Equatable {
    /// The last answer; nil when there was none since the start.
    public var answeredAt: Instant?
    /// Since when there is none, and why; nil while all is well.
    public var failure: String?
    public var failedSince: Instant?
    /// The coordinator says that this node was put out of its cluster.
    public var isEvicted = false
    /// Milliseconds that this node's clock is ahead of the coordinator's.
    public var clockOffset: Int64?
    /// When the certificate that is shown ends, seconds since 1970.
    public var certificateEnds: Int64?
    /// Why it could not be renewed.
    public var renewalFailure: String?
    /// Reports that were answered since the start.
    public var answers = 0

    /// The statements that follow from it.
    func conditions(now: Instant, coordinator: String) -> [Condition] {
        [connected(now, coordinator), clock(now), identity(now)].compactMap { $0 }
    }

    private func connected(_ now: Instant, _ coordinator: String) -> Condition {
        if isEvicted {
            return Condition(
                .connected, .false, reason: "Evicted",
                message:
                    "this node was removed from its cluster; it keeps its last spec. To take it back: skep node invite; "
                    + "to clean it: purge skep-agent",
                since: failedSince ?? now)
        }
        if let failure {
            return Condition(
                .connected, .false, reason: "Unreachable", message: "no answer from \(coordinator): \(failure); the last spec is kept up meanwhile",
                since: failedSince ?? now)
        }
        guard let answeredAt else {
            return Condition(.connected, .unknown, reason: "Starting", message: "no answer from \(coordinator) yet", since: now)
        }
        return Condition(.connected, .true, reason: "Answered", message: "the coordinator at \(coordinator) answers", since: answeredAt)
    }

    private func clock(_ now: Instant) -> Condition? {
        guard let clockOffset else { return nil }
        if abs(clockOffset) > ClockText.harmless {
            return Condition(.clock, .false, reason: "ClockSkewed", message: ClockText.fix(clockOffset), since: now)
        }
        return Condition(.clock, .true, reason: "ClockAgrees", message: "within ten minutes of the coordinator's clock", since: now)
    }

    private func identity(_ now: Instant) -> Condition? {
        guard let certificateEnds else { return nil }
        let left = certificateEnds - now.milliseconds / 1000
        if let renewalFailure {
            let words = left > 0 ? "the certificate is good for \(left / 3600) h more and was not renewed" : "the certificate has expired"
            return Condition(
                .identity, left > 0 ? .true : .false, reason: left > 0 ? "RenewalFailed" : "Expired", message: "\(words): \(renewalFailure)",
                since: now)
        }
        guard left > 0 else {
            return Condition(.identity, .false, reason: "Expired", message: "the certificate has expired; asking for a late renewal", since: now)
        }
        return Condition(.identity, .true, reason: "CertificateValid", message: "the certificate is renewed before it ends", since: now)
    }
}
