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

    @Test func whoCameInBeforeANodeJoinedCounts() {
        var (brain, _) = begun()
        brain.coordinatorAnswered(openedAt: start.advanced(by: 100), now: start.advanced(by: 200))
        var spec = Samples.spec(firewall: Samples.firewall)
        spec.firewall?.audiences[.cluster] = Samples.ranges("10.77.0.11/32", "10.77.0.12/32", "10.77.0.13/32")
        brain.accept(spec, revision: 2)
        let actions = brain.pass(Samples.observation(table: "new", management: 1), now: start.advanced(by: 5_000))
        #expect(brain.memory.firewall.proven != nil, "these are the same rules")
        #expect(actions.contains { $0.lane == .firewall }, "and the table has today's nodes")
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
        _ = brain.pass(Samples.observation(table: "new", management: 1, kept: text), now: start.advanced(by: 1_000))
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
        #expect(actions == [.installTable(text: text)])
    }

    @Test func whatSomebodyChangedIsPutBackAndTold() {
        var (brain, text) = proven()
        _ = brain.pass(Samples.observation(table: "new", management: 1, kept: text), now: start.advanced(by: 2_000))
        let actions = brain.pass(Samples.observation(table: nil, kept: text), now: start.advanced(by: 3_000))
        #expect(actions.contains(.installTable(text: text)))
        brain.finished(.installTable(text: text), .installed(listing: "new"), seconds: 0.02, now: start.advanced(by: 3_100))
        _ = brain.pass(Samples.observation(table: "new", kept: text), now: start.advanced(by: 3_200))
        #expect(brain.memory.events.last?.kind == .repair)
        #expect(brain.memory.events.last?.message == "install the table inet skep, as it was gone")
        #expect(brain.memory.events.last?.seconds == 0.2)
    }

    @Test func aLookThatFailedChangesNothing() {
        var (brain, _) = proven()
        var blind = Samples.observation()
        blind.table = .failed("nft: out of memory")
        #expect(brain.pass(blind, now: start.advanced(by: 2_000)).filter { $0.lane == .firewall }.isEmpty)
    }

    @Test func whatIsProvenIsKeptForTheNextStartAndWhatIsOnTrialIsNot() {
        var (brain, text) = begun()
        #expect(brain.pass(Samples.observation(table: "new"), now: start.advanced(by: 1_000)).isEmpty, "one on trial may lock everybody out")
        brain.coordinatorAnswered(openedAt: start.advanced(by: 1), now: start.advanced(by: 2))
        #expect(brain.pass(Samples.observation(table: "new", management: 1), now: start.advanced(by: 2_000)) == [.keepTable(text: text)])
        brain.finished(.keepTable(text: text), .done, seconds: 0, now: start.advanced(by: 2_100))
        #expect(brain.pass(Samples.observation(table: "new", kept: text), now: start.advanced(by: 3_000)).isEmpty)
        #expect(brain.pass(Samples.observation(table: "new", kept: "old"), now: start.advanced(by: 4_000)) == [.keepTable(text: text)])
    }

    @Test func aPowerCutBeginsTheTrialAnewHoweverLongTheMachineWasOff() {
        let (brain, text) = begun()
        var reborn = AgentBrain(memory: brain.memory, spec: brain.spec, revision: 1)
        let later = start.advanced(by: 600_000)
        #expect(reborn.pass(Samples.observation(table: "new", boot: "c"), now: later) == [.installTable(text: text)])
        reborn.finished(.installTable(text: text), .installed(listing: "new"), seconds: 0, now: later)
        _ = reborn.pass(Samples.observation(table: "new", boot: "c"), now: later.advanced(by: 59_000))
        #expect(reborn.memory.firewall.undone == nil)
        _ = reborn.pass(Samples.observation(table: "new", boot: "c"), now: later.advanced(by: 60_000))
        #expect(reborn.memory.firewall.undone != nil)
    }

    @Test func aTableThatNftRefusesIsNoVerdictOnTheRuleset() throws {
        var brain = AgentBrain()
        brain.accept(Samples.spec(firewall: Samples.firewall), revision: 1)
        let actions = brain.pass(Samples.observation(), now: start)
        for action in actions { brain.finished(action, .failed("Error: Could not process rule"), seconds: 0.1, now: start) }
        _ = brain.pass(Samples.observation(), now: start.advanced(by: 300_000))
        #expect(brain.memory.firewall.undone == nil)
        let status = brain.status(Samples.observation(), node: NodeID(unchecked: "0000000000000001"), bootID: "b", version: "0", now: start)
        #expect(try #require(status.condition(.firewall)).message.contains("Could not process rule"))
    }

    @Test func aCoordinatorThatWasAwayIsNoVerdictOnTheRuleset() {
        var (brain, text) = begun()
        var now = start
        for round in 1...3 {
            now = now.advanced(by: 60_000)
            _ = brain.pass(Samples.observation(table: "new", management: 1), now: now)
            brain.finished(.removeTable, .done, seconds: 0, now: now)
            #expect(brain.memory.firewall.undone != nil && brain.wantsFreshConnection)
            brain.coordinatorAnswered(openedAt: now.advanced(by: -1), now: now)
            #expect(brain.memory.firewall.undone != nil, "a connection from the trial says nothing")
            brain.coordinatorAnswered(openedAt: now.advanced(by: 1), now: now.advanced(by: 1))
            #expect(brain.memory.firewall.undone == nil, "it may have been away, time \(round)")
            #expect(brain.pass(Samples.observation(), now: now.advanced(by: 2)) == [.installTable(text: text)])
            brain.finished(.installTable(text: text), .installed(listing: "new"), seconds: 0, now: now)
        }
        _ = brain.pass(Samples.observation(table: "new", management: 1), now: now.advanced(by: 60_000))
        brain.coordinatorAnswered(openedAt: now.advanced(by: 60_001), now: now.advanced(by: 60_001))
        #expect(brain.memory.firewall.undone != nil, "who fails four times is shut out by the ruleset")
        #expect(!brain.wantsFreshConnection)
    }

    @Test func theClockThatIsSetNeitherEndsATrialNorProlongsIt() {
        var (brain, _) = begun()
        brain.clockStepped(by: 7_200_000)
        let later = start.advanced(by: 7_200_000)
        _ = brain.pass(Samples.observation(table: "new"), now: later.advanced(by: 30_000))
        #expect(brain.memory.firewall.trial != nil)
        _ = brain.pass(Samples.observation(table: "new"), now: later.advanced(by: 60_000))
        #expect(brain.memory.firewall.undone != nil)
        var (other, _) = begun()
        _ = other.pass(Samples.observation(table: "new"), now: start.advanced(by: -7_200_000))
        _ = other.pass(Samples.observation(table: "new"), now: start.advanced(by: -7_140_000))
        #expect(other.memory.firewall.undone != nil, "unnoticed, it lasts no longer than its seconds")
    }

    @Test func whileARulesetIsUndoneTheProvenOneKnowsTodaysNodes() throws {
        var (brain, _) = proven()
        var other = Samples.firewall
        other.audiences[.management] = Samples.ranges("192.0.2.0/24")
        brain.accept(Samples.spec(firewall: other), revision: 2)
        let first = brain.pass(Samples.observation(table: "new", management: 1), now: start.advanced(by: 10_000)).first
        brain.finished(try #require(first), .installed(listing: "other"), seconds: 0, now: start.advanced(by: 10_000))
        let back = brain.pass(Samples.observation(table: "other"), now: start.advanced(by: 70_000)).first
        brain.finished(try #require(back), .installed(listing: "new"), seconds: 0, now: start.advanced(by: 70_000))
        other.audiences[.cluster] = Samples.ranges("10.77.0.11/32", "10.77.0.99/32")
        brain.accept(Samples.spec(firewall: other), revision: 3)
        let actions = brain.pass(Samples.observation(table: "new"), now: start.advanced(by: 71_000))
        guard case .installTable(let text)? = actions.last else {
            Issue.record("the proven table is not rendered again")
            return
        }
        #expect(text.contains("10.77.0.99") && !text.contains("10.77.0.12"))
        #expect(text.contains("10.0.2.0/24") && !text.contains("192.0.2.0/24"), "the rules stay those that were proven")
        brain.accept(Samples.spec(firewall: Samples.firewall), revision: 4)
        _ = brain.pass(Samples.observation(table: "new"), now: start.advanced(by: 72_000))
        #expect(brain.memory.firewall.undone == nil && !brain.wantsFreshConnection, "nothing is undone when the file asks for the proven rules again")
    }

    @Test func nothingIsTakenForGoneThatCouldNotBeSeen() throws {
        var (brain, _) = proven()
        brain.accept(Samples.spec(firewall: nil), revision: 2)
        var blind = Samples.observation()
        blind.table = .failed("nft: timed out")
        _ = brain.pass(blind, now: start.advanced(by: 2_000))
        let status = brain.status(blind, node: NodeID(unchecked: "0000000000000001"), bootID: "b", version: "0", now: start)
        #expect(status.condition(.firewall) != nil, "a teardown waits for it")
        #expect(brain.pass(Samples.observation(kept: "text"), now: start.advanced(by: 3_000)) == [.removeTable], "the kept text goes too")
    }

    @Test func anEngineThatDoesNotAnswerIsNotAnEngineThatIsGone() {
        var brain = AgentBrain()
        brain.accept(Samples.spec(), revision: 1)
        var blind = Samples.observation(swarm: .init(state: .active, nodeID: "w1", swarmID: "s", isManager: true))
        _ = brain.pass(blind, now: start)
        blind.swarm = .failed("timed out")
        _ = brain.pass(blind, now: start.advanced(by: 1_000))
        let node = NodeID(unchecked: "0000000000000001")
        #expect(brain.status(blind, node: node, bootID: "b", version: "0", now: start).swarm.isManager)
        #expect(AgentBrain().status(blind, node: node, bootID: "b", version: "0", now: start).swarm.state == .unknown)
    }
}
