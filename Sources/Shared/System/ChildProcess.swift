internal import CLinux
internal import Glibc

/// A command under way: its pidfd, its three pipes and its deadline, all on the loop.
@LoopActor final class ChildProcess {
    let done = OneShot<CommandResult>()

    private let command: Command
    private let started = SystemClock.nanoseconds()
    private var group: pid_t = 0
    private var exit: Watch?
    private var timer: Timer?
    private var killReason: (any Error)?
    private var input: InputPipe?
    private var output: OutputPipe
    private var errors: OutputPipe

    static let patience = Duration.seconds(2)

    init(_ command: Command, onLine: (@LoopActor (Substring, CommandStream) -> Void)?) throws(SystemError) {
        self.command = command
        guard command.path.hasPrefix("/") else { throw SystemError(.invalid, "not an absolute path: \(command.path)") }
        output = OutputPipe(limit: command.outputLimit, stream: .stdout, onLine: onLine)
        errors = OutputPipe(limit: command.outputLimit, stream: .stderr, onLine: onLine)
        let pidfd = try spawn()
        do throws(SystemError) {
            try input?.start()
            try output.start()
            try errors.start()
            exit = try LoopActor.watch(pidfd, .readable) { _ in self.ended(pidfd) }
        } catch {
            // Nobody would see its end.
            _ = clinux_kill_group(group, SIGKILL)
            waitpid(group, nil, WNOHANG)
            close(pidfd)
            closePipes()
            throw error
        }
        timer = LoopActor.schedule(after: command.deadline) {
            self.kill(SystemError(.timeout, "\(command.path) did not end within \(command.deadline)"))
        }
    }

    /// Kills the whole group and finishes with `reason` once the kernel says that the leader is dead.
    func kill(_ reason: any Error) {
        guard exit != nil, killReason == nil, !done.isFinished else { return }
        killReason = reason
        _ = clinux_kill_group(group, SIGKILL)
        timer?.cancel()
        timer = LoopActor.schedule(after: Self.patience) {
            self.closePipes()
            // Its end is still watched for, so that it leaves no zombie.
            self.done.finish(.failure(SystemError(.stuck, "\(self.command.path) cannot be killed: it hangs in the kernel", cause: reason)))
        }
    }

    private func spawn() throws(SystemError) -> Int32 {
        let command = command
        guard !([command.path] + command.arguments + command.environment.map { $0 + "=" + $1 }).contains(where: { $0.utf8.contains(0) }) else {
            throw SystemError(.invalid, "an argument of \(command.path) has a zero byte")
        }
        var ends: [Int32] = []
        defer { for end in ends { close(end) } }
        let childInput: Int32
        if command.input.isEmpty {
            childInput = clinux_open("/dev/null", O_RDONLY, 0)
            guard childInput >= 0 else { throw SystemError.last("cannot open /dev/null") }
            ends.append(childInput)
        } else {
            let (reading, writing) = try pipe()
            childInput = reading
            ends.append(reading)
            input = InputPipe(writing, command.input)
        }
        defer { if group == 0 { closePipes() } }
        let (outputReading, outputWriting) = try pipe()
        ends.append(outputWriting)
        output.descriptor = outputReading
        let (errorsReading, errorsWriting) = try pipe()
        ends.append(errorsWriting)
        errors.descriptor = errorsReading

        var pid: pid_t = 0
        let failure = withCStrings([command.path] + command.arguments) { arguments in
            withCStrings(command.environment.sorted { $0.key < $1.key }.map { "\($0)=\($1)" }) { environment in
                clinux_spawn(&pid, command.path, arguments, environment, command.directory, childInput, outputWriting, errorsWriting)
            }
        }
        guard failure == 0 else { throw SystemError.number(failure, "cannot run \(command.path)") }
        let pidfd = clinux_pidfd_open(pid)
        guard pidfd >= 0 else {
            let error = SystemError.last("cannot watch \(command.path)")
            _ = clinux_kill_group(pid, SIGKILL)
            waitpid(pid, nil, 0)
            throw error
        }
        group = pid
        return pidfd
    }

    private func ended(_ pidfd: Int32) {
        var end = clinux_exit()
        let answer = clinux_pidfd_reap(pidfd, &end)
        guard answer != 0 else { return }
        exit?.cancel()
        exit = nil
        close(pidfd)
        timer?.cancel()
        // What the leader wrote is in the pipes by now; what its children may write later is nobody's.
        output.drain()
        errors.drain()
        closePipes()
        if let killReason { return done.finish(.failure(withLastWords(killReason))) }
        guard answer > 0 else { return done.finish(.failure(SystemError.last("lost \(command.path)"))) }
        done.finish(
            .success(
                CommandResult(
                    path: command.path, termination: end.signaled == 0 ? .exited(end.value) : .signaled(end.value),
                    stdout: output.bytes, stderr: errors.bytes, stdoutTruncated: output.isTruncated, stderrTruncated: errors.isTruncated,
                    elapsed: .nanoseconds(SystemClock.nanoseconds() - started))))
    }

    private func withLastWords(_ reason: any Error) -> any Error {
        guard let reason = reason as? SystemError, reason.code == .timeout else { return reason }
        return SystemError(.timeout, reason.message + CommandResult.lastWords(errors.bytes, output.bytes))
    }

    private func closePipes() {
        input?.close()
        output.close()
        errors.close()
    }

    private func pipe() throws(SystemError) -> (reading: Int32, writing: Int32) {
        var ends: [Int32] = [-1, -1]
        guard clinux_pipe(&ends) == 0 else { throw SystemError.last("cannot make a pipe") }
        return (ends[0], ends[1])
    }
}

private func withCStrings<Value>(_ strings: [String], _ body: ([UnsafeMutablePointer<CChar>?]) -> Value) -> Value {
    let copies = strings.map { strdup($0) }
    defer { for copy in copies { free(copy) } }
    return body(copies + [nil])
}
