import AgentCore
import SkepModel
import SkepSystem
import Testing

@testable import AgentDocker

@Suite struct BadInputTests {
    @LoopActor private static func look(_ socket: String, deadline: Duration = .seconds(10), limit: Int = 1 << 20) async -> DockerObserver.Look {
        await DockerObserver(client: DockerClient(socket: socket, deadline: deadline, limit: limit), programs: []).look(rememberedSwarm: nil)
    }

    private static func words(_ look: DockerObserver.Look) -> String {
        if case .failed(let words) = look.engine { words } else { "\(look.engine)" }
    }

    @Test func noEngineIsAbsent() async throws {
        EventLoop.runInBackground()
        let look = await Self.look("/tmp/no-such-docker.sock")
        #expect(look.engine == .seen(.absent))
        #expect(look.swarm == .seen(SwarmStatus(state: .absent)))
        #expect(look.manager == nil)
    }

    @Test func installedButSilentSocketIsStopped() async throws {
        EventLoop.runInBackground()
        let client = await DockerClient(socket: "/tmp/no-such-docker.sock")
        let look = await DockerObserver(client: client, programs: ["/bin/sh"]).look(rememberedSwarm: nil)
        guard case .seen(.stopped(let words)) = look.engine else {
            Issue.record("\(look.engine)")
            return
        }
        #expect(words.contains("docker"))
    }

    @Test(arguments: [("garbage", "cannot be read"), ("nonsense", "cannot be read"), ("raw", "not Docker")])
    func whatIsNotDockerIsNamed(mode: String, words: String) async throws {
        try await FakeDocker.with(mode) { fake in
            let look = await Self.look(fake.socket)
            #expect(Self.words(look).contains(words), "\(look.engine)")
            #expect(look.manager == nil)
            if case .seen = look.swarm { Issue.record("a swarm was seen where none could be") }
        }
    }

    @Test func anEngineThatNeverAnswersRunsIntoTheDeadline() async throws {
        try await FakeDocker.with("silent") { fake in
            let look = await Self.look(fake.socket, deadline: .milliseconds(500))
            #expect(Self.words(look).contains("in time"), "\(look.engine)")
        }
    }

    @Test func aHugeAnswerIsCutOff() async throws {
        try await FakeDocker.with("flood") { fake in
            #expect(Self.words(await Self.look(fake.socket)).contains("too large"))
        }
    }

    @Test func oldAndFarNewerEnginesAreRefusedInWords() async throws {
        try await FakeDocker.with("old") { fake in
            #expect(Self.words(await Self.look(fake.socket)).contains("1.40") == true)
        }
        try await FakeDocker.with("newest") { fake in
            #expect(Self.words(await Self.look(fake.socket)).contains("1.60"))
        }
    }

    @Test func theVersionIsTakenFromTheBodyWhenAProxyDropsTheHeader() async throws {
        try await FakeDocker.with("headless") { fake in
            #expect(await Self.look(fake.socket).engine == .seen(.running(version: "/v1.47/info", bridges: ["docker0", "docker_gwbridge"])))
        }
    }

    @Test func aManagerThatIsCutOffByItsOwnDemotionLeaves() async throws {
        try await FakeDocker.with("cutoff") { fake in
            let actuator = DockerActuator(client: DockerClient(socket: fake.socket), openToken: { $0 }, sealToken: { token, _, _ in token })
            let outcome = await actuator.perform(.leaveSwarm(force: true))
            #expect(outcome == .done)
            #expect(Files.exists(fake.socket + ".demoted") && Files.exists(fake.socket + ".left"))
        }
    }

    @Test func bundlesStayInTheirFolder() throws {
        let root = "/tmp/skb\(SystemRandom.hex(4))"
        defer { try? Files.removeTree(root) }
        func write(_ file: String, _ content: String = "YQ==") throws {
            let bundle = StackBundle(
                name: StackName(unchecked: "x"), digest: "ab12", compose: "services: {}", files: [file: content], services: [])
            _ = try StackFolder(bundle, under: root)
        }
        for bad in ["../x", "/etc/x", "a/../../x", "a//b", "", ".", "compose.yml"] { #expect(throws: DockerError.self) { try write(bad) } }
        #expect(throws: DockerError.self) { try write("a", "!") }
        try write("sub/file")
        #expect(try Files.readText("\(root)/x/ab12/sub/file") == "a")
        #expect(try Files.status("\(root)/x/ab12")?.mode == 0o700)
    }
}
