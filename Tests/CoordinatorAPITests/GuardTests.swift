import CoordinatorAuthority
import Foundation
import Hummingbird
import SkepCrypto
import SkepHTTP
import SkepModel
import SkepWire
import Testing

@testable import CoordinatorAPI

@Suite(.serialized) struct GuardTests {
    @Test func everyRouteHasARowAndEveryRowARoute() async throws {
        let fixture = try await Fixture.start()
        let routers = try fixture.coordinator.routers()
        var found: Set<Route> = []
        for (listener, router) in [(Listener.operators, routers.operators), (.agents, routers.agents)] {
            for route in router.routes {
                let path =
                    "/"
                    + route.path.description.split(separator: "/").map { part in
                        part.hasPrefix("{") ? ":" + part.dropFirst().dropLast() : String(part)
                    }.joined(separator: "/")
                found.insert(Route(listener, route.method, path))
            }
        }
        #expect(found.subtracting(AuthorizationTable.rows.keys) == [], "a route without a row")
        #expect(Set(AuthorizationTable.rows.keys).subtracting(found) == [], "a row without a route")
        #expect(!AuthorizationTable.allows(Route(.operators, .get, "/v1/nothing"), .admin))
        await fixture.remove()
    }

    @Test func rolesAreHeldTo() async throws {
        let fixture = try await Fixture.start()
        _ = try await fixture.apply()
        let viewer: LoginAnswer = try await fixture.post("/v1/operators", OperatorRequest(name: "ann", role: "viewer"))
        let person: LoginAnswer = try await fixture.post("/v1/operators", OperatorRequest(name: "bob", role: "operator"))
        func status(_ method: SkepHTTP.HTTPRequest.Method, _ path: String, _ token: String?) async throws -> Int {
            try await fixture.raw(method, path, token: token, body: method == .post ? Array("{}".utf8) : nil).status
        }
        #expect(try await status(.get, "/v1/clusters", nil) == 401)
        #expect(try await status(.get, "/v1/clusters", "skepo.wrong") == 401)
        #expect(try await status(.get, "/v1/clusters", viewer.token) == 200)
        #expect(try await status(.post, "/v1/apply", viewer.token) == 403)
        #expect(try await status(.post, "/v1/clusters/geneva/nodes/n1/defer", viewer.token) == 403)
        #expect(try await status(.post, "/v1/clusters/geneva/nodes/n1/defer", person.token) == 200)
        #expect(try await status(.post, "/v1/clusters/geneva/down", person.token) == 403)
        #expect(try await status(.get, "/v1/operators", person.token) == 403)
        #expect(try await status(.get, "/v1/operators", fixture.token) == 200)
        #expect(try await status(.get, "/v1/nothing", fixture.token) == 404)
        #expect(
            await refusal { () -> LoginAnswer in try await fixture.post("/v1/operators", OperatorRequest(name: "x", role: "king")) } == "UnknownRole")
        // A session can be had for the token; the token of who is removed is good for nothing.
        let session: LoginAnswer = try await fixture.anonymous("/v1/login", LoginRequest(code: viewer.token, name: nil))
        #expect(try await status(.get, "/v1/clusters", session.token) == 200)
        // Who is given a new token holds nothing by the old one; the last admin stays one.
        let earlier: LoginAnswer = try await fixture.anonymous("/v1/login", LoginRequest(code: person.token, name: nil))
        let _: LoginAnswer = try await fixture.post("/v1/operators", OperatorRequest(name: "bob", role: "operator"))
        #expect(try await status(.get, "/v1/clusters", person.token) == 401)
        #expect(try await status(.get, "/v1/clusters", earlier.token) == 401)
        let less = OperatorRequest(name: "root", role: "viewer")
        #expect(await refusal { () -> LoginAnswer in try await fixture.post("/v1/operators", less) } == "LastAdmin")
        #expect(try await status(.get, "/v1/operators", fixture.token) == 200)
        let gone = try await fixture.raw(.delete, "/v1/operators/ann", token: fixture.token)
        #expect(gone.status == 200)
        #expect(try await status(.get, "/v1/clusters", viewer.token) == 401)
        #expect(try await status(.get, "/v1/clusters", session.token) == 401)
        #expect(try await fixture.raw(.delete, "/v1/operators/root", token: fixture.token).status == 409, "the last admin stays")
        await fixture.remove()
    }

    @Test func viewersSeeNoVariables() async throws {
        let fixture = try await Fixture.start()
        let stacks = "stacks:\n  traefik: {from: catalogue, network: web, env: {TRAEFIK_LOG_LEVEL: DEBUG}}\n"
        _ = try await fixture.apply(Fixture.file + "networks: {web: {}}\n" + stacks)
        let viewer: LoginAnswer = try await fixture.post("/v1/operators", OperatorRequest(name: "ann", role: "viewer"))
        let person: LoginAnswer = try await fixture.post("/v1/operators", OperatorRequest(name: "bob", role: "operator"))
        for path in ["/v1/clusters/geneva/spec", "/v1/clusters/geneva/spec?generation=1"] {
            let seen = try await fixture.raw(.get, path, token: viewer.token)
            #expect(!seen.text.contains("DEBUG"))
            let answer: SpecAnswer = try Fixture.decode(seen)
            #expect(answer.file == SpecAnswer.withheld)
            #expect(answer.spec.stacks.map(\.environment) == [["TRAEFIK_LOG_LEVEL": SpecAnswer.hidden]])
            let whole: SpecAnswer = try Fixture.decode(try await fixture.raw(.get, path, token: person.token))
            #expect(whole.file.contains("DEBUG") && whole.spec.stacks.map(\.environment) == [["TRAEFIK_LOG_LEVEL": "DEBUG"]])
        }
        await fixture.remove()
    }

    @Test func theFirstLoginIsGoodOnce() async throws {
        let fixture = try await Fixture.start()
        let code = try await FirstLogin.make(state: fixture.folder)
        #expect(
            await refusal { () -> LoginAnswer in try await fixture.anonymous("/v1/login", LoginRequest(code: code, name: "e v e")) } == "BadName",
            "and the code is not used up")
        let _: LoginAnswer = try await fixture.anonymous("/v1/login", LoginRequest(code: code, name: "eve"))
        #expect(await refusal { () -> LoginAnswer in try await fixture.anonymous("/v1/login", LoginRequest(code: code, name: "eve")) } == "BadLogin")
        let late = try await FirstLogin.make(state: fixture.folder)
        fixture.advance(601_000)
        #expect(await refusal { () -> LoginAnswer in try await fixture.anonymous("/v1/login", LoginRequest(code: late, name: "eve")) } == "BadLogin")
        let database = try Data(contentsOf: URL(fileURLWithPath: fixture.folder + "/skep.sqlite-wal"))
        #expect(database.range(of: Data(code.utf8)) == nil && database.range(of: Data(fixture.token.utf8)) == nil)
        await fixture.remove()
    }

    @Test func guessingIsSlowedDown() async throws {
        let fixture = try await Fixture.start()
        var last = 0
        for _ in 0..<(RefusalLog.limit + 2) {
            last = try await fixture.raw(.post, "/v1/login", body: Array(#"{"code": "guess"}"#.utf8)).status
        }
        #expect(last == 429)
        fixture.advance(61_000)
        #expect(try await fixture.raw(.post, "/v1/login", body: Array(#"{"code": "guess"}"#.utf8)).status == 401)
        await fixture.remove()
    }

    @Test func badBodiesAreSaidToBeBad() async throws {
        let fixture = try await Fixture.start()
        func code(_ body: [UInt8]) async throws -> (Int, String) {
            let response = try await fixture.raw(.post, "/v1/enrol", body: body)
            return (response.status, try JSONDecoder().decode(WireError.self, from: Data(response.body)).code)
        }
        // They say 100 bytes and end after 50: that is logged like any other refusal, once, and is no failure of ours.
        let port = Int(fixture.operators.split(separator: ":").last ?? "") ?? 0
        for _ in 0..<2 { try await sendHalfABody(port) }
        func refused() -> Int { fixture.log.lines.count { $0.contains("code=MalformedRequest") } }
        for _ in 0..<100 where refused() == 0 { try await Task.sleep(for: .milliseconds(100)) }
        #expect(refused() == 1)
        #expect(try await code(Array("not json".utf8)) == (400, "MalformedRequest"))
        #expect(try await code(Array(#"{"version": 1, "token": "x""#.utf8)) == (400, "MalformedRequest"))
        #expect(try await code(Array(#"{"version": 2, "later": true}"#.utf8)) == (400, "NewerVersion"))
        #expect(try await code(Array(repeating: 0x20, count: 70_000)) == (413, "BodyTooLarge"))
        #expect(try await fixture.raw(.post, "/login", body: Array(repeating: 0x61, count: 17 * 1024)).status == 413)
        #expect(!fixture.log.lines.contains { $0.contains("request failed") })
        #expect(refused() == 1)
        await fixture.remove()
    }

    /// By another program, that goes away in the middle of a body.
    private func sendHalfABody(_ port: Int) async throws {
        let process = Process()
        let input = Pipe()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/openssl")
        process.arguments = ["s_client", "-connect", "127.0.0.1:\(port)"]
        process.standardInput = input
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        try process.run()
        let half = "POST /v1/enrol HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n" + String(repeating: "x", count: 50)
        try input.fileHandleForWriting.write(contentsOf: Data(half.utf8))
        try input.fileHandleForWriting.close()
        let began = ContinuousClock.now
        while process.isRunning, ContinuousClock.now - began < .seconds(10) { try await Task.sleep(for: .milliseconds(50)) }
        #expect(!process.isRunning)
        if process.isRunning { process.terminate() }
    }

    @Test func agentsDoorNeedsACertificateOfOurs() async throws {
        let fixture = try await Fixture.start()
        _ = try await fixture.apply()
        let machine = try await fixture.enrol("n1", machine: 1)
        let other = try await Fixture.start()
        _ = try await other.apply()
        let stranger = try await other.enrol("n1", machine: 1)
        var request = SkepHTTP.HTTPRequest(.post, fixture.agents + "/v1/report", body: Array("{}".utf8))
        request.tls.trust = .authorityPEM(fixture.roots)
        #expect(await refusal { try await Fixture.send(request) } != "none", "no certificate, no answer")
        request.tls.identity = .pem(certificate: stranger.answer.certificate ?? "", key: try stranger.key.pem())
        #expect(await refusal { try await Fixture.send(request) } != "none", "another authority's")
        let expired = try fixture.coordinator.authority.issueNode(
            csr: machine.key.request(commonName: "n1"), identity: NodeIdentity(cluster: ClusterName(unchecked: "geneva"), node: machine.id),
            now: Instant(milliseconds: Int64(Date().timeIntervalSince1970 * 1000) - 26 * 3_600_000))
        request.tls.identity = .pem(certificate: expired.chain, key: try machine.key.pem())
        #expect(await refusal { try await Fixture.send(request) } != "none", "expired")
        let unknown = try fixture.coordinator.authority.issueNode(
            csr: machine.key.request(commonName: "n1"), identity: NodeIdentity(cluster: ClusterName(unchecked: "geneva"), node: machine.id),
            now: Instant(milliseconds: Int64(Date().timeIntervalSince1970 * 1000)))
        request.tls.identity = .pem(certificate: unknown.chain, key: try machine.key.pem())
        #expect(try await Fixture.send(request).status == 403, "signed by us and yet never given out")
        let forged = machine.status { $0.node = NodeID(unchecked: "ffffffffffffffff") }
        #expect(await refusal { try await machine.report(forged) } == "WrongNode")
        #expect(
            await refusal { () -> ReportAnswer in
                try Fixture.decode(try await machine.send("/v1/apply", ApplyRequest(name: "x", file: "", files: [:], planOnly: true)))
            } == "NotFound")
        await other.remove()
        await fixture.remove()
    }

    @Test func garbageLeavesNothingBehind() async throws {
        let fixture = try await Fixture.start(connections: 65_536, handshakeSeconds: 2)
        let began = ContinuousClock.now
        let port = Int(fixture.operators.split(separator: ":").last ?? "") ?? 0
        let agents = Int(fixture.agents.split(separator: ":").last ?? "") ?? 0
        let files = { (try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").count) ?? 0 }
        let before = files()
        async let flood = Garbage.send(10_000, ports: [port, agents])
        // Others are served meanwhile.
        for _ in 0..<10 { #expect(try await fixture.raw(.get, "/healthz").status == 200) }
        let sent = await flood
        #expect(sent >= 9_900)
        try await Task.sleep(for: .seconds(4))
        #expect(files() <= before + 20)
        #expect(fixture.coordinator.counters.operators.total + fixture.coordinator.counters.agents.total <= 2)
        #expect(try await fixture.raw(.get, "/healthz").status == 200)
        // However many they are, they are one line a minute.
        let minutes = Int((ContinuousClock.now - began) / Duration.seconds(60))
        let lines = fixture.log.lines.count { $0.contains("code=NoRequest") }
        #expect((1...1 + minutes).contains(lines))
        await fixture.remove()
    }

    @Test func anAddressHasItsShareOfConnections() async throws {
        let fixture = try await Fixture.start(connections: 256, handshakeSeconds: 30)
        let port = Int(fixture.operators.split(separator: ":").last ?? "") ?? 0
        #expect(await Garbage.closed(of: 100, port: port, after: 1.5) == 36, "a quarter of all is one address's share")
        try await Task.sleep(for: .seconds(1))
        #expect(try await fixture.raw(.get, "/healthz").status == 200)
        await fixture.remove()
    }

    @Test func silentAndSlowConnectionsAreEnded() async throws {
        let fixture = try await Fixture.start(handshakeSeconds: 1, requestSeconds: 1)
        let port = Int(fixture.operators.split(separator: ":").last ?? "") ?? 0
        #expect(await Garbage.closed(of: 10, port: port, after: 2.5) == 10, "no handshake")
        // A whole handshake by another program, and a request that never ends.
        let process = Process()
        let (input, output) = (Pipe(), Pipe())
        process.executableURL = URL(fileURLWithPath: "/usr/bin/openssl")
        process.arguments = ["s_client", "-quiet", "-connect", "127.0.0.1:\(port)"]
        process.standardInput = input
        process.standardOutput = output
        process.standardError = output
        try process.run()
        try input.fileHandleForWriting.write(contentsOf: Data("GET /healthz HTTP/1.1\r\nHost: x\r\n".utf8))
        let began = ContinuousClock.now
        while process.isRunning, ContinuousClock.now - began < .seconds(10) { try await Task.sleep(for: .milliseconds(100)) }
        #expect(!process.isRunning, "the request never became whole")
        if process.isRunning { process.terminate() }
        await fixture.remove()
    }

    @Test func theListenersCertificateIsReplacedWhileTheyRun() async throws {
        let fixture = try await Fixture.start()
        var request = SkepHTTP.HTTPRequest(.get, fixture.operators + "/healthz")
        request.tls = TLSOptions(trust: .pinnedKeyOnly(fixture.coordinator.pin), capturePeer: true)
        let before = try Certificate(pem: try #require(try await Fixture.send(request).peerCertificates.first))
        fixture.advance(46 * 86_400_000)
        try fixture.coordinator.renew()
        // The pin still holds: the key is the same.
        let after = try Certificate(pem: try #require(try await Fixture.send(request).peerCertificates.first))
        #expect(after.serial != before.serial && after.pin == before.pin && after.notAfter > before.notAfter)
        #expect(after.dnsNames.contains("coordinator.skep.internal"))
        // The clock was ahead, and is set right: the certificate is not good yet.
        fixture.advance(-46 * 86_400_000)
        try fixture.coordinator.renew()
        let right = try Certificate(pem: try #require(try await Fixture.send(request).peerCertificates.first))
        #expect(right.serial != after.serial && right.notAfter < after.notAfter)
        await fixture.remove()
    }

    @Test func packagesAreHandedOutWithTheirDigest() async throws {
        let fixture = try await Fixture.start()
        #expect(try await fixture.raw(.get, "/v1/packages/agent/amd64").status == 404)
        let content = Array("a package".utf8)
        try Data(content).write(to: URL(fileURLWithPath: fixture.folder + "/packages/skep-agent_0.1.0-1_amd64.deb"))
        #expect(try await fixture.raw(.get, "/v1/packages/agent/amd64").body == content)
        let digest = try await fixture.raw(.get, "/v1/packages/agent/amd64/sha256").text
        #expect(digest.trimmingCharacters(in: .whitespacesAndNewlines) == SHA256.hex(content))
        for path in ["arm64", "..%2f..", "i386"] {
            #expect(try await fixture.raw(.get, "/v1/packages/agent/\(path)").status == 404)
        }
        await fixture.remove()
    }

    @Test func pagesNeedALoginAndShowTheCluster() async throws {
        let fixture = try await Fixture.start()
        _ = try await fixture.apply()
        let away = try await fixture.raw(.get, "/")
        #expect(away.status == 303 && away.header("location") == "/login")
        #expect(try await fixture.raw(.get, "/login").text.contains("<form"))
        var login = SkepHTTP.HTTPRequest(.post, fixture.operators + "/login", body: Array("code=\(fixture.token)".utf8))
        login.tls.trust = .authorityPEM(fixture.roots)
        login.setHeader("Content-Type", "application/x-www-form-urlencoded")
        let answer = try await Fixture.send(login)
        let cookie = try #require(answer.header("set-cookie"))
        #expect(answer.status == 303 && cookie.contains("HttpOnly") && cookie.contains("Secure") && cookie.contains("SameSite=Strict"))
        func with(_ method: SkepHTTP.HTTPRequest.Method, _ path: String) async throws -> SkepHTTP.HTTPResponse {
            var request = SkepHTTP.HTTPRequest(method, fixture.operators + path, body: method == .post ? Array("{}".utf8) : nil)
            request.tls.trust = .authorityPEM(fixture.roots)
            request.setHeader("Cookie", String(cookie.split(separator: ";")[0]))
            return try await Fixture.send(request)
        }
        let page = try await with(.get, "/clusters/geneva")
        #expect(page.status == 200 && page.text.contains("geneva") && page.header("content-security-policy") != nil)
        #expect(try await with(.get, "/clusters/none").status == 404)
        #expect(try await with(.post, "/v1/clusters/geneva/nodes/n1/defer").status == 403, "a browser's session changes nothing")
        #expect(try await with(.post, "/logout").status == 303)
        #expect(try await with(.get, "/clusters/geneva").status == 303)
        await fixture.remove()
    }
}
