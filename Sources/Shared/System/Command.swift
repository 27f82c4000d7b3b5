/// A program to run, as a value: an absolute path, arguments, a clean environment, a deadline, limits. Never a shell.
public struct Command: Sendable, Equatable {
    /// The program's absolute path.
    public var path: String
    /// Its arguments, the program's name not among them.
    public var arguments: [String]
    /// What it reads from standard input.
    public var input: [UInt8]
    /// Its whole environment.
    public var environment: [String: String]
    /// Where it runs; where this process does when nil.
    public var directory: String?
    /// After this time its whole group is killed.
    public var deadline: Duration
    /// Bytes kept of standard output, and of standard error; what is more is read and dropped.
    public var outputLimit: Int

    /// A command; `environment` is added to LC_ALL=C and the system's PATH.
    public init(
        _ path: String, _ arguments: [String] = [], input: [UInt8] = [], environment: [String: String] = [:], directory: String? = nil,
        deadline: Duration = .seconds(30), outputLimit: Int = 1 << 20
    ) {
        self.path = path
        self.arguments = arguments
        self.input = input
        self.environment = [
            "LC_ALL": "C", "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
        ].merging(environment) { _, given in given }
        self.directory = directory
        self.deadline = deadline
        self.outputLimit = outputLimit
    }
}

/// One of a command's two outputs.
public enum CommandStream: Sendable, Equatable { case stdout, stderr }

/// How a command ended and what it wrote.
public struct CommandResult: Sendable, Equatable {
    /// How a process ends.
    public enum Termination: Sendable, Equatable { case exited(Int32), signaled(Int32) }

    /// The program's path, for messages.
    public var path: String
    /// How it ended.
    public var termination: Termination
    /// What it wrote to standard output, up to the limit.
    public var stdout: [UInt8]
    /// What it wrote to standard error, up to the limit.
    public var stderr: [UInt8]
    /// Whether output was dropped.
    public var stdoutTruncated: Bool
    /// Whether error output was dropped.
    public var stderrTruncated: Bool
    /// How long it ran.
    public var elapsed: Duration

    /// A result, also for fakes.
    public init(
        path: String, termination: Termination, stdout: [UInt8] = [], stderr: [UInt8] = [], stdoutTruncated: Bool = false,
        stderrTruncated: Bool = false, elapsed: Duration = .zero
    ) {
        self.path = path
        self.termination = termination
        self.stdout = stdout
        self.stderr = stderr
        self.stdoutTruncated = stdoutTruncated
        self.stderrTruncated = stderrTruncated
        self.elapsed = elapsed
    }

    /// Whether it exited with 0.
    public var succeeded: Bool {
        termination == .exited(0)
    }

    /// Standard output as UTF-8, repaired.
    public var output: String {
        String(decoding: stdout, as: UTF8.self)
    }

    /// Standard error as UTF-8, repaired.
    public var errorOutput: String {
        String(decoding: stderr, as: UTF8.self)
    }

    /// The result, or ``SystemError/Code/exitStatus`` with the command's own last words.
    @discardableResult
    public func orThrow() throws(SystemError) -> CommandResult {
        switch termination {
        case .exited(0): return self
        case .exited(let status): throw SystemError(.exitStatus, "\(path) failed with status \(status)\(Self.lastWords(stderr, stdout))")
        case .signaled(let signal): throw SystemError(.exitStatus, "\(path) was ended by signal \(signal)\(Self.lastWords(stderr, stdout))")
        }
    }

    /// `: ` and the last lines, at most 500 bytes, of the first of `outputs` that has any; empty when none has.
    static func lastWords(_ outputs: [UInt8]...) -> String {
        for output in outputs {
            let lines = String(decoding: output.suffix(500), as: UTF8.self).split(whereSeparator: \.isNewline)
            let words = lines.suffix(3).joined(separator: "; ")
            if !words.isEmpty { return ": \(words)" }
        }
        return ""
    }
}

/// Runs `command` on the loop and waits for its end; `onLine` sees each line as it comes.
///
/// The command leads a session of its own, which is killed at the deadline (``SystemError/Code/timeout``) and when the task is
/// cancelled (`CancellationError`). One that outlives the kill by two seconds, as in uninterruptible sleep on a dead mount, is
/// left to the kernel and reported (``SystemError/Code/stuck``).
@LoopActor public func run(
    _ command: Command, onLine: (@LoopActor (Substring, CommandStream) -> Void)? = nil
) async throws -> CommandResult {
    try Task.checkCancellation()
    let process = try ChildProcess(command, onLine: onLine)
    return try await process.done.value { process.kill(CancellationError()) }
}
