import SkepModel
import SkepSystem
import Testing

@testable import AgentDocker

@Suite struct StackFolderTests {
    init() { EventLoop.runInBackground() }

    @Test @LoopActor func whatAKilledAgentLeftIsSweptUp() async throws {
        let root = "/tmp/sks\(SystemRandom.hex(4))"
        defer { try? Files.removeTree(root) }
        for name in ["shop", "busy"] {
            _ = try StackFolder(StackBundle(name: StackName(unchecked: name), digest: "ab", compose: "secret", services: []), under: root)
        }
        try Files.makeDirectory(root + "/Theirs")
        var settings = DockerActuator.Settings()
        settings.stackFolder = root
        settings.usesSystemd = false
        let actuator = DockerActuator(
            client: DockerClient(socket: "/tmp/no-such-docker.sock"), settings: settings, openToken: { $0 }, sealToken: { token, _, _ in token })
        actuator.deploying = ["busy"]
        await actuator.sweep()
        #expect(try Files.list(root) == ["Theirs", "busy"])
        settings.stackFolder = root + "/absent"
        await DockerActuator(client: actuator.client, settings: settings, openToken: { $0 }, sealToken: { token, _, _ in token }).sweep()
    }
}
