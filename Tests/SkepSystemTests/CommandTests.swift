import Glibc
import SkepSystem
import Testing

@Suite struct CommandTests {
    init() {
        EventLoop.runInBackground()
    }

    private func shell(_ script: String, input: [UInt8] = [], deadline: Duration = .seconds(20), limit: Int = 1 << 20) -> Command {
        Command("/bin/sh", ["-c", script], input: input, deadline: deadline, outputLimit: limit)
    }

    @Test func statusAndBothOutputsAreKept() async throws {
        let result = try await run(shell("echo out; echo err >&2; exit 3"))
        #expect(result.termination == .exited(3))
        #expect(result.output == "out\n")
        #expect(result.errorOutput == "err\n")
        #expect(!result.succeeded)
        let error = #expect(throws: SystemError.self) { try result.orThrow() }
        #expect(error?.code == .exitStatus)
        #expect(error?.message == "/bin/sh failed with status 3: err")
    }

    @Test func aSignalIsNotAStatus() async throws {
        let result = try await run(shell("kill -USR1 $$"))
        #expect(result.termination == .signaled(SIGUSR1))
    }

    @Test func inputOfAMebibyteComesBack() async throws {
        let input = [UInt8](repeating: 120, count: 1 << 20)
        let result = try await run(Command("/bin/cat", input: input))
        #expect(result.stdout == input)
        #expect(!result.stdoutTruncated)
    }

    @Test func inputThatNobodyReadsIsNoError() async throws {
        let result = try await run(shell("exit 0", input: [UInt8](repeating: 120, count: 1 << 20)))
        #expect(result.succeeded)
    }

    @Test func outputPastTheLimitIsDroppedAndSaid() async throws {
        let result = try await run(shell("head -c 3000000 /dev/zero; exit 4", limit: 1000))
        #expect(result.stdout.count == 1000)
        #expect(result.stdoutTruncated)
        #expect(!result.stderrTruncated)
        #expect(result.termination == .exited(4))
    }

    @Test func theEnvironmentIsClean() async throws {
        setenv("SKEP_TEST_LEAK", "1", 1)
        let result = try await run(Command("/usr/bin/env", environment: ["A": "b"]))
        #expect(Set(result.output.split(separator: "\n").map { $0.prefix { $0 != "=" } }) == ["LC_ALL", "PATH", "A"])
    }

    @Test func noDescriptorIsInherited() async throws {
        let leak = open("/dev/null", O_RDONLY)
        defer { close(leak) }
        let result = try await run(Command("/bin/ls", ["/proc/self/fd"]))
        // 3 is the folder that ls itself reads.
        #expect(result.output == "0\n1\n2\n3\n")
    }

    @Test func signalsAreNeitherBlockedNorIgnored() async throws {
        let result = try await run(Command("/bin/grep", ["-E", "^Sig(Blk|Ign)", "/proc/self/status"]))
        let masks = result.output.split(separator: "\n").map { UInt64($0.split(separator: "\t").last ?? "", radix: 16) }
        // glibc ignores 32 and 33, its own, in every child that it spawns.
        #expect(masks.map { $0.map { $0 & 0x7fff_ffff } } == [0, 0])
    }

    @Test func aProcessThatIgnoresTermIsKilledAtItsDeadlineWithItsChildren() async throws {
        let begin = SystemClock.monotonicMilliseconds()
        let error = await #expect(throws: SystemError.self) {
            // The child in the background holds the outputs open.
            try await run(shell("trap '' TERM; (trap '' TERM; sleep 600) & echo $! >&2; sleep 600", deadline: .milliseconds(500)))
        }
        #expect(error?.code == .timeout)
        #expect(SystemClock.monotonicMilliseconds() - begin >= 499)
        #expect(SystemClock.monotonicMilliseconds() - begin < 300_000)
        // The command's last words are its child's number.
        let child = try #require(error?.message.split(separator: " ").last.flatMap { Int($0) })
        var isAlive = true
        for _ in 0..<1000 where isAlive {
            let stat = try Files.readIfPresent("/proc/\(child)/stat").map { String(decoding: $0, as: UTF8.self) }
            isAlive = stat.map { !$0.contains(") Z ") } ?? false
            try await LoopActor.sleep(for: .milliseconds(10))
        }
        #expect(!isAlive)
    }

    @Test func cancellingKills() async throws {
        let begin = SystemClock.monotonicMilliseconds()
        let task = Task { @LoopActor in try await run(Command("/bin/sleep", ["600"], deadline: .seconds(600))) }
        try await LoopActor.sleep(for: .milliseconds(50))
        task.cancel()
        await #expect(throws: CancellationError.self) { try await task.value }
        #expect(SystemClock.monotonicMilliseconds() - begin < 25_000)
    }

    @Test func aChildLeftBehindDoesNotHoldTheResultBack() async throws {
        let begin = SystemClock.monotonicMilliseconds()
        let result = try await run(shell("sleep 30 & echo done"))
        #expect(result.output == "done\n")
        #expect(SystemClock.monotonicMilliseconds() - begin < 25_000)
    }

    @LoopActor @Test func linesAreToldAsTheyCome() async throws {
        var lines: [String] = []
        let result = try await run(shell("echo one; echo two >&2; sleep 0.1; printf three")) { line, stream in
            lines.append("\(stream) \(line)")
        }
        #expect(Set(lines.prefix(2)) == ["stdout one", "stderr two"])
        #expect(lines.last == "stdout three")
        #expect(result.output == "one\nthree")
    }

    @Test func whatCannotRunSaysWhy() async throws {
        await #expect(throws: SystemError(.notFound, "")) { try await run(Command("/nowhere/at/all")) }
        await #expect(throws: SystemError(.permission, "")) { try await run(Command("/etc/passwd")) }
        await #expect(throws: SystemError(.invalid, "")) { try await run(Command("ls")) }
        await #expect(throws: SystemError(.invalid, "")) { try await run(Command("/bin/ls", ["a\0b"])) }
        await #expect(throws: SystemError(.notFound, "")) { try await run(Command("/bin/ls", directory: "/nowhere")) }
    }

    @Test func manyAtOnceLeaveNoDescriptorOpen() async throws {
        func open() throws -> Int { try Files.list("/proc/self/fd").count }
        _ = try await run(Command("/bin/true"))
        let before = try open()
        try await withThrowingTaskGroup(of: Bool.self) { group in
            for number in 0..<60 {
                group.addTask { try await run(Command("/bin/sh", ["-c", "exit \(number % 2)"], input: [1])).succeeded }
            }
            var succeeded = 0
            for try await success in group where success { succeeded += 1 }
            #expect(succeeded == 30)
        }
        // Other tests run beside this one and have some open for a while.
        var left = try open()
        for _ in 0..<100 where left > before + 20 {
            try await LoopActor.sleep(for: .milliseconds(50))
            left = try open()
        }
        #expect(left <= before + 20)
    }
}
