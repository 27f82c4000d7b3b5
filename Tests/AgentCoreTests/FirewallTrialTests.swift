import AgentCore
import SkepModel
import Testing

@Suite struct FirewallTrialTests {
    let start = Instant(milliseconds: 1_000_000)

    private func begun() -> (AgentBrain, String) {
        var brain = AgentBrain()
        brain.accept(Samples.spec(firewall: Samples.firewall), revision: 1)
        let actions = brain.pass(Samples.observation(), now: start)
        guard case .installTable(let text)? = actions.first(where: { $0.lane == .firewall }) else { return (brain, "") }
        brain.finished(.installTable(text: text), .installed(listing: "new"), seconds: 0.1, now: start)
        return (brain, text)
    }

    @Test func isFinalOnlyWhenBothWaysWereSeen() {
        var (brain, text) = begun()
        #expect(!text.isEmpty)
        #expect(brain.wantsFreshConnection)
        _ = brain.pass(Samples.observation(table: "new", management: 0), now: start.advanced(by: 5_000))
        #expect(brain.memory.firewall.trial != nil)
        brain.coordinatorAnswered(openedAt: start.advanced(by: -1), now: start.advanced(by: 6_000))
        #expect(brain.wantsFreshConnection, "a connection from before the ruleset proves nothing")
        brain.coordinatorAnswered(openedAt: start.advanced(by: 6_000), now: start.advanced(by: 6_100))
        _ = brain.pass(Samples.observation(table: "new", management: 0), now: start.advanced(by: 7_000))
        #expect(brain.memory.firewall.proven == nil)
        _ = brain.pass(Samples.observation(table: "new", management: 1), now: start.advanced(by: 8_000))
        #expect(brain.memory.firewall.proven?.text == text)
        #expect(brain.memory.firewall.trial == nil)
    }

    @Test func isUndoneWhenNobodyCameIn() throws {
        var (brain, _) = begun()
        brain.coordinatorAnswered(openedAt: start.advanced(by: 100), now: start.advanced(by: 200))
        let actions = brain.pass(Samples.observation(table: "new"), now: start.advanced(by: 60_000))
        #expect(actions.contains(.removeTable), "there was no table before")
        let status = brain.status(Samples.observation(), node: NodeID(unchecked: "0000000000000001"), bootID: "b", version: "0", now: start)
        let condition = try #require(status.condition(.firewall))
        #expect(condition.reason == "TrialUndone")
        #expect(condition.message.contains("management"))
        brain.finished(.removeTable, .done, seconds: 0, now: start.advanced(by: 60_100))
        #expect(brain.pass(Samples.observation(), now: start.advanced(by: 90_000)).isEmpty, "it is not tried again by itself")
        brain.retryFirewall()
        #expect(!brain.pass(Samples.observation(), now: start.advanced(by: 91_000)).isEmpty)
    }

    @Test func theTrialOutlivesTheAgent() {
        let (brain, text) = begun()
        var reborn = AgentBrain(memory: brain.memory, spec: brain.spec, revision: 1)
        let actions = reborn.pass(Samples.observation(table: nil), now: start.advanced(by: 30_000))
        #expect(actions.contains(.installTable(text: text)), "after a reboot the table is gone and the trial goes on")
        reborn.finished(.installTable(text: text), .installed(listing: "new"), seconds: 0, now: start.advanced(by: 30_000))
        _ = reborn.pass(Samples.observation(table: "new"), now: start.advanced(by: 89_000))
        #expect(reborn.memory.firewall.trial != nil, "what counts is the time for which the table stood")
        #expect(reborn.pass(Samples.observation(table: "new"), now: start.advanced(by: 90_000)) == [.removeTable])
        #expect(reborn.memory.firewall.undone != nil)
    }

    private func proven() -> (AgentBrain, String) {
        var (brain, text) = begun()
        brain.coordinatorAnswered(openedAt: start.advanced(by: 1), now: start.advanced(by: 2))
        _ = brain.pass(Samples.observation(table: "new", management: 1), now: start.advanced(by: 1_000))
        return (brain, text)
    }

    @Test func nodesComeAndGoWithoutATrial() {
        var (brain, _) = proven()
        var wider = Samples.firewall
        wider.audiences[.cluster]?.append(contentsOf: Samples.ranges("10.77.0.13/32"))
        brain.accept(Samples.spec(firewall: wider), revision: 2)
        let actions = brain.pass(Samples.observation(table: "new", management: 1), now: start.advanced(by: 2_000))
        #expect(actions.contains { if case .installTable = $0 { true } else { false } })
        #expect(brain.memory.firewall.trial == nil)
    }

    @Test func aFailedTrialBringsTheProvenTableBack() {
        var (brain, text) = proven()
        var other = Samples.firewall
        other.audiences[.management] = Samples.ranges("192.0.2.0/24")
        brain.accept(Samples.spec(firewall: other), revision: 2)
        let later = start.advanced(by: 10_000)
        guard
            case .installTable(let second)? = brain.pass(Samples.observation(table: "new", management: 1), now: later).first(where: {
                $0.lane == .firewall
            })
        else {
            Issue.record("the other table was not installed")
            return
        }
        brain.finished(.installTable(text: second), .installed(listing: "other"), seconds: 0, now: later)
        let actions = brain.pass(Samples.observation(table: "other"), now: later.advanced(by: 60_000))
        #expect(actions.contains(.installTable(text: text)))
    }

    @Test func whatSomebodyChangedIsPutBackAndTold() {
        var (brain, text) = proven()
        _ = brain.pass(Samples.observation(table: "new", management: 1), now: start.advanced(by: 2_000))
        let actions = brain.pass(Samples.observation(table: nil), now: start.advanced(by: 3_000))
        #expect(actions.contains(.installTable(text: text)))
        brain.finished(.installTable(text: text), .installed(listing: "new"), seconds: 0.02, now: start.advanced(by: 3_100))
        #expect(brain.memory.events.last?.kind == .repair)
    }

    @Test func aLookThatFailedChangesNothing() {
        var (brain, _) = proven()
        var blind = Samples.observation()
        blind.table = .failed("nft: out of memory")
        #expect(brain.pass(blind, now: start.advanced(by: 2_000)).filter { $0.lane == .firewall }.isEmpty)
    }
}
