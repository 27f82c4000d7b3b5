internal import AgentCore
internal import SkepModel
internal import SkepSystem

/// Spreads the glances that events ask for: at once as a rule, one at a time of each aspect, and later and later in a storm. What comes during a glance
/// is followed by another.
@LoopActor final class Glances {
    private let settle: Int64
    private let look: @LoopActor (Aspect, _ noticed: Instant) async -> Void
    /// Those that were asked for, with the moment of the first event.
    private var asked: [Aspect: Instant] = [:]
    private var running: Set<Aspect> = []
    private var paces: [Aspect: GlancePace] = [:]
    private var isStopped = false

    /// `settle` milliseconds go between an event and the glance at it, so that what comes together is seen together.
    init(settle: Int64, look: @escaping @LoopActor (Aspect, _ noticed: Instant) async -> Void) {
        self.settle = settle
        self.look = look
    }

    /// Something happened to that part of the machine.
    func ask(_ aspect: Aspect) {
        guard !isStopped, asked[aspect] == nil else { return }
        asked[aspect] = Instant(milliseconds: SystemClock.wallMilliseconds())
        if !running.contains(aspect) { schedule(aspect) }
    }

    /// No glance begins any more.
    func stop() {
        isStopped = true
        asked = [:]
    }

    private func schedule(_ aspect: Aspect) {
        let delay = paces[aspect, default: GlancePace()].delay(SystemClock.monotonicMilliseconds())
        LoopActor.schedule(after: .milliseconds(max(settle, delay))) { [weak self] in self?.begin(aspect) }
    }

    private func begin(_ aspect: Aspect) {
        guard let noticed = asked.removeValue(forKey: aspect) else { return }
        running.insert(aspect)
        Task {
            await self.look(aspect, noticed)
            self.running.remove(aspect)
            self.paces[aspect, default: GlancePace()].glanced(SystemClock.monotonicMilliseconds())
            if self.asked[aspect] != nil { self.schedule(aspect) }
        }
    }
}
