import CoordinatorCore
import SkepModel

extension ClusterRuntime {
    /// The moment now. When the clock was set back since the last look, what was seen is set back with it: nobody is taken for live until the
    /// clock has come that far again.
    func look() -> Instant {
        let now = tools.clock.now()
        let step = latest.since(now)
        latest = now
        guard step > 0 else { return now }
        began = began.advanced(by: -step)
        nodes = nodes.mapValues { node in
            var node = node
            node.seen = node.seen?.advanced(by: -step)
            return node
        }
        return now
    }
}

extension Snapshot.Node {
    /// What a clock wrote that was ahead is not in the future.
    func seenNoLater(than now: Instant) -> Self {
        var node = self
        node.seen = seen.map { min($0, now) }
        return node
    }
}
