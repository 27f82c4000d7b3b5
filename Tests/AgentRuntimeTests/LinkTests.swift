import AgentCore
import SkepCrypto
import SkepHTTP
import SkepModel
import SkepSystem
import SkepWire
import Testing

@testable import AgentRuntime

/// An agent that only reports and remembers what it was answered.
@LoopActor final class ReportingOwner: CoordinatorLink.Owner {
    var answers: [ReportAnswer] = []
    var holds = 0
    var changes = 0
    var beat: Int { 1000 }

    func report() -> (status: NodeStatus, holds: Int)? { (NewsTests.status(), holds) }

    func answered(_ answer: ReportAnswer, openedAt: Instant, askedAt: Instant) {
        answers.append(answer)
        if answer.spec != nil { holds = answer.revision }
    }

    func linkChanged() { changes += 1 }
}

@Suite struct LinkTests {
    struct SignRequest: Encodable {
        var csr: String
        var begin: Int
        var end: Int
    }

    let scratch: Scratch
    let stub: CoordinatorStub
    let store: IdentityStore

    init() throws {
        scratch = try Scratch()
        stub = try CoordinatorStub(scratch)
        store = try IdentityStore(scratch.paths)
    }

    /// Another coordinator, made off the loop: it takes a while.
    nonisolated static func another() async throws -> LinkTests { try LinkTests() }

    /// A link whose certificate began and ends so many seconds from now.
    @LoopActor func link(begin: Int = -3600, end: Int = 86_400) async throws -> CoordinatorLink {
        let client = CoordinatorClient(http: HTTPClient())
        let found = try await AuthorityProbe(client: client).ask(
            try CoordinatorAddress(stub.address), anchor: .fingerprint(try EnrolmentToken(stub.token).authority))
        let key = try store.key()
        let signed: RenewAnswer = try await client.post(
            "/v1/test/sign", SignRequest(csr: try key.request(commonName: "n1"), begin: begin, end: end), to: "127.0.0.1:\(stub.start.public)",
            named: CoordinatorAddress.serverName, tls: .init(trust: .authorityPEM(found.rootsPEM))
        ).answer
        let identity = NodeIdentity(
            cluster: ClusterName(unchecked: "lab"), node: NodeID(unchecked: "0123456789abcdef"), name: NodeName(unchecked: "n1"),
            coordinator: stub.address, agentEndpoint: "127.0.0.1:\(stub.start.agents)", serverName: CoordinatorAddress.serverName)
        try store.enrolled(identity, certificate: signed.certificate, roots: signed.roots)
        var timing = CoordinatorLink.Timing()
        timing.firstRetry = 50
        timing.lastRetry = 200
        timing.reportGap = 20
        return CoordinatorLink(
            identity: identity, credentials: try store.credentials(), store: store, client: CoordinatorClient(http: HTTPClient(idleConnections: 1)),
            timing: timing)
    }

    @Test @LoopActor func oneConnectionCarriesAllReports() async throws {
        try stub.behave(#"{"hold": 1.1}"#)
        let link = try await link()
        let owner = ReportingOwner()
        let before = stub.seen().connections
        link.start(owner)
        #expect(try await eventually { owner.answers.count >= 4 })
        link.stop()
        #expect(stub.seen().connections == before + 1)
        #expect(link.state.failure == nil)
        #expect(abs(link.state.clockOffset ?? 99_999) < 1000)
    }

    @Test @LoopActor func aSpecIsHeldAfterwards() async throws {
        let link = try await link()
        let owner = ReportingOwner()
        try AtomicFile.write(stub.folder + "/spec.json", try JSON.encode(StateStoreTests.spec(3)))
        try stub.behave(#"{"revision": 9}"#)
        link.start(owner)
        #expect(try await eventually { stub.seen().holds.contains(9) })
        link.stop()
        #expect(stub.seen().holds.first == 0)
        #expect(owner.answers.filter { $0.spec != nil }.count == 1)
        #expect(owner.answers.first?.spec == StateStoreTests.spec(3))
    }

    @Test @LoopActor func whatCannotWaitGoesBesideTheHeldReport() async throws {
        try stub.behave(#"{"hold": 5}"#)
        let link = try await link()
        let owner = ReportingOwner()
        link.start(owner)
        #expect(try await eventually { stub.seen().report == 2 })
        #expect(stub.seen().urgent == 1, "the first one is not held, as it says that nobody answered yet")
        link.reportNow()
        #expect(try await eventually(.seconds(2)) { owner.answers.count == 2 })
        link.stop()
        #expect(stub.seen().urgent == 2)
    }

    /// The address that a held report came from is gone: nothing will ever be heard over its connection.
    @Test @LoopActor func aReportOverANewConnectionEndsTheHeldOne() async throws {
        try stub.behave(#"{"hold": 30}"#)
        let link = try await link()
        let owner = ReportingOwner()
        link.start(owner)
        #expect(try await eventually { stub.seen().report == 2 })
        let before = stub.seen().connections
        link.reconnect()
        #expect(try await eventually(.seconds(5)) { stub.seen().report == 3 })
        #expect(stub.seen().connections == before + 1)
        #expect(link.state.failure == nil, "it was no failure of the coordinator's")
        link.reconnect()
        #expect(try await eventually(.seconds(5)) { stub.seen().report == 4 })
        link.stop()
    }

    @Test @LoopActor func renewsWithoutADroppedReport() async throws {
        try stub.behave(#"{"hold": 0.2}"#)
        let link = try await link(begin: -3000, end: 300)
        let owner = ReportingOwner()
        let old = link.credentials.current.leaf.serial
        link.start(owner)
        #expect(try await eventually { link.credentials.current.leaf.serial != old })
        #expect(try await eventually { stub.seen().serials.contains(link.credentials.current.leaf.serial) })
        link.stop()
        #expect(stub.seen().renew == 1)
        #expect(link.state.failedSince == nil && link.state.failure == nil)
        #expect(link.credentials.next == nil)
        #expect(link.credentials.current.leaf.notAfter > SystemClock.wallMilliseconds() / 1000 + 80_000)
        #expect(try store.credentials().current.leaf.serial == link.credentials.current.leaf.serial)
        #expect(!Files.exists(scratch.paths.nextCertificate))
        #expect(stub.seen().serials.contains(old))
    }

    @Test @LoopActor func renewsLateWithTheOldKeysSignature() async throws {
        let link = try await link(begin: -90_000, end: -3600)
        let owner = ReportingOwner()
        link.start(owner)
        #expect(try await eventually { !owner.answers.isEmpty })
        link.stop()
        let seen = stub.seen()
        #expect(seen.challenge == 1 && seen.late == 1 && seen.renew == 0)
        #expect(link.state.renewalFailure == nil)
    }

    @Test @LoopActor func anEvictionIsSaidAndNotAskedAboutAgainAndAgain() async throws {
        try stub.behave(#"{"refuseReports": "Evicted"}"#)
        let link = try await link()
        let owner = ReportingOwner()
        link.start(owner)
        #expect(try await eventually { link.state.isEvicted })
        try await LoopActor.sleep(for: .milliseconds(600))
        link.stop()
        #expect(stub.seen().report == 1)
        let condition = link.state.conditions(now: Instant(milliseconds: 0), coordinator: "c").first { $0.type == .connected }
        #expect(condition?.reason == "Evicted" && condition?.status == .false)
    }

    @Test @LoopActor func aCoordinatorThatWasAwayIsFoundAgain() async throws {
        try stub.behave(#"{"refuseReports": "Busy", "hold": 0.05}"#)
        let link = try await link()
        let owner = ReportingOwner()
        link.start(owner)
        #expect(try await eventually { link.state.failure != nil && stub.seen().report > 2 })
        try stub.behave("{}")
        #expect(try await eventually { link.state.failure == nil && !owner.answers.isEmpty })
        link.stop()
    }

    @Test @LoopActor func theClocksOffsetIsMeasured() async throws {
        try stub.behave(#"{"clock": -120}"#)
        let link = try await link()
        let owner = ReportingOwner()
        link.start(owner)
        #expect(try await eventually { link.state.clockOffset != nil })
        link.stop()
        #expect(abs((link.state.clockOffset ?? 0) - 120_000) < 1500)
    }

    /// A renewed certificate that the coordinator does not take, here one of another authority, gives way to the old one.
    @Test @LoopActor func aRefusedRenewalGoesBackToTheOldCertificate() async throws {
        let link = try await link()
        let other = try await LinkTests.another()
        // The same key, certified by somebody else.
        try AtomicFile.write(other.scratch.paths.key, try Files.read(scratch.paths.key), mode: 0o600)
        let signed = try await other.link().credentials.current
        try store.renewed(certificate: signed.pem, roots: "")
        let second = CoordinatorLink(
            identity: link.identity, credentials: try store.credentials(), store: store, client: CoordinatorClient(http: HTTPClient()),
            timing: link.timing)
        #expect(second.credentials.next != nil)
        let owner = ReportingOwner()
        second.start(owner)
        #expect(try await eventually { !owner.answers.isEmpty })
        second.stop()
        #expect(second.credentials.next == nil)
        #expect(!Files.exists(scratch.paths.nextCertificate))
    }
}
