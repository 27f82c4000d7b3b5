import AgentCore
import Glibc
import SkepCrypto
import SkepModel
import SkepSystem
import Testing

@testable import AgentHost

/// The files of Docker's API over TLS; `Tests/Integration/run` has a real server read them.
@Suite struct DockerAPITests {
    init() { EventLoop.runInBackground() }

    private let name = NodeName(unchecked: "n1")

    private static func certificate(_ name: String) -> String { "-----BEGIN CERTIFICATE-----\n\(name)\n-----END CERTIFICATE-----\n" }

    @Test @LoopActor func theKeyStaysAndWhatIsServedIsSeen() async throws {
        let machine = try TemporaryMachine()
        defer { machine.remove() }
        let actions = DockerAPIActions(layout: machine.layout)
        #expect(try await actions.look() == .init())
        try actions.prepare(name: name)
        let request = try #require(try await actions.look().request)
        #expect(request.hasPrefix("-----BEGIN CERTIFICATE REQUEST-----"))
        let key = try #require(machine.read("/etc/skep/docker-api/key.pem"))
        #expect(try Files.status(machine.root + "/etc/skep/docker-api/key.pem")?.mode == 0o600)
        try actions.prepare(name: name)
        #expect(machine.read("/etc/skep/docker-api/key.pem") == key, "the key is made once")
        #expect(try await actions.look().served == nil)

        let wanted = DockerAPISpec(
            certificate: Self.certificate("server"), authority: Self.certificate("authority"),
            clients: [Self.certificate("a"), Self.certificate("b")])
        try await actions.serve(wanted)
        let seen = try await actions.look()
        #expect(seen.served == wanted && seen.isThere)
        #expect(
            machine.read("/etc/skep/docker-api/clients.pem") == Self.certificate("a") + Self.certificate("b") + Self.certificate("authority"))
        let text = try #require(machine.read("/etc/skep/docker-api/stunnel.conf"))
        #expect(text.contains("verifyPeer = yes") && text.contains("verifyChain = yes") && text.contains("/var/run/docker.sock"))

        try machine.write("/etc/skep/docker-api/stunnel.conf", text.replacing("verifyPeer = yes", with: "verifyPeer = no"))
        #expect(try await actions.look().served == nil, "settings that somebody opened are not what is wanted")
        try await actions.serve(wanted)
        #expect(try await actions.look().served == wanted)

        try await actions.remove()
        #expect(try await actions.look() == .init() && machine.read("/etc/skep/docker-api/key.pem") == nil)
    }

    /// The server is not root, and the agent's files are kept from others by its unit's umask.
    @Test @LoopActor func itsServerReadsItsFilesWhateverTheUmask() async throws {
        let machine = try TemporaryMachine()
        defer { machine.remove() }
        let former = umask(0o027)
        defer { umask(former) }
        let actions = DockerAPIActions(layout: machine.layout)
        try actions.prepare(name: name)
        try await actions.serve(
            DockerAPISpec(certificate: Self.certificate("server"), authority: Self.certificate("authority"), clients: [Self.certificate("a")]))
        for path in ["/etc/skep", "/etc/skep/docker-api"] { #expect(try Files.status(machine.root + path)?.mode == 0o755, "\(path)") }
        for name in ["stunnel.conf", "certificate.pem", "clients.pem"] {
            #expect(try Files.status(machine.root + "/etc/skep/docker-api/\(name)")?.mode == 0o644, "\(name)")
        }
        #expect(try Files.status(machine.root + "/etc/skep/docker-api/key.pem")?.mode == 0o600)
    }

    @Test @LoopActor func nobodyIsLetInByAnEmptyList() async throws {
        let machine = try TemporaryMachine()
        defer { machine.remove() }
        let actions = DockerAPIActions(layout: machine.layout)
        try actions.prepare(name: name)
        let wanted = DockerAPISpec(certificate: Self.certificate("server"), authority: Self.certificate("authority"), clients: [])
        try await actions.serve(wanted)
        #expect(try await actions.look().served == wanted)
        #expect(machine.read("/etc/skep/docker-api/clients.pem") == Self.certificate("authority"))
    }
}
