import CLinux
import Glibc
import Testing

@testable import SkepSystem

@Suite struct LoopTests {
    init() {
        EventLoop.runInBackground()
    }

    @LoopActor @Test func workRunsOnOneThread() async throws {
        let thread = clinux_gettid()
        for _ in 0..<100 {
            try await LoopActor.sleep(for: .microseconds(10))
            #expect(clinux_gettid() == thread)
        }
        #expect(EventLoop.shared.isCurrent)
    }

    @LoopActor @Test func aThousandTimersFireInTheOrderOfTheirDeadlines() async throws {
        let done = OneShot<Void>()
        var fired: [Int] = []
        // All are made in one turn, so none fires before the last is in.
        let timers = (0..<1000).map { number in
            LoopActor.schedule(after: .microseconds(SystemRandom.uniform(0...200_000))) {
                fired.append(number)
                if fired.count == 1000 { done.finish(.success(())) }
            }
        }
        try await LoopActor.withDeadline(.seconds(60)) { try await done.value() }
        let deadlines = fired.map { timers[$0].deadline }
        #expect(deadlines == timers.map(\.deadline).sorted())
        #expect(Set(fired).count == 1000)
        #expect(deadlines.allSatisfy { $0 <= SystemClock.nanoseconds() })
    }

    @LoopActor @Test func equalDeadlinesKeepTheirOrder() async throws {
        let done = OneShot<Void>()
        var fired: [Int] = []
        for number in 0..<100 {
            LoopActor.schedule(after: .seconds(-1)) {
                fired.append(number)
                if number == 99 { done.finish(.success(())) }
            }
        }
        try await done.value()
        #expect(fired == Array(0..<100))
    }

    @LoopActor @Test func cancelledTimersDoNotFire() async throws {
        var fired = 0
        let timers = (0..<200).map { _ in LoopActor.schedule(after: .milliseconds(20)) { fired += 1 } }
        for timer in timers.dropFirst(10) { timer.cancel() }
        // Later than all of them, and timers fire in their order.
        try await LoopActor.sleep(for: .milliseconds(60))
        #expect(fired == 10)
        #expect(!timers[0].isPending)
    }

    @LoopActor @Test func sleepLastsAsLongAsAsked() async throws {
        let begin = SystemClock.monotonicMilliseconds()
        try await LoopActor.sleep(for: .milliseconds(50))
        let took = SystemClock.monotonicMilliseconds() - begin
        #expect(took >= 49)
    }

    @LoopActor @Test func cancellingEndsASleepAtOnce() async throws {
        let begin = SystemClock.monotonicMilliseconds()
        let task = Task { @LoopActor in try await LoopActor.sleep(for: .seconds(600)) }
        try await LoopActor.sleep(for: .milliseconds(5))
        task.cancel()
        await #expect(throws: CancellationError.self) { try await task.value }
        #expect(SystemClock.monotonicMilliseconds() - begin < 300_000)
    }

    @LoopActor @Test func aDeadlineCancelsTheOperation() async throws {
        let error = await #expect(throws: SystemError.self) {
            try await LoopActor.withDeadline(.milliseconds(20)) { try await LoopActor.sleep(for: .seconds(60)) }
        }
        #expect(error?.code == .timeout)
        let value = try await LoopActor.withDeadline(.seconds(60)) { 7 }
        #expect(value == 7)
        await #expect(throws: SystemError(.notFound, "")) {
            try await LoopActor.withDeadline(.seconds(60)) { throw SystemError(.notFound, "its own") }
        }
    }

    @LoopActor @Test func cancellingTheCallerReachesIntoADeadline() async throws {
        let task = Task { @LoopActor in
            try await LoopActor.withDeadline(.seconds(60)) { try await LoopActor.sleep(for: .seconds(60)) }
        }
        try await LoopActor.sleep(for: .milliseconds(5))
        task.cancel()
        await #expect(throws: CancellationError.self) { try await task.value }
    }

    @LoopActor @Test func aWatchSeesWhatComesUntilItIsCancelled() async throws {
        var ends: [Int32] = [-1, -1]
        #expect(clinux_pipe(&ends) == 0)
        let (reading, writing) = (ends[0], ends[1])
        defer {
            close(reading)
            close(writing)
        }
        var seen = 0
        let watch = try LoopActor.watch(reading, .readable) { events in
            #expect(events == .readable)
            var byte: UInt8 = 0
            seen += Glibc.read(reading, &byte, 1)
        }
        #expect(Glibc.write(writing, "ab", 2) == 2)
        while seen < 2 { try await LoopActor.sleep(for: .milliseconds(1)) }
        watch.cancel()
        #expect(Glibc.write(writing, "c", 1) == 1)
        try await LoopActor.readable(reading)
        #expect(seen == 2)
        #expect(throws: SystemError.self) { try watch.update(.readable) }
    }

    @LoopActor @Test func aDescriptorIsWatchedOnce() throws {
        let event = clinux_eventfd()
        defer { close(event) }
        let watch = try LoopActor.watch(event, .readable) { _ in }
        #expect(throws: SystemError(.exists, "")) { try LoopActor.watch(event, .readable) { _ in } }
        watch.cancel()
        try LoopActor.watch(event, .readable) { _ in }.cancel()
    }

    @Test func manyTasksFromManyThreadsAllArrive() async {
        let counter = Counter()
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<1000 { group.addTask { await counter.add() } }
        }
        #expect(await counter.count == 1000)
    }
}

@LoopActor private final class Counter {
    private(set) var count = 0

    func add() {
        count += 1
    }
}

/// Blocks the loop on purpose, so nothing else of this process may be timed meanwhile.
@Suite(.serialized) struct StallSerialTests {
    @LoopActor @Test func aTurnThatTakesTooLongIsTold() async throws {
        EventLoop.runInBackground()
        let told = OneShot<Duration>()
        EventLoop.shared.onStall(over: .milliseconds(100)) { told.finish(.success($0)) }
        EventLoop.shared.submit { usleep(150_000) }
        let took = try await LoopActor.withDeadline(.seconds(60)) { try await told.value() }
        #expect(took >= .milliseconds(150))
        #expect(EventLoop.shared.longestTurn >= took)
    }
}

/// What the agent's process does as a whole; each test in a process of its own.
@Suite struct MainTests {
    @Test func everythingAsynchronousRunsOnTheOneThread() async {
        await #expect(processExitsWith: .exitCode(7)) {
            LoopActor.runMain {
                let thread = clinux_gettid()
                for _ in 0..<20 {
                    guard (try? await LoopActor.sleep(for: .microseconds(100))) != nil, await threadOfNobody() == thread else { return 1 }
                }
                let counter = Elsewhere()
                await withTaskGroup(of: Void.self) { group in
                    for _ in 0..<100 { group.addTask { await counter.add() } }
                }
                guard await counter.count == 100, await counter.threads == [thread] else { return 2 }
                return 7
            }
        }
    }
}

private nonisolated func threadOfNobody() async -> pid_t {
    clinux_gettid()
}

private actor Elsewhere {
    private(set) var count = 0
    private(set) var threads: Set<pid_t> = []

    func add() {
        count += 1
        threads.insert(clinux_gettid())
    }
}
