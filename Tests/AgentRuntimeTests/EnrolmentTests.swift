import SkepCrypto
import SkepHTTP
import SkepModel
import SkepSystem
import Testing

@testable import AgentRuntime

@Suite struct EnrolmentTests {
    let scratch: Scratch
    let stub: CoordinatorStub
    let store: IdentityStore
    let lines = Lines()

    init() throws {
        scratch = try Scratch()
        stub = try CoordinatorStub(scratch)
        store = try IdentityStore(scratch.paths)
    }

    @LoopActor func enrol(_ token: String? = nil, patience: Duration = .seconds(20)) async throws -> NodeIdentity {
        let enrolment = Enrolment(
            store: store, client: CoordinatorClient(http: HTTPClient()), facts: .init(machineID: "m", hostname: "n1"), patience: patience,
            approvalPause: .milliseconds(50)
        ) { lines.add($0) }
        return try await enrolment.run(
            .init(coordinator: try CoordinatorAddress(stub.address), token: try EnrolmentToken(token ?? stub.token), name: nil))
    }

    @Test func makesAnIdentity() async throws {
        let identity = try await enrol()
        #expect(identity.cluster.rawValue == "lab" && identity.node.rawValue == "0123456789abcdef")
        #expect(try store.identity() == identity)
        let credentials = try store.credentials()
        #expect(credentials.current.leaf.uris == ["skep://lab/node/0123456789abcdef"])
        #expect(credentials.next == nil)
        #expect(try Files.status(scratch.paths.key)?.mode == 0o600)
        #expect(try Files.status(scratch.paths.state)?.mode == 0o700)
    }

    @Test func aLostAnswerIsAskedForAgainWithTheSameKey() async throws {
        try stub.behave(#"{"loseAnswers": 2}"#)
        _ = try await enrol()
        let seen = stub.seen()
        #expect(seen.enrol >= 3)
        #expect(Set(seen.keys).count == 1)
    }

    @Test func waitsForApproval() async throws {
        try stub.behave(#"{"approveAfter": 2}"#)
        _ = try await enrol()
        #expect(stub.seen().enrol == 3)
        #expect(lines.all.filter { $0.contains("approve") }.count == 1)
    }

    @Test func anotherAuthorityIsRefusedBeforeTheTokenIsSent() async throws {
        let wrong = "skep1.lab.c2VjcmV0." + String(repeating: "0", count: 64)
        await #expect(throws: AgentError(.wrongAuthority, "")) { _ = try await enrol(wrong) }
        #expect(stub.seen().enrol == 0)
        #expect(try store.identity() == nil)
    }

    @Test func aClockThatIsHoursOffIsSaid() async throws {
        try stub.behave(#"{"date": -18000}"#)
        do {
            _ = try await enrol()
            Issue.record("it enrolled with a wrong clock")
        } catch let error as AgentError {
            #expect(error.code == .wrongClock)
            #expect(error.message.contains("5 h 0 min ahead of"))
        }
        #expect(stub.seen().enrol == 0)
    }

    @Test func aRefusalEndsAtOnce() async throws {
        try stub.behave(#"{"refuse": "TokenUsed"}"#)
        await #expect(throws: AgentError(.refused, "")) { _ = try await enrol() }
        #expect(stub.seen().enrol == 1)
        #expect(try store.identity() == nil)
    }

    @Test func anotherClustersNodeIsLeftAlone() async throws {
        _ = try await enrol()
        let other = "skep1.other.c2VjcmV0.\(stub.start.fingerprint)"
        await #expect(throws: AgentError(.enrolledElsewhere, "")) { _ = try await enrol(other) }
    }

    @Test func anUnreachableCoordinatorIsGivenUpInTime() async throws {
        let enrolment = await Enrolment(
            store: store, client: CoordinatorClient(http: HTTPClient()), facts: .init(machineID: "m", hostname: "n1"), patience: .milliseconds(10)
        ) { lines.add($0) }
        let wish = Enrolment.Wish(coordinator: try CoordinatorAddress("127.0.0.1:1"), token: try EnrolmentToken(stub.token), name: nil)
        await #expect(throws: AgentError(.unreachable, "")) { _ = try await enrolment.run(wish) }
    }
}
