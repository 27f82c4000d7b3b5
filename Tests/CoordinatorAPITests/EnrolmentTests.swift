import CoordinatorAuthority
import CoordinatorCore
import Foundation
import SkepCrypto
import SkepHTTP
import SkepModel
import SkepWire
import Testing

@testable import CoordinatorAPI

@Suite(.serialized) struct EnrolmentTests {
    @Test func aMachineEnrolsReportsAndIsShown() async throws {
        let fixture = try await Fixture.start()
        let applied = try await fixture.apply()
        #expect(applied.changed && applied.generation == Generation(1))
        let invitation = try await fixture.invite("n1")
        // What the agent does first: fetch the root, compare it with the token.
        let authority = try await fixture.raw(.get, "/v1/authority")
        let root = try Certificate(pem: authority.text)
        #expect(Bytes.hex(root.publicKeySHA256) == String(invitation.token.split(separator: ".")[3]))
        #expect(invitation.fingerprint == Bytes.hex(root.publicKeySHA256))
        let machine = try await fixture.enrol("n1", machine: 1, token: invitation.token)
        let chain = try Certificate.all(pem: try #require(machine.answer.certificate))
        try chain[0].verify(intermediates: [chain[1]], roots: [root], at: Int64(Date().timeIntervalSince1970))
        #expect(chain[0].uris == ["skep://geneva/node/\(machine.id)"])
        #expect(machine.answer.serverName == "coordinator.skep.internal")
        #expect("https://" + machine.answer.agentEndpoint == fixture.agents)

        let answer = try await machine.report()
        #expect(answer.revision > 0 && answer.spec?.name == NodeName(unchecked: "n1") && answer.spec?.generation == Generation(1))
        let status = try await fixture.status()
        let shown = try #require(status.nodes.first { $0.name.rawValue == "n1" })
        #expect(shown.id == machine.id && shown.liveness == "live" && (shown.seenSecondsAgo ?? 99) < 5)
        #expect(shown.certificateExpires != nil)
        #expect(status.nodes.count == 3 && status.nodes[1].liveness == "never")
        await fixture.remove()
    }

    @Test func badTokensAreRefused() async throws {
        let fixture = try await Fixture.start()
        _ = try await fixture.apply()
        let good = try await fixture.invite("n1").token
        func with(_ token: String, name: String = "n1", machine: Int = 1) async -> String {
            await refusal { try await fixture.enrol(name, machine: machine, token: token) }
        }
        #expect(await with("nonsense") == "TokenUnknown")
        #expect(await with(good.replacingOccurrences(of: ".geneva.", with: ".bern.")) == "TokenUnknown")
        #expect(await with(good, name: "n2") == "NameBound")
        let free = try await fixture.invite().token
        #expect(await with(free, name: "n9") == "NameUnknown")
        let key = try P256Key.generate()
        let first = try await fixture.enrol("n1", machine: 1, token: good, key: key)
        // The answer was lost: the same key may ask again, and is the same node.
        let again = try await fixture.enrol("n1", machine: 1, token: good, key: key)
        #expect(again.id == first.id && again.answer.certificate != nil)
        #expect(await with(good) == "TokenUsed")
        let late = try await fixture.invite("n2").token
        fixture.advance(601_000)
        #expect(await with(late, name: "n2", machine: 2) == "TokenExpired")
        #expect(await with(try await fixture.invite("n2").token, name: "n2", machine: 2) == "none")
        #expect(await refusal { try await fixture.invite(seconds: 3600) } == "LongNeedsName")
        #expect(await refusal { try await fixture.invite("n3", seconds: 8 * 86_400) } == "BadDuration")
        #expect(await refusal { try await fixture.invite("n9") } == "NameUnknown")
        #expect(await refusal { try await fixture.invite("n3", seconds: 7 * 86_400) } == "none")
        await fixture.remove()
    }

    @Test func aMachineKeepsItsNameUntilItIsEvicted() async throws {
        let fixture = try await Fixture.start()
        _ = try await fixture.apply()
        let key = try P256Key.generate()
        let machine = try await fixture.enrol("n1", machine: 1, key: key)
        let token = try await fixture.invite("n2").token
        #expect(await refusal { try await fixture.enrol("n2", machine: 1, token: token, key: key) } == "MachineKnown")
        #expect(try await fixture.enrol("n2", machine: 2, token: token).id != machine.id, "the invitation is as good as new")
        await fixture.remove()
    }

    @Test func aReinstalledMachineKeepsItsNodeAndACloneIsRefused() async throws {
        let fixture = try await Fixture.start(settings: Settings(beat: 400, suspectAfter: 10_000, downAfter: 30_000))
        _ = try await fixture.apply()
        let old = try await fixture.enrol("n1", machine: 1)
        _ = try await old.report()
        #expect(await refusal { try await fixture.enrol("n1", machine: 1) } == "MachineCloned")
        #expect(await refusal { try await fixture.enrol("n1", machine: 2) } == "NameTaken")
        fixture.advance(15_000)
        #expect(await refusal { try await fixture.enrol("n1", machine: 1) } == "MachineCloned", "late is not gone")
        fixture.advance(20_000)
        #expect(await refusal { try await fixture.enrol("n1", machine: 1) } == "TooEarly", "its agent may not have found the coordinator again")
        fixture.advance(60_000)
        let new = try await fixture.enrol("n1", machine: 1)
        #expect(new.id == old.id)
        #expect(await refusal { try await old.report() } == "CertificateRevoked")
        _ = try await new.report()
        let nodes = await fixture.coordinator.registry.runtime(ClusterName(unchecked: "geneva"))?.nodes
        #expect(nodes?[new.id]?.enrolment == 2)
        let events: EventsAnswer = try await fixture.get("/v1/clusters/geneva/events")
        #expect(events.events.contains { $0.kind == .enrolment && $0.message.contains("again") })
        await fixture.remove()
    }

    @Test func approvalIsAwaited() async throws {
        let fixture = try await Fixture.start()
        _ = try await fixture.apply(Fixture.file + "policy: {approval: true}\n")
        let token = try await fixture.invite(seconds: 3600).token
        let key = try P256Key.generate()
        let waiting = try await fixture.enrol("n1", machine: 1, token: token, key: key)
        #expect(waiting.answer.certificate == nil)
        #expect(try await fixture.status().nodes[0].liveness == "awaiting approval")
        #expect(await refusal { try await fixture.enrol("n1", machine: 1, token: token) } == "TokenUsed")
        let done: DoneAnswer = try await fixture.post("/v1/clusters/geneva/nodes/n1/approve")
        #expect(done.done.contains("approved"))
        let machine = try await fixture.enrol("n1", machine: 1, token: token, key: key)
        #expect(machine.id == waiting.id && machine.answer.certificate != nil)
        #expect(try await machine.report().revision > 0)
        await fixture.remove()
    }

    @Test func renewalKeepsTheOldCertificateUntilTheNewOneIsUsed() async throws {
        let fixture = try await Fixture.start()
        _ = try await fixture.apply()
        let machine = try await fixture.enrol("n1", machine: 1)
        _ = try await machine.report()
        let csr = try machine.key.request(commonName: "n1")
        let lost: RenewAnswer = try Fixture.decode(try await machine.send("/v1/renew", RenewRequest(csr: csr)))
        #expect(!lost.certificate.isEmpty)
        _ = try await machine.report()
        let answer: RenewAnswer = try Fixture.decode(try await machine.send("/v1/renew", RenewRequest(csr: csr)))
        let renewed = machine.renewed(answer.certificate)
        _ = try await renewed.report()
        #expect(await refusal { try await machine.report() } == "CertificateRevoked")
        _ = try await renewed.report()
        await fixture.remove()
    }

    @Test func lateRenewalNeedsTheOldKeyAndTheServersNonce() async throws {
        let fixture = try await Fixture.start()
        _ = try await fixture.apply()
        let machine = try await fixture.enrol("n1", machine: 1)
        _ = try await machine.report()
        fixture.advance(3 * 86_400_000)
        let csr = try machine.key.request(commonName: "n1")
        func late(key: P256Key, nonce: String? = nil) async throws -> RenewAnswer {
            let challenge: ChallengeAnswer = try await fixture.anonymous("/v1/renew/challenge", ChallengeRequest(node: machine.id))
            let used = nonce ?? challenge.nonce
            let signature = try key.sign(Array((used + csr).utf8))
            return try await fixture.anonymous(
                "/v1/renew/late",
                LateRenewRequest(
                    node: machine.id, nonce: used, csr: csr, certificate: try #require(machine.answer.certificate),
                    signature: Bytes.base64(signature)))
        }
        #expect(await refusal { try await late(key: try P256Key.generate()) } == "ForgedRequest")
        #expect(await refusal { try await late(key: machine.key, nonce: "bm9uY2U=") } == "NonceUnknown")
        let answer = try await late(key: machine.key)
        let runtime = try #require(await fixture.coordinator.registry.runtime(ClusterName(unchecked: "geneva")))
        #expect(try fixture.coordinator.authority.read(pem: answer.certificate).identity.node == machine.id)
        fixture.advance(29 * 86_400_000)
        #expect(await refusal { try await late(key: machine.key) } == "TooLate")
        fixture.advance(-29 * 86_400_000)
        _ = try await runtime.evict(NodeName(unchecked: "n1"), actor: "test")
        let refused = await refusal { try await late(key: machine.key) }
        #expect(["Evicted", "CertificateRevoked"].contains(refused))
        await fixture.remove()
    }

    @Test func nobodyTakesANodesNonceAway() async throws {
        let fixture = try await Fixture.start()
        _ = try await fixture.apply()
        let machine = try await fixture.enrol("n1", machine: 1)
        _ = try await machine.report()
        fixture.advance(3 * 86_400_000)
        func challenge() async throws -> ChallengeAnswer { try await fixture.anonymous("/v1/renew/challenge", ChallengeRequest(node: machine.id)) }
        let nonce = try await challenge().nonce
        for _ in 0..<20 { _ = try await challenge() }
        let csr = try machine.key.request(commonName: "n1")
        let request = LateRenewRequest(
            node: machine.id, nonce: nonce, csr: csr, certificate: try #require(machine.answer.certificate),
            signature: Bytes.base64(try machine.key.sign(Array((nonce + csr).utf8))))
        let answer: RenewAnswer = try await fixture.anonymous("/v1/renew/late", request)
        #expect(!answer.certificate.isEmpty)
        #expect(await refusal { () -> RenewAnswer in try await fixture.anonymous("/v1/renew/late", request) } == "NonceUnknown", "it is good once")
        await fixture.remove()
    }

    @Test func noncesAreGoodOnceForTheirNodeAndForTwoMinutes() {
        let challenges = Challenges()
        let (node, other) = (NodeID(unchecked: "00000000000000a1"), NodeID(unchecked: "00000000000000a2"))
        let now = Instant(milliseconds: 1_800_000_000_000)
        let nonce = challenges.make(for: node, now: now)
        #expect(challenges.isGood(nonce, for: node, now: now.advanced(by: Challenges.limit)))
        #expect(!challenges.isGood(nonce, for: node, now: now.advanced(by: Challenges.limit + 1)))
        #expect(!challenges.isGood(nonce, for: other, now: now))
        #expect(!Challenges().isGood(nonce, for: node, now: now), "of another process")
        for text in ["", "nonsense", "\(nonce.dropLast(4))", "B\(nonce.dropFirst())"] { #expect(!challenges.isGood(text, for: node, now: now)) }
        #expect(challenges.use(nonce, for: node, now: now))
        #expect(!challenges.use(nonce, for: node, now: now))
        #expect(!challenges.isGood(nonce, for: node, now: now))
    }

    @Test func ofTwoEvictionsAtOnceTheSecondIsJudgedByTheFirst() async throws {
        let fixture = try await Fixture.start(settings: Settings(beat: 5000, suspectAfter: 30_000, downAfter: 60_000))
        _ = try await fixture.apply(Fixture.file.replacingOccurrences(of: ": {}", with: ": {role: manager}"))
        try await fixture.recordSwarm()
        for number in 1...3 {
            let machine = try await fixture.enrol("n\(number)", machine: number)
            _ = try await machine.report(machine.manager(of: ["n1", "n2", "n3"]))
        }
        let runtime = try await fixture.runtime()
        @Sendable func outcome(_ name: String) async -> String {
            do {
                _ = try await runtime.evict(NodeName(unchecked: name), actor: "test")
                return "evicted"
            } catch {
                return (error as? Refusal)?.wire.code ?? "\(error)"
            }
        }
        async let one = outcome("n2")
        async let two = outcome("n3")
        let outcomes = await [one, two]
        #expect(outcomes.sorted() == ["QuorumAtRisk", "evicted"])

        let kept = outcomes[0] == "evicted" ? 3 : 2
        let path = "/v1/clusters/geneva/nodes/n\(kept)/evict"
        #expect(try await fixture.raw(.post, path, token: fixture.token, body: []).status == 409)
        #expect(await refusal { () -> DoneAnswer in try await fixture.post(path + "?force=false") } == "QuorumAtRisk")
        #expect(await refusal { () -> DoneAnswer in try await fixture.post(path + "?force=true") } == "none")
        #expect(try await fixture.status().nodes[kept - 1].liveness == "evicted")
        await fixture.remove()
    }

    @Test func evictionCutsLiveConnections() async throws {
        let fixture = try await Fixture.start(settings: Settings(beat: 20_000, suspectAfter: 40_000, downAfter: 60_000))
        _ = try await fixture.apply()
        let token = try await fixture.invite("n2").token
        let machine = try await fixture.enrol("n2", machine: 2, token: token)
        let first = try await machine.report()
        let held = Task { try await machine.report(holds: first.revision, urgent: false) }
        try await Task.sleep(for: .milliseconds(500))
        #expect(fixture.coordinator.live.count(of: machine.id) == 1)
        let began = ContinuousClock.now
        let _: DoneAnswer = try await fixture.post("/v1/clusters/geneva/nodes/n2/evict")
        let ending = await refusal { try await held.value }
        #expect(!["none", "Evicted"].contains(ending), "nothing more comes over the connection, not even why")
        #expect(ContinuousClock.now - began < .seconds(5), "the held report ended at once")
        for _ in 0..<50 where fixture.coordinator.live.count(of: machine.id) > 0 { try await Task.sleep(for: .milliseconds(100)) }
        #expect(fixture.coordinator.live.count(of: machine.id) == 0)
        #expect(await refusal { try await machine.report() } != "none")
        #expect(try await fixture.status().nodes[1].liveness == "evicted")
        // The used invitation does not let it in again, though the key is the same.
        #expect(await refusal { try await fixture.enrol("n2", machine: 2, token: token, key: machine.key) } == "TokenUsed")
        // The same machine may come again, with a new invitation, and is the same node.
        let back = try await fixture.enrol("n2", machine: 2)
        #expect(back.id == machine.id)
        _ = try await back.report()
        await fixture.remove()
    }
}
