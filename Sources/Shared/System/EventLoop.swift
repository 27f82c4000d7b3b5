internal import CLinux
internal import Glibc
internal import Synchronization

/// The process's one loop: epoll, timers and the jobs of ``LoopActor``, all on one thread.
///
/// Descriptors, timers and jobs are handled in turns; while one runs, nothing else does. A turn that takes too long is
/// told to the handler of ``onStall(over:_:)``.
public final class EventLoop: SerialExecutor, @unchecked Sendable {
    /// The loop of this process.
    public static let shared = EventLoop()

    private enum Item {
        case job(UnownedJob)
        case work(@LoopActor @Sendable () -> Void)
    }

    private struct Inbox {
        var items: [Item] = []
        var thread: pid_t = 0
        var isStarted = false
    }

    private let epoll: Int32
    private let wake: Int32
    private let alarm: Int32
    private let inbox = Mutex(Inbox())

    // Touched on the loop's thread only.
    private let events = UnsafeMutableBufferPointer<clinux_event>.allocate(capacity: 64)
    private var watches: [Int32: Watch] = [:]
    private var generation: UInt32 = 0
    private var timers = TimerHeap()
    private var armed: Int64 = 0
    private var longest: Int64 = 0
    private var stallLimit = Int64.max
    private var stallHandler: (@LoopActor @Sendable (Duration) -> Void)?

    private static let wakeToken = UInt64.max
    private static let alarmToken = UInt64.max - 1

    private init() {
        epoll = clinux_epoll_create()
        wake = clinux_eventfd()
        alarm = clinux_boottime_timerfd()
        guard
            epoll >= 0, wake >= 0, alarm >= 0,
            clinux_epoll_add(epoll, wake, IOEvents.readable.rawValue, Self.wakeToken) == 0,
            clinux_epoll_add(epoll, alarm, IOEvents.readable.rawValue, Self.alarmToken) == 0
        else { fatalError("no event loop: \(String(cString: strerror(errno)))") }
    }

    // MARK: Running

    /// Runs the loop on the calling thread, for ever.
    public func run() -> Never {
        let isFirst = inbox.withLock { inbox in
            defer {
                inbox.isStarted = true
                inbox.thread = clinux_gettid()
            }
            return inbox.thread == 0
        }
        precondition(isFirst, "the loop runs already")
        clinux_ignore_sigpipe()
        while true { runRound() }
    }

    /// One round: what is in the inbox, what is due, what is ready.
    ///
    /// A function of its own that returns: in a loop without an end the optimizer leaves out releases, since all of it leads nowhere (seen
    /// with Swift 6.3: each round lost its array of events).
    @inline(never) private func runRound() {
        let hasMore = runItems()
        runTimers()
        armAlarm()
        let count = clinux_epoll_wait(epoll, events.baseAddress, Int32(events.count), hasMore || hasItems ? 0 : -1)
        guard count >= 0 else {
            if errno == EINTR { return }
            fatalError("epoll_wait: \(String(cString: strerror(errno)))")
        }
        for index in 0..<Int(count) { deliver(events[index]) }
    }

    /// Runs the loop on a thread of its own, once: for the command line and for tests.
    public static func runInBackground() {
        let isFirst = shared.inbox.withLock { inbox in
            defer { inbox.isStarted = true }
            return !inbox.isStarted
        }
        guard isFirst else { return }
        var thread = pthread_t()
        let failure = pthread_create(&thread, nil, { _ in EventLoop.shared.run() }, nil)
        precondition(failure == 0, "no thread for the loop")
        pthread_detach(thread)
    }

    /// Makes the loop the place for jobs of no actor too, so that the process needs no pool of threads.
    ///
    /// The runtime sends a task that was waiting for a continuation through there even when it goes on in ``LoopActor``; a pool would
    /// cost four threads, 1.2 MB, and two switches of thread for each wait.
    static func takeGlobalJobs() {
        clinux_take_global_jobs { job in EventLoop.shared.add(.job(unsafeBitCast(job, to: UnownedJob.self))) }
    }

    /// Runs `work` on the loop in a later turn; callable from any thread.
    public func submit(_ work: @escaping @LoopActor @Sendable () -> Void) {
        add(.work(work))
    }

    private func add(_ item: Item) {
        let mustWake = inbox.withLock { inbox in
            inbox.items.append(item)
            return inbox.items.count == 1 && inbox.thread != clinux_gettid()
        }
        if mustWake {
            var one: UInt64 = 1
            // Full means that the wake-up is pending already.
            _ = write(wake, &one, 8)
        }
    }

    private var hasItems: Bool {
        inbox.withLock { !$0.items.isEmpty }
    }

    /// Runs what was in the inbox; true when more came meanwhile.
    private func runItems() -> Bool {
        let items = inbox.withLock { inbox in
            let items = inbox.items
            inbox.items = []
            return items
        }
        for item in items {
            turn {
                switch item {
                case .job(let job): job.runSynchronously(on: asUnownedSerialExecutor())
                case .work(let work): LoopActor.assumeIsolated(work)
                }
            }
        }
        return !items.isEmpty
    }

    private func runTimers() {
        guard let first = timers.deadline, first <= SystemClock.nanoseconds() else { return }
        let now = SystemClock.nanoseconds()
        // Timers that handlers add meanwhile wait for the next round, so that none can starve the descriptors.
        for timer in timers.removeDue(at: now) {
            turn { LoopActor.assumeIsolated { timer.fire() } }
        }
    }

    private func armAlarm() {
        let next = timers.deadline.map { max($0, 1) } ?? 0
        guard next != armed else { return }
        armed = next
        _ = clinux_timerfd_set(alarm, next)
    }

    private func deliver(_ event: clinux_event) {
        var count: UInt64 = 0
        switch event.data {
        case Self.wakeToken: _ = read(wake, &count, 8)
        case Self.alarmToken:
            _ = read(alarm, &count, 8)
            armed = 0
        default:
            // The token's number tells a watch from an earlier one of the same descriptor, cancelled in this very round.
            guard let watch = watches[Int32(truncatingIfNeeded: event.data)], watch.token == event.data else { return }
            turn { LoopActor.assumeIsolated { watch.handler?(IOEvents(rawValue: event.events)) } }
        }
    }

    private func turn(_ body: () -> Void) {
        let begin = SystemClock.nanoseconds()
        body()
        let took = SystemClock.nanoseconds() - begin
        longest = max(longest, took)
        if took >= stallLimit, let stallHandler {
            LoopActor.assumeIsolated { stallHandler(.nanoseconds(took)) }
        }
    }

    // MARK: Executor

    /// Takes a job of ``LoopActor``.
    public func enqueue(_ job: consuming ExecutorJob) {
        add(.job(UnownedJob(job)))
    }

    /// Whether the caller is on the loop's thread.
    public var isCurrent: Bool {
        inbox.withLock { $0.thread == clinux_gettid() }
    }

    /// Traps unless the caller is on the loop's thread.
    public func checkIsolated() {
        precondition(isCurrent, "not on the loop's thread")
    }

    /// Whether the caller is on the loop's thread.
    public func isIsolatingCurrentContext() -> Bool? {
        isCurrent
    }

    // MARK: Measures

    /// The longest turn since the start.
    @LoopActor public var longestTurn: Duration {
        .nanoseconds(longest)
    }

    /// Calls `handler` after each turn that took `limit` or longer; one handler, the last.
    @LoopActor public func onStall(over limit: Duration, _ handler: @escaping @LoopActor @Sendable (Duration) -> Void) {
        stallLimit = limit.nanoseconds
        stallHandler = handler
    }

    // MARK: Descriptors and timers

    @LoopActor func add(_ watch: Watch, _ events: IOEvents) throws(SystemError) {
        generation &+= 1
        // The two highest numbers are the loop's own tokens.
        if generation >= UInt32.max - 1 { generation = 1 }
        watch.token = UInt64(generation) << 32 | UInt64(UInt32(bitPattern: watch.descriptor))
        guard clinux_epoll_add(epoll, watch.descriptor, events.rawValue, watch.token) == 0 else {
            throw SystemError.last("cannot watch descriptor \(watch.descriptor)")
        }
        // One of a descriptor that was closed without a word may still stand here.
        watches.updateValue(watch, forKey: watch.descriptor)?.handler = nil
    }

    @LoopActor func update(_ watch: Watch, _ events: IOEvents) throws(SystemError) {
        guard watches[watch.descriptor] === watch else { throw SystemError(.invalid, "descriptor \(watch.descriptor) is not watched any more") }
        guard clinux_epoll_modify(epoll, watch.descriptor, events.rawValue, watch.token) == 0 else {
            throw SystemError.last("cannot watch descriptor \(watch.descriptor)")
        }
    }

    @LoopActor func remove(_ watch: Watch) {
        guard watches[watch.descriptor] === watch else { return }
        watches[watch.descriptor] = nil
        // Fails when the descriptor is closed already, and then the kernel has forgotten it.
        _ = clinux_epoll_remove(epoll, watch.descriptor)
    }

    @LoopActor func add(_ timer: Timer) {
        timers.insert(timer)
    }

    @LoopActor func cancelled() {
        timers.noteCancelled()
    }
}
