/// One call in the future; active until it fired or ``cancel()``, whether anybody keeps this or not.
@LoopActor public final class Timer {
    // Nanoseconds of CLOCK_BOOTTIME; never changes, so the heap may read it in its own turn.
    nonisolated let deadline: Int64
    nonisolated(unsafe) var sequence: UInt64 = 0
    // Written on the loop's thread only.
    nonisolated(unsafe) private(set) var isPendingFlag = true
    private var handler: (@LoopActor () -> Void)?

    init(_ deadline: Int64, _ handler: @escaping @LoopActor () -> Void) {
        self.deadline = deadline
        self.handler = handler
    }

    /// Whether it has yet to fire.
    public var isPending: Bool {
        isPendingFlag
    }

    /// Ends the timer; its handler is not called any more.
    public func cancel() {
        guard isPendingFlag else { return }
        isPendingFlag = false
        handler = nil
        EventLoop.shared.cancelled()
    }

    func fire() {
        guard isPendingFlag else { return }
        isPendingFlag = false
        let handler = handler
        self.handler = nil
        handler?()
    }
}

/// Timers in the order of their deadlines, equal ones in the order of their making.
struct TimerHeap {
    private var heap: [Timer] = []
    private var sequence: UInt64 = 0
    private var cancelled = 0

    /// The earliest deadline; a cancelled timer's counts until it is taken out.
    var deadline: Int64? {
        heap.first?.deadline
    }

    mutating func insert(_ timer: Timer) {
        sequence += 1
        timer.sequence = sequence
        heap.append(timer)
        var index = heap.count - 1
        while index > 0, isBefore(index, (index - 1) / 2) {
            heap.swapAt(index, (index - 1) / 2)
            index = (index - 1) / 2
        }
    }

    /// Takes out the timers due at `now`, earliest first.
    mutating func removeDue(at now: Int64) -> [Timer] {
        var due: [Timer] = []
        while let first = heap.first, first.deadline <= now || !first.isPendingFlag {
            removeFirst()
            if first.isPendingFlag { due.append(first) } else { cancelled = max(0, cancelled - 1) }
        }
        return due
    }

    /// Cancelled timers are left in place until they are half of all.
    mutating func noteCancelled() {
        cancelled += 1
        guard cancelled > 32, cancelled * 2 > heap.count else { return }
        heap = heap.filter(\.isPendingFlag).sorted { ($0.deadline, $0.sequence) < ($1.deadline, $1.sequence) }
        cancelled = 0
    }

    private mutating func removeFirst() {
        heap.swapAt(0, heap.count - 1)
        heap.removeLast()
        var index = 0
        while true {
            var least = index
            for child in [2 * index + 1, 2 * index + 2] where child < heap.count && isBefore(child, least) { least = child }
            guard least != index else { return }
            heap.swapAt(index, least)
            index = least
        }
    }

    private func isBefore(_ one: Int, _ other: Int) -> Bool {
        (heap[one].deadline, heap[one].sequence) < (heap[other].deadline, heap[other].sequence)
    }
}
