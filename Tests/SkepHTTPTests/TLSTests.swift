import Glibc
import SkepHTTP
import SkepSystem
import Testing

/// Certificates and servers by the `openssl` command, which is what the agents' and operators' connections are checked against.
@LoopActor private final class Authority {
    let folder = "/tmp/skep-tls-\(SystemRandom.hex(6))"
    private var servers: [Task<CommandResult, any Error>] = []

    init() async throws {
        try Files.makeDirectory(folder, mode: 0o700)
        for name in ["ca", "other"] {
            try await openssl([
                "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", "\(name).key", "-out", "\(name).pem",
                "-days", "3", "-subj", "/CN=\(name)",
            ])
        }
        for (name, issuer) in [("server", "ca"), ("client", "ca"), ("stranger", "other")] {
            try await openssl([
                "req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", "\(name).key", "-out", "\(name).csr",
                "-subj", "/CN=\(name)",
            ])
            try AtomicFile.write("\(folder)/\(name).ext", "subjectAltName=DNS:coordinator.test,IP:127.0.0.1\n")
            try await openssl([
                "x509", "-req", "-in", "\(name).csr", "-CA", "\(issuer).pem", "-CAkey", "\(issuer).key", "-CAcreateserial", "-out", "\(name).pem",
                "-days", "2", "-extfile", "\(name).ext",
            ])
        }
    }

    func close() {
        for server in servers { server.cancel() }
        try? Files.removeTree(folder)
    }

    @discardableResult
    func openssl(_ arguments: [String], input: [UInt8] = []) async throws -> CommandResult {
        try await run(Command("/usr/bin/openssl", arguments, input: input, directory: folder)).orThrow()
    }

    /// Starts a server that answers with a page; its port.
    func serve(_ arguments: [String]) async throws -> Int {
        let port = OneShot<Int>()
        let command = Command(
            "/usr/bin/openssl", ["s_server", "-www", "-accept", "127.0.0.1:0", "-cert", "server.pem", "-key", "server.key"] + arguments,
            directory: folder, deadline: .seconds(300))
        servers.append(
            Task { @LoopActor in
                let result = try await run(command) { line, _ in
                    guard line.hasPrefix("ACCEPT "), let number = line.split(separator: ":").last.flatMap({ Int($0) }) else { return }
                    port.finish(.success(number))
                }
                port.finish(.failure(SystemError(.failed, result.errorOutput)))
                return result
            })
        return try await LoopActor.withDeadline(.seconds(60)) { try await port.value() }
    }

    /// The pin of a certificate's key, by other means than the code under test.
    func pin(_ name: String) async throws -> String {
        let publicKey = try await openssl(["x509", "-in", "\(name).pem", "-noout", "-pubkey"]).stdout
        let der = try await openssl(["pkey", "-pubin", "-outform", "DER"], input: publicKey).stdout
        let digest = try await openssl(["dgst", "-sha256", "-binary"], input: der).stdout
        return "sha256//" + (try await openssl(["base64", "-A"], input: digest).output)
    }

    func text(_ name: String) throws -> String {
        try Files.readText("\(folder)/\(name)")
    }
}

@Suite struct TLSTests {
    init() {
        EventLoop.runInBackground()
    }

    @LoopActor private func code(_ port: Int, host: String = "127.0.0.1", _ tls: TLSOptions) async -> HTTPError.Code? {
        var request = HTTPRequest(.get, "https://\(host):\(port)/")
        request.connectTo = "127.0.0.1:\(port)"
        request.deadline = .seconds(60)
        request.connectDeadline = .seconds(60)
        request.tls = tls
        do {
            let response = try await HTTPClient().send(request)
            #expect(response.status == 200)
            return nil
        } catch {
            #expect(error is HTTPError)
            return (error as? HTTPError)?.code
        }
    }

    @LoopActor @Test func onlyTheNamedAuthorityIsBelieved() async throws {
        let authority = try await Authority()
        defer { authority.close() }
        let port = try await authority.serve([])
        let ca = TLSOptions.Trust.authorityPEM(try authority.text("ca.pem"))
        #expect(await code(port, TLSOptions(trust: ca)) == nil)
        #expect(await code(port, host: "coordinator.test", TLSOptions(trust: ca)) == nil)
        #expect(await code(port, host: "another.test", TLSOptions(trust: ca)) == .tls)
        #expect(await code(port, TLSOptions(trust: .authorityFile("\(authority.folder)/ca.pem"))) == nil)
        #expect(await code(port, TLSOptions(trust: .authorityFile("\(authority.folder)/other.pem"))) == .tls)
        #expect(await code(port, TLSOptions(trust: .authorityFile("\(authority.folder)/none.pem"))) == .tls)
        #expect(await code(port, TLSOptions(trust: .authorityPEM(try authority.text("other.pem")))) == .tls)
        #expect(await code(port, TLSOptions(trust: .system)) == .tls)
    }

    @LoopActor @Test func aPinnedKeyStandsForItselfOrBesidesAnAuthority() async throws {
        let authority = try await Authority()
        defer { authority.close() }
        let port = try await authority.serve([])
        let (right, wrong) = (try await authority.pin("server"), try await authority.pin("client"))
        #expect(await code(port, host: "whatever.test", TLSOptions(trust: .pinnedKeyOnly(right))) == nil)
        #expect(await code(port, TLSOptions(trust: .pinnedKeyOnly(wrong))) == .tls)
        let ca = TLSOptions.Trust.authorityPEM(try authority.text("ca.pem"))
        #expect(await code(port, TLSOptions(trust: ca, pinnedKey: right)) == nil)
        #expect(await code(port, TLSOptions(trust: ca, pinnedKey: wrong)) == .tls)
        #expect(await code(port, TLSOptions(trust: .pinnedKeyOnly(right), pinnedKey: wrong)) == .tls)
        for bad in ["", "sha256//", "/etc/passwd", "sha256//abc;\(right)"] {
            #expect(await code(port, TLSOptions(trust: .pinnedKeyOnly(bad))) == .tls)
        }
        var request = HTTPRequest(.get, "https://127.0.0.1:\(port)/")
        request.tls.trust = .pinnedKeyOnly(wrong)
        #expect(throws: HTTPError(.tls, "", address: "")) { try BlockingHTTPClient().perform(request) }
        request.tls.trust = .pinnedKeyOnly(right)
        #expect(try BlockingHTTPClient().perform(request).status == 200)
    }

    @LoopActor @Test func aServerThatNobodyVouchesForIsOnlyReadFrom() async throws {
        let authority = try await Authority()
        defer { authority.close() }
        let port = try await authority.serve([])
        #expect(await code(port, TLSOptions(trust: .nobody)) == nil)
        let identity = TLSOptions.Identity.pem(certificate: try authority.text("client.pem"), key: try authority.text("client.key"))
        #expect(await code(port, TLSOptions(trust: .nobody, identity: identity)) == .tls)
        var requests = [
            HTTPRequest(.get, "https://127.0.0.1:\(port)/", headers: [HTTPHeader("authorization", "Bearer secret")]),
            HTTPRequest(.post, "https://127.0.0.1:\(port)/"), HTTPRequest(.get, "https://127.0.0.1:\(port)/", body: [1]),
        ]
        for index in requests.indices {
            requests[index].tls.trust = .nobody
            let request = requests[index]
            await #expect(throws: HTTPError(.tls, "", address: "")) { try await HTTPClient().send(request) }
        }
    }

    @LoopActor @Test func aServerThatWantsACertificateGetsTheRightOne() async throws {
        let authority = try await Authority()
        defer { authority.close() }
        let port = try await authority.serve(["-Verify", "1", "-verify_return_error", "-CAfile", "ca.pem"])
        let ca = TLSOptions.Trust.authorityPEM(try authority.text("ca.pem"))
        let folder = authority.folder
        let files = TLSOptions.Identity.files(certificate: "\(folder)/client.pem", key: "\(folder)/client.key")
        let texts = TLSOptions.Identity.pem(certificate: try authority.text("client.pem"), key: try authority.text("client.key"))
        let stranger = TLSOptions.Identity.files(certificate: "\(folder)/stranger.pem", key: "\(folder)/stranger.key")
        let torn = TLSOptions.Identity.files(certificate: "\(folder)/client.pem", key: "\(folder)/server.key")
        #expect(await code(port, TLSOptions(trust: ca, identity: files)) == nil)
        #expect(await code(port, TLSOptions(trust: ca, identity: texts)) == nil)
        #expect(await code(port, TLSOptions(trust: ca, identity: stranger)) == .tls)
        #expect(await code(port, TLSOptions(trust: ca)) == .tls)
        #expect(await code(port, TLSOptions(trust: ca, identity: torn)) == .tls)
    }

    @LoopActor @Test func nothingOlderThanTLS13IsSpoken() async throws {
        let authority = try await Authority()
        defer { authority.close() }
        let port = try await authority.serve(["-no_tls1_3"])
        #expect(await code(port, TLSOptions(trust: .authorityPEM(try authority.text("ca.pem")))) == .tls)
    }

    @LoopActor @Test func theServersCertificatesAreCaptured() async throws {
        let authority = try await Authority()
        defer { authority.close() }
        let port = try await authority.serve(["-cert_chain", "ca.pem"])
        var request = HTTPRequest(.get, "https://127.0.0.1:\(port)/")
        request.tls = TLSOptions(trust: .pinnedKeyOnly(try await authority.pin("server")), capturePeer: true)
        let certificates = try await HTTPClient().send(request).peerCertificates
        #expect(
            certificates.map { $0.filter { !$0.isNewline } } == [
                try authority.text("server.pem").filter { !$0.isNewline }, try authority.text("ca.pem").filter { !$0.isNewline },
            ])
    }
}
