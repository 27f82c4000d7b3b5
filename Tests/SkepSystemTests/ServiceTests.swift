import CLinux
import Glibc
import Testing

@testable import SkepSystem

/// A datagram socket at a path, as the journal and the service manager have one.
private final class Listener {
    let path: String
    private let socket: Int32

    init(_ path: String) {
        self.path = path
        socket = clinux_socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue), 0)
        var address = sockaddr_storage()
        let length = clinux_unix_address(&address, path)
        let isBound = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(socket, $0, length) == 0 }
        }
        precondition(isBound)
    }

    deinit {
        close(socket)
        unlink(path)
    }

    /// The next message, nil when there is none yet.
    func next() -> [UInt8]? {
        var bytes = [UInt8](repeating: 0, count: 65536)
        let count = recv(socket, &bytes, bytes.count, 0)
        return count < 0 ? nil : Array(bytes[..<count])
    }
}

@Suite struct LogTests {
    private func journal(_ path: String) -> LogWriter.Target {
        .journal(socket: clinux_socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue), 0), path: path)
    }

    @Test func linesSayLevelMessageAndMetadata() {
        let fields = [LogField(name: "node.id", value: "n1"), LogField(name: "cause", value: "two words"), LogField(name: "empty", value: "")]
        #expect(LogWriter.line(.warning, "node lost", fields) == #"warning node lost node.id=n1 cause="two words" empty="""#)
        #expect(LogWriter.line(.info, "x", [LogField(name: "a", value: "b\nc")]) == #"info x a="b\nc""#)
    }

    @Test func theJournalGetsFieldsInItsOwnFormat() {
        let listener = Listener("/tmp/skep-journal-\(SystemRandom.hex(6))")
        var writer = LogWriter(journal(listener.path))
        writer.identifier = "skep-test"
        writer.write(.error, "it broke", [LogField(name: "node.id", value: "n1"), LogField(name: "text", value: "a\nb")])
        writer.write(.debug, "not this", [])
        let fields = "PRIORITY=3\nSYSLOG_IDENTIFIER=skep-test\nSKEP_EVENT=it broke\nSKEP_NODE_ID=n1\n"
        var expected = Array("MESSAGE=it broke node.id=n1 text=\"a\\nb\"\n\(fields)".utf8)
        expected += Array("SKEP_TEXT\n".utf8) + [3, 0, 0, 0, 0, 0, 0, 0] + Array("a\nb\n".utf8)
        #expect(listener.next() == expected)
        #expect(listener.next() == nil)
    }

    @Test func whatIsLostIsCounted() {
        var writer = LogWriter(journal("/tmp/skep-nobody-\(SystemRandom.hex(6))"))
        writer.write(.info, "a", [])
        writer.write(.info, "b", [])
        #expect(writer.lost == 2)
        let listener = Listener("/tmp/skep-journal-\(SystemRandom.hex(6))")
        writer.target = journal(listener.path)
        writer.write(.info, "c", [])
        #expect(writer.lost == 0)
        #expect(listener.next().map { String(decoding: $0, as: UTF8.self).hasPrefix("MESSAGE=c log.lost=2\n") } == true)
    }

    @Test func longValuesAreCut() {
        let listener = Listener("/tmp/skep-journal-\(SystemRandom.hex(6))")
        var writer = LogWriter(journal(listener.path))
        writer.write(.info, "long", [LogField(name: "a", value: String(repeating: "x", count: 100_000))])
        #expect(writer.lost == 0)
        #expect((listener.next()?.count ?? 0) < 20_000)
    }
}

/// NOTIFY_SOCKET and the like belong to the whole process.
@Suite(.serialized) struct NotifySerialTests {
    @Test(arguments: ["/tmp/skep-notify-", "@skep-notify-"]) func theManagerHears(prefix: String) {
        let listener = Listener(prefix + SystemRandom.hex(6))
        setenv("NOTIFY_SOCKET", listener.path, 1)
        defer { unsetenv("NOTIFY_SOCKET") }
        Notify.ready(status: "two\nlines")
        Notify.watchdog()
        Notify.stopping()
        #expect(listener.next().map { String(decoding: $0, as: UTF8.self) } == "READY=1\nSTATUS=two lines")
        #expect(listener.next().map { String(decoding: $0, as: UTF8.self) } == "WATCHDOG=1")
        #expect(listener.next().map { String(decoding: $0, as: UTF8.self) } == "STOPPING=1")
    }

    @LoopActor @Test func theWatchdogBeatsFromTheLoop() async throws {
        EventLoop.runInBackground()
        let listener = Listener("/tmp/skep-notify-\(SystemRandom.hex(6))")
        setenv("NOTIFY_SOCKET", listener.path, 1)
        setenv("WATCHDOG_USEC", "60000", 1)
        setenv("WATCHDOG_PID", "1", 1)
        #expect(Notify.watchdogInterval == nil)
        setenv("WATCHDOG_PID", String(getpid()), 1)
        #expect(Notify.watchdogInterval == .milliseconds(60))
        Notify.startWatchdog()
        var beats = 0
        for _ in 0..<1000 where beats < 3 {
            try await LoopActor.sleep(for: .milliseconds(20))
            while listener.next() != nil { beats += 1 }
        }
        for name in ["NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID"] { unsetenv(name) }
        #expect(beats >= 3)
    }
}

@Suite struct SystemTests {
    @Test func clocksGoForward() {
        let (wall, monotonic) = (SystemClock.wallMilliseconds(), SystemClock.monotonicMilliseconds())
        usleep(3000)
        #expect(SystemClock.monotonicMilliseconds() >= monotonic + 2)
        #expect(wall > 1_700_000_000_000)
    }

    @Test func jitterStaysWithinItsBounds() {
        for _ in 0..<1000 {
            let early = SystemRandom.shortened(.seconds(10), by: 0.2)
            #expect(early <= .seconds(10) && early >= .seconds(8))
            let about = SystemRandom.around(.seconds(10), by: 0.1)
            #expect(about <= .seconds(11) && about >= .seconds(9))
        }
        #expect(SystemRandom.bytes(32) != SystemRandom.bytes(32))
        #expect(SystemRandom.hex(8).count == 16)
    }

    @LoopActor @Test func aSignalArrivesOnTheLoop() async throws {
        EventLoop.runInBackground()
        let got = OneShot<Int32>()
        let signals = try Signals([SIGUSR2]) { got.finish(.success($0)) }
        // To this thread, which has it blocked: other threads of the test program do not.
        pthread_kill(pthread_self(), SIGUSR2)
        let signal = try await LoopActor.withDeadline(.seconds(60)) { try await got.value() }
        #expect(signal == SIGUSR2)
        signals.cancel()
    }

    @Test func errorsSpeakToOperators() {
        let error = SystemError.number(ENOENT, "cannot open /x")
        #expect(error.code == .notFound)
        #expect("\(error)" == "cannot open /x: No such file or directory")
        #expect("\(SystemError(.failed, "cannot start", cause: error))" == "cannot start: cannot open /x: No such file or directory")
    }
}
