import FoundationEssentials
import Glibc
import SkepSystem
import Synchronization

@testable import AgentRuntime

/// A folder that goes away with the test.
final class Scratch: Sendable {
    let path: String

    init() throws {
        EventLoop.runInBackground()
        path = "/tmp/skep-runtime-\(SystemRandom.hex(6))"
        try Files.makeDirectory(path, mode: 0o700)
        try Files.makeDirectory(path + "/etc")
        try AtomicFile.write(path + "/etc/machine-id", "0123456789abcdef0123456789abcdef\n")
    }

    deinit { try? Files.removeTree(path) }

    var paths: AgentPaths { AgentPaths(root: path) }
}

/// `Tests/Fakes/coordinator-stub.py`: TLS sockets and an authority, and what it should do wrong.
final class CoordinatorStub: Sendable {
    struct Start: Decodable {
        var `public`: Int
        var agents: Int
        var fingerprint: String
    }
    struct Seen: Decodable {
        var enrol = 0
        var report = 0
        var renew = 0
        var late = 0
        var challenge = 0
        var urgent = 0
        var connections = 0
        var keys: [String] = []
        var holds: [Int] = []
        var serials: [String] = []
    }

    let folder: String
    let start: Start
    private let input: Int32
    private let process: pid_t

    init(_ scratch: Scratch) throws {
        folder = scratch.path + "/stub"
        try Files.makeDirectory(folder, mode: 0o700)
        let script =
            String("\(#filePath)".split(separator: "/", omittingEmptySubsequences: false).dropLast(2).joined(separator: "/"))
            + "/Fakes/coordinator-stub.py"
        var toChild: [Int32] = [0, 0]
        var fromChild: [Int32] = [0, 0]
        guard pipe(&toChild) == 0, pipe(&fromChild) == 0 else { throw SystemError.last("pipe") }
        // The child's end of the input must be the only one: with ours it ends.
        _ = fcntl(toChild[1], F_SETFD, FD_CLOEXEC)
        _ = fcntl(fromChild[0], F_SETFD, FD_CLOEXEC)
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_adddup2(&actions, toChild[0], 0)
        posix_spawn_file_actions_adddup2(&actions, fromChild[1], 1)
        let arguments: [String] = ["python3", script, folder]
        var words: [UnsafeMutablePointer<CChar>?] = arguments.map { (word: String) in strdup(word) } + [nil]
        defer { for word in words { free(word) } }
        var pid: pid_t = 0
        let failure = posix_spawnp(&pid, "python3", &actions, nil, &words, environ)
        close(toChild[0])
        close(fromChild[1])
        guard failure == 0 else { throw SystemError(.failed, "python3 is missing: apt-get install python3") }
        input = toChild[1]
        process = pid
        var line: [UInt8] = []
        var byte: UInt8 = 0
        while read(fromChild[0], &byte, 1) == 1, byte != 10 { line.append(byte) }
        close(fromChild[0])
        start = try JSONDecoder().decode(Start.self, from: Data(line))
    }

    /// The child ends with its input. It is reaped here: Swift Testing waits for any child when it runs an exit test, and one that stays makes it wait for ever.
    deinit {
        close(input)
        var status: Int32 = 0
        while waitpid(process, &status, 0) == -1, errno == EINTR {}
    }

    var address: String { "https://127.0.0.1:\(start.public)" }
    var token: String { "skep1.lab.c2VjcmV0.\(start.fingerprint)" }

    func behave(_ json: String) throws { try AtomicFile.write(folder + "/behaviour.json", json) }

    func seen() -> Seen {
        guard let bytes = try? Files.read(folder + "/seen.json") else { return Seen() }
        return (try? JSONDecoder().decode(Seen.self, from: Data(bytes))) ?? Seen()
    }
}

/// Lines that a command said.
final class Lines: Sendable {
    private let lines = Mutex<[String]>([])
    func add(_ line: String) { lines.withLock { $0.append(line) } }
    var all: [String] { lines.withLock { $0 } }
}

/// Asks every 20 ms until it is so; false after `limit`.
@LoopActor func eventually(_ limit: Duration = .seconds(10), _ isSo: @LoopActor () throws -> Bool) async throws -> Bool {
    let end = ContinuousClock.now + limit
    while ContinuousClock.now < end {
        if try isSo() { return true }
        try await LoopActor.sleep(for: .milliseconds(20))
    }
    return try isSo()
}
