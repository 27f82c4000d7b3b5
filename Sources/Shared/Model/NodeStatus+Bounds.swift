extension NodeStatus {
    /// The same with no more of what the canary found than is ever asked, and with every number that is counted on from here within ±2⁵³: what another machine says must not overflow what is reckoned with it.
    public func bounded() -> NodeStatus {
        var status = self
        status.observed = Self.bounded(observed)
        status.facts.clockOffset = facts.clockOffset.map { min(max($0, -Self.bound), Self.bound) }
        if (facts.apiRequest?.utf8.count ?? 0) > 16_384 { status.facts.apiRequest = nil }
        for index in status.conditions.indices { status.conditions[index].since = Self.bounded(status.conditions[index].since) }
        for index in status.events.indices { status.events[index].at = Self.bounded(status.events[index].at) }
        if let canary { status.canary = Self.bounded(canary) }
        if let manager {
            status.manager?.term = min(max(manager.term, 0), Int(Self.bound))
            status.manager?.tokenEpoch = min(max(manager.tokenEpoch, 0), Int(Self.bound))
        }
        return status
    }

    private static func bounded(_ canary: CanaryReport) -> CanaryReport {
        var canary = canary
        canary.paths = Array(canary.paths.prefix(64))
        canary.ports = Array(canary.ports.prefix(1024))
        canary.trouble = canary.trouble.map { String($0.prefix(500)) }
        canary.at = canary.at.map(bounded)
        for index in canary.paths.indices { canary.paths[index].trial.passed = canary.paths[index].trial.passed.map(bounded) }
        for index in canary.ports.indices {
            canary.ports[index].trial.passed = canary.ports[index].trial.passed.map(bounded)
            canary.ports[index].failure = canary.ports[index].failure.map { String($0.prefix(500)) }
        }
        return canary
    }

    private static let bound: Int64 = 1 << 53

    private static func bounded(_ moment: Instant) -> Instant { Instant(milliseconds: min(max(moment.milliseconds, -bound), bound)) }
}
