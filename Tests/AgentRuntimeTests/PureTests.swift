import SkepModel
import SkepSystem
import Testing

@testable import AgentRuntime

@Suite struct RenewalScheduleTests {
    @Test func isDueAtHalfLifeWithinTenPercent() {
        for seed in 0..<500 as Range<UInt64> {
            let due = RenewalSchedule.due(notBefore: 0, notAfter: 100_000, seed: seed)
            #expect((45_000...55_000).contains(due))
            #expect(RenewalSchedule.decide(notBefore: 0, notAfter: 100_000, now: due - 1, seed: seed) == .wait(until: due))
            #expect(RenewalSchedule.decide(notBefore: 0, notAfter: 100_000, now: due, seed: seed) == .renew)
        }
    }

    @Test func spreadsNodes() {
        let dues = Set((0..<100).map { RenewalSchedule.due(notBefore: 0, notAfter: 100_000, seed: RenewalSchedule.seed("node\($0)")) })
        #expect(dues.count > 90)
        #expect((dues.max() ?? 0) - (dues.min() ?? 0) > 8000)
    }

    @Test func isLateForThirtyDays() {
        #expect(RenewalSchedule.decide(notBefore: 0, notAfter: 1000, now: 1000, seed: 1) == .renew)
        #expect(RenewalSchedule.decide(notBefore: 0, notAfter: 1000, now: 1001, seed: 1) == .late)
        #expect(RenewalSchedule.decide(notBefore: 0, notAfter: 1000, now: 1000 + 30 * 86_400, seed: 1) == .late)
        #expect(RenewalSchedule.decide(notBefore: 0, notAfter: 1000, now: 1001 + 30 * 86_400, seed: 1) == .gone)
    }
}

@Suite struct BackoffTests {
    @Test func doublesToTheLastAndOnlyShortens() {
        var backoff = Backoff()
        #expect((0..<7).map { _ in backoff.failed(chance: 0) } == [1000, 2000, 4000, 8000, 16_000, 30_000, 30_000])
        var other = Backoff()
        #expect((0..<3).map { _ in other.failed(chance: 1) } == [500, 1000, 2000])
        for _ in 0..<200 { #expect((15_000...30_000).contains(backoff.failed(chance: 0.5))) }
        backoff.succeeded()
        #expect(backoff.failed(chance: 0) == 1000)
    }
}

@Suite struct EnrolmentTokenTests {
    static let digest = String(repeating: "ab", count: 32)

    @Test func isRead() throws {
        let token = try EnrolmentToken("  skep1.lab.c2Vj_-.\(Self.digest)\n")
        #expect(token.cluster.rawValue == "lab")
        #expect(token.authority == [UInt8](repeating: 0xab, count: 32))
        #expect(token.text == "skep1.lab.c2Vj_-.\(Self.digest)")
        #expect(!"\(token)".contains("c2Vj"))
    }

    @Test(arguments: [
        "", "skep1", "skep2.lab.x.\(digest)", "skep1.Lab.x.\(digest)", "skep1.lab..\(digest)", "skep1.lab.x.abcd", "skep1.lab.x.y.\(digest)",
    ])
    func isRefused(_ text: String) {
        #expect(throws: AgentError(.badToken, "")) { try EnrolmentToken(text) }
    }
}

@Suite struct CoordinatorAddressTests {
    @Test func isRead() throws {
        #expect(try CoordinatorAddress("c.example").description == "https://c.example:7443")
        #expect(try CoordinatorAddress("https://10.0.0.1:8443/").endpoint == "10.0.0.1:8443")
        #expect(try CoordinatorAddress("https://[2001:db8::1]").endpoint == "[2001:db8::1]:7443")
        #expect(try CoordinatorAddress("[2001:db8::1]:99").endpoint == "[2001:db8::1]:99")
    }

    @Test(arguments: ["", "http://c", "https://c/x", "c:0", "c:99999", "2001:db8::1", "[::1", "a@b", "https://"])
    func isRefused(_ text: String) {
        #expect(throws: AgentError(.usage, "")) { try CoordinatorAddress(text) }
    }
}

@Suite struct AgentArgumentsTests {
    @Test func areRead() throws {
        #expect(try AgentArguments(["run"]).verb == .run)
        #expect(
            try AgentArguments(["enrol", "--coordinator", "https://c", "--token-stdin", "--name=n1"]).verb
                == .enrol(coordinator: "https://c", token: .standardInput, name: "n1"))
        #expect(
            try AgentArguments(["enrol", "--token-file", "/x", "--coordinator=c"]).verb == .enrol(coordinator: "c", token: .file("/x"), name: nil))
        #expect(try AgentArguments(["forget", "--host", "--leave-swarm", "--root", "/r"]).root == "/r")
        #expect(try AgentArguments(["probe-share", "/mnt", "n", "write"]).verb == .probeShare(["/mnt", "n", "write"]))
        #expect(try AgentArguments(["probe-overlay", "10.0.0.2"]).verb == .probeOverlay(["10.0.0.2"]))
        #expect(try AgentArguments(["status"], environment: ["SKEP_AGENT_ROOT": "/e"]).root == "/e")
    }

    @Test(arguments: [
        [], ["fly"], ["enrol"], ["enrol", "--coordinator", "c"], ["enrol", "--coordinator", "c", "skep1.lab.x.y"], ["forget"],
        ["enrol", "--coordinator", "c", "--token-stdin", "--token-file", "f"], ["status", "--json=1"], ["run", "--name", "x"],
    ])
    func areRefused(_ words: [String]) {
        #expect(throws: AgentError(.usage, "")) { try AgentArguments(words) }
    }
}

@Suite struct NewsTests {
    static func status(_ change: (inout NodeStatus) -> Void = { _ in }) -> NodeStatus {
        var status = NodeStatus(
            node: NodeID(unchecked: "0123456789abcdef"), bootID: "b", agentVersion: "1", observed: Instant(milliseconds: 5), revision: 1,
            generation: nil,
            facts: NodeFacts(machineID: "m", hostname: "h"), swarm: SwarmStatus(state: .inactive))
        change(&status)
        return status
    }

    @Test func isNotWhatOnlyGrowsOlder() {
        let now = Instant(milliseconds: 9)
        let old = Self.status { $0.conditions = [Condition(.docker, .true, reason: "R", message: "m", since: now)] }
        let new = Self.status {
            $0.observed = now
            $0.facts.diskFreeBytes = 7
            $0.facts.clockOffset = 3
            $0.conditions = [Condition(.docker, .true, reason: "R", message: "m", since: now.advanced(by: 1))]
        }
        #expect(!Agent.isNews(new, old))
        #expect(Agent.isNews(new, nil))
        #expect(Agent.isNews(Self.status { $0.swarm.state = .active }, Self.status()))
        #expect(Agent.isNews(Self.status { $0.conditions = [Condition(.docker, .false, reason: "R", message: "m", since: now)] }, old))
    }
}

@Suite struct FootprintTests {
    init() { EventLoop.runInBackground() }

    /// Relocated, writable, anonymous and swapped pages are never given back.
    @Test @LoopActor func onlyWhatComesBackFromItsFile() {
        let smaps = """
            1000-2000 r--p 00000000 08:01 1 /usr/lib/libcrypto.so.3
            Rss: 4 kB
            Anonymous: 0 kB
            Swap: 0 kB
            2000-4000 r-xp 00001000 08:01 1 /usr/lib/libcrypto.so.3
            Anonymous: 0 kB
            Swap: 0 kB
            4000-5000 r--p 00003000 08:01 1 /usr/lib/libcrypto.so.3
            Anonymous: 4 kB
            Swap: 0 kB
            5000-6000 r--p 00004000 08:01 1 /usr/lib/libcrypto.so.3
            Anonymous: 0 kB
            Swap: 4 kB
            6000-7000 rw-p 00005000 08:01 1 /usr/lib/libcrypto.so.3
            Anonymous: 0 kB
            7000-8000 r--p 00000000 00:00 0
            8000-9000 r--p 00000000 00:00 0 [vvar]
            """
        #expect(Footprint.clean(smaps) == [0x1000..<0x2000, 0x2000..<0x4000])
    }

    @Test @LoopActor func theProcessGoesOn() {
        Footprint.trim()
        #expect((0..<100).map { String($0) }.joined().count == 190)
    }
}
