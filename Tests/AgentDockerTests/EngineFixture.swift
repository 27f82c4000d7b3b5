import Glibc
import SkepSystem
import Testing

@testable import AgentDocker

/// Real engines, each in namespaces of its own, joined by one bridge: no machine is changed, and nothing is left when the test's process ends.
@LoopActor final class EngineFixture {
    struct Engine: Sendable {
        let name: String
        let address: String
        let socket: String
    }

    /// Namespaces, mounts and dockerd want root.
    nonisolated static let isPossible = geteuid() == 0 && Files.exists("/usr/sbin/dockerd") && Files.exists("/usr/bin/busybox")
    nonisolated static let image = "skep-test:1"

    let folder: String
    let engines: [Engine]
    private let prefix: String
    private var running: [Task<Void, Never>] = []

    private init(folder: String, prefix: String, engines: [Engine]) {
        self.folder = folder
        self.prefix = prefix
        self.engines = engines
    }

    /// Starts so many engines with the busybox image, runs `body`, and ends them.
    nonisolated static func with(_ count: Int, _ body: @escaping @LoopActor @Sendable (EngineFixture) async throws -> Void) async throws {
        EventLoop.runInBackground()
        try await running(count, body)
    }

    private static func running(_ count: Int, _ body: @LoopActor (EngineFixture) async throws -> Void) async throws {
        let prefix = "skd\(getpid())\(SystemRandom.hex(2))"
        let folder = "/tmp/\(prefix)"
        try Files.makeDirectory(folder, mode: 0o700)
        let engines = (1...count).map { Engine(name: "n\($0)", address: "10.88.0.\($0)", socket: "\(folder)/n\($0).sock") }
        let fixture = EngineFixture(folder: folder, prefix: prefix, engines: engines)
        do {
            try await fixture.start()
            try await body(fixture)
        } catch {
            for engine in engines {
                let log = (try? Files.readText("\(folder)/\(engine.name).log", limit: 32 << 20)) ?? ""
                print("\(engine.name): \(log.split(separator: "\n").suffix(8).joined(separator: "\n"))")
            }
            await fixture.stop()
            throw error
        }
        await fixture.stop()
    }

    private func start() async throws {
        let hub = "\(prefix)hub"
        try await ip("netns", "add", hub)
        try await ip("-n", hub, "link", "add", "br0", "type", "bridge")
        try await ip("-n", hub, "link", "set", "br0", "up")
        for engine in engines {
            let space = prefix + engine.name
            try await ip("netns", "add", space)
            try await ip("-n", space, "link", "set", "lo", "up")
            try await ip("-n", hub, "link", "add", engine.name, "type", "veth", "peer", "name", "lan0", "netns", space)
            try await ip("-n", hub, "link", "set", engine.name, "master", "br0", "up")
            try await ip("-n", space, "address", "add", "\(engine.address)/24", "dev", "lan0")
            try await ip("-n", space, "link", "set", "lan0", "up")
            launch(engine)
        }
        try await makeImage()
        for engine in engines {
            try await ready(engine)
            let imported = try await run(
                Command("/usr/bin/docker", ["-H", "unix://\(engine.socket)", "import", "\(folder)/image.tar", Self.image]))
            try imported.orThrow()
        }
    }

    /// The engine is the first process of a PID namespace: when it ends, so does all that it started.
    private func launch(_ engine: Engine) {
        let script = """
            hostname \(engine.name); mount -t tmpfs none /run; exec dockerd --data-root \(folder)/\(engine.name) --exec-root /run/docker \
            --pidfile /run/docker.pid -H unix://\(engine.socket) --cgroup-parent /\(prefix) >\(folder)/\(engine.name).log 2>&1
            """
        let command = Command(
            "/usr/bin/setpriv",
            [
                "--pdeathsig", "KILL", "nsenter", "--net=/run/netns/\(prefix)\(engine.name)", "unshare", "--mount", "--uts", "--pid", "--fork",
                "--mount-proc", "--kill-child=KILL", "--propagation", "private", "sh", "-c", script,
            ], deadline: .seconds(300))
        running.append(Task { @LoopActor in _ = try? await run(command) })
    }

    private func ready(_ engine: Engine) async throws {
        let client = DockerClient(socket: engine.socket)
        for _ in 0..<300 {
            if (try? await client.negotiated()) != nil { return }
            try await LoopActor.sleep(for: .milliseconds(100))
        }
        throw SystemError(.timeout, "the engine \(engine.name) does not answer")
    }

    private func makeImage() async throws {
        try Files.makeDirectory("\(folder)/image/bin")
        try await run(Command("/bin/cp", ["/usr/bin/busybox", "\(folder)/image/bin/busybox"])).orThrow()
        for name in ["sh", "sleep"] { try Files.link("\(folder)/image/bin/\(name)", to: "busybox") }
        try await run(Command("/bin/tar", ["-C", "\(folder)/image", "-cf", "\(folder)/image.tar", "."])).orThrow()
    }

    private func stop() async {
        for task in running { task.cancel() }
        for task in running { await task.value }
        for space in engines.map({ prefix + $0.name }) + ["\(prefix)hub"] { try? await ip("netns", "delete", space) }
        for _ in 0..<50 {
            if (try? Files.removeTree(folder)) != nil { break }
            try? await LoopActor.sleep(for: .milliseconds(100))
        }
        for controller in (try? Files.list("/sys/fs/cgroup")) ?? [] { rmdir("/sys/fs/cgroup/\(controller)/\(prefix)") }
    }

    private func ip(_ arguments: String...) async throws {
        try await run(Command("/usr/sbin/ip", arguments)).orThrow()
    }
}
