import FoundationEssentials
import Glibc
import SkepSystem
import Testing

/// The built `skep` with the built coordinator, as an operator uses them.
@Suite(.serialized) struct CommandTests {
    /// The folder of the programs that were built with these tests.
    static let programs: String = {
        let path = (try? Files.readLink("/proc/self/exe")) ?? ""
        return path.split(separator: "/", omittingEmptySubsequences: false).dropLast().joined(separator: "/")
    }()

    private static let file = """
        cluster: geneva
        kind: target
        audiences: {management: [127.0.0.0/8], nodes: [127.0.0.0/8]}
        nodes: {n1: {}}
        stacks: {shop: {compose: shop/compose.yml}}

        """

    @Test func mistakesInFilesAreExitCodeTwoWithTheirPlaces() async throws {
        let desk = try Desk()
        try desk.write("bad.yaml", "cluster: geneva\nkind: target\naudiences: {management: []}\nnodes: {n1: {rol: x}}\nmanagers: 2\n")
        let bad = try await desk.skep(["apply", "-f", "bad.yaml"])
        #expect(bad.termination == .exited(2))
        #expect(
            bad.errorOutput.split(separator: "\n").map { $0.prefix(13) } == ["bad.yaml:3:13", "bad.yaml:4:14", "bad.yaml:5:11", "nothing was c"])
        try desk.write("good.yaml", Self.file)
        let missing = try await desk.skep(["apply", "-f", "good.yaml"])
        #expect(
            missing.termination == .exited(2) && missing.errorOutput.hasPrefix("good.yaml:5:26: the compose file is not there"))
        try desk.write("shop/compose.yml", "services:\n  web:\n    image: a\n    volumes: [./x:/x]\n")
        let bind = try await desk.skep(["apply", "-f", "good.yaml"])
        #expect(bind.termination == .exited(2) && bind.errorOutput.hasPrefix("shop/compose.yml:4:15: the service 'web' binds './x'"))
        #expect(try await desk.skep(["apply", "-f", "none.yaml"]).termination == .exited(2))
        #expect(try await desk.skep(["aply"]).termination == .exited(2))
        #expect(try await desk.skep(["apply"]).termination == .exited(2))
        #expect(try await desk.skep(["status"]).termination == .exited(1))
    }

    @Test func versionHelpAndCompletions() async throws {
        let desk = try Desk()
        #expect(try await desk.skep(["--version"]).output == "0.1.0\n")
        #expect(try await desk.skep(["help", "apply"]).termination == .exited(0))
        for shell in ["bash", "zsh", "fish"] {
            let script = try await desk.skep(["--generate-completion-script", shell])
            #expect(script.termination == .exited(0) && script.output.contains("invite"))
        }
    }

    @Test(.enabled(if: Files.exists(CommandTests.programs + "/skep-coordinator"), "skep-coordinator was not built with these tests"))
    func wrongUsageOfTheCoordinatorIsExitCodeTwo() async throws {
        EventLoop.runInBackground()
        for arguments in [["serve", "--nonsense"], ["no-such-command"]] {
            let result = try await run(Command(Self.programs + "/skep-coordinator", arguments))
            #expect(result.termination == .exited(2) && result.errorOutput.contains("Usage:"), "\(arguments): \(result.errorOutput)")
        }
        let version = try await run(Command(Self.programs + "/skep-coordinator", ["--version"]))
        #expect(version.termination == .exited(0) && version.output == "0.1.0\n")
    }

    @Test(.enabled(if: Files.exists(CommandTests.programs + "/skep-coordinator"), "skep-coordinator was not built with these tests"))
    func anOperatorsFirstHour() async throws {
        let desk = try Desk()
        let coordinator = try await CoordinatorProcess.start(Self.programs + "/skep-coordinator", desk.folder)
        defer { coordinator.stop() }
        let login = try await run(Command(Self.programs + "/skep-coordinator", ["first-login", "--state", desk.folder + "/state"]))
        let words = login.output.split(whereSeparator: \.isWhitespace).map(String.init)
        try #require(words.count == 2)
        let refused = try await desk.skep(["login", words[0], "--fingerprint", String(repeating: "0", count: 64)], input: words[1])
        #expect(refused.termination == .exited(4) && !Files.exists(desk.folder + "/credentials.json"))
        #expect(try await desk.skep(["login", words[0], "--accept-new"], input: words[1]).termination == .exited(0))
        #expect(try Files.status(desk.folder + "/credentials.json")?.mode == 0o600)
        #expect(try await desk.skep(["login", words[0]], input: words[1]).termination == .exited(1), "a first login is good once")

        try desk.write("c.yaml", Self.file)
        try desk.write("shop/compose.yml", "services: {web: {image: \"busybox:1.35.0\"}}\n")
        let plan = try await desk.skep(["apply", "-f", "c.yaml", "--plan"])
        #expect(
            plan.termination == .exited(0) && plan.output.contains("+ stack shop: shop/compose.yml") && plan.output.contains("nothing was changed"))
        #expect(try await desk.skep(["cluster", "list", "--json"]).output.filter { !$0.isWhitespace } == "[]")
        let first = try await desk.skep(["apply", "-f", "c.yaml"])
        #expect(first.termination == .exited(0) && first.output.contains("accepted as generation 1 of geneva"), "\(first.errorOutput)")
        #expect(try await desk.skep(["apply", "-f", "c.yaml"]).output == "nothing changes: generation 1 says the same\n")
        let waited = try await desk.skep(["apply", "-f", "c.yaml", "--wait", "--timeout", "2s"])
        #expect(waited.termination == .exited(3) && waited.errorOutput.contains("n1 waits for a machine"))

        let status = try await desk.skep(["status", "--json"])
        let json = try JSONDecoder().decode(Shape.self, from: Data(status.stdout))
        #expect(json.cluster.name == "geneva" && json.nodes.map(\.name) == ["n1"] && json.nodes.first?.ready == false)
        #expect(try await desk.skep(["node", "list"]).output.contains("n1"))
        #expect(try await desk.skep(["node", "show", "n9"]).termination == .exited(1))
        #expect(try await desk.skep(["node", "invite", "n9", "--token"]).termination != .exited(0))
        #expect(try await desk.skep(["node", "invite", "n1", "--token"]).output.split(separator: "\n").count == 1)
        #expect(try await desk.skep(["events"]).output.contains("generation 1 accepted"))
        #expect(try await desk.skep(["node", "evict", "n1"]).termination == .exited(4))
        #expect(try await desk.skep(["cluster", "down"]).termination == .exited(4))
        #expect(try await desk.skep(["doctor"]).termination == .exited(1), "a node is missing")
        let nowhere = try await desk.skep(["doctor", "--cluster", "nosuch"])
        #expect(nowhere.termination == .exited(1) && nowhere.output.contains("BAD   cluster nosuch: the coordinator has no such cluster"))
        try desk.write("other.yaml", Self.file.replacing("kind: target", with: "kind: host"))
        let other = try await desk.skep(["apply", "-f", "other.yaml"])
        #expect(other.termination == .exited(4) && other.errorOutput.contains("kind"), "\(other.errorOutput)")
    }

    /// What the contract says of `skep status --json`.
    private struct Shape: Decodable {
        struct Cluster: Decodable {
            let name, kind: String
            let generation: Int
            let ready: Bool
        }
        struct Node: Decodable {
            let name, role: String
            let ready: Bool
        }
        let cluster: Cluster
        let nodes: [Node]
    }
}

/// A coordinator of the tests' own.
final class CoordinatorProcess: Sendable {
    private let pid: pid_t

    private init(pid: pid_t) { self.pid = pid }

    func stop() {
        kill(pid, SIGKILL)
        waitpid(pid, nil, 0)
    }

    /// Starts it on ports of the system's choice and waits until it listens.
    static func start(_ program: String, _ folder: String) async throws -> CoordinatorProcess {
        try Files.makeDirectory(folder + "/state", mode: 0o700)
        let output = folder + "/coordinator.out"
        let words = [
            program, "serve", "--state", folder + "/state", "--listen", "127.0.0.1:0", "--agents", "127.0.0.1:0", "--advertise", "127.0.0.1",
        ]
        var arguments: [UnsafeMutablePointer<CChar>?] = words.map { strdup($0) } + [nil]
        defer { for argument in arguments { free(argument) } }
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, output, O_WRONLY | O_CREAT, 0o600)
        posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0)
        var pid = pid_t()
        guard posix_spawn(&pid, program, &actions, nil, &arguments, environ) == 0 else { throw SystemError.last("cannot start \(program)") }
        let process = CoordinatorProcess(pid: pid)
        for _ in 0..<300 {
            if let text = try? Files.readText(output), text.contains("agents https://") { return process }
            try await Task.sleep(for: .milliseconds(100))
        }
        process.stop()
        throw SystemError(.timeout, "\(program) did not listen in 30 s")
    }
}
