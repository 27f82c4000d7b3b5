import AgentCore
import SkepModel
import Testing

@Suite struct CanaryBookTests {
    private let one = CanaryRequest.Target(node: NodeID(unchecked: "1111111111111111"), address: .v4(0x0a00_0002))
    private let two = CanaryRequest.Target(node: NodeID(unchecked: "2222222222222222"), address: .v4(0x0a00_0003))
    private let own = CanaryRound.Sandbox(address: .v4(0x0a00_0009), mtu: 1450)
    private func at(_ seconds: Int64) -> Instant { Instant(milliseconds: seconds * 1000) }

    private func round(_ echoes: [CanaryRequest.Target: CanaryRound.Echo], ports: [UInt16: String?] = [:]) -> CanaryRound {
        CanaryRound(sandbox: own, echoes: Dictionary(uniqueKeysWithValues: echoes.map { ($0.key.address, $0.value) }), ports: ports)
    }

    @Test func aSingleMissIsForgivenToWhatHasPassed() {
        var book = CanaryBook()
        #expect(book.ask(CanaryRequest(targets: [one], ports: [])) == true)
        #expect(book.report.paths.first?.trial.verdict == .unknown)
        book.note(round([one: .init(small: 200, large: 300)]), at: at(1))
        #expect(book.report.paths.first?.trial.verdict == .true)
        #expect(book.pause == 60_000)
        book.note(round([one: .init(small: nil, large: nil)]), at: at(61))
        #expect(book.report.paths.first?.trial.verdict == .true)
        #expect(book.pause == 5000, "it is looked at again soon")
        book.note(round([one: .init(small: 200, large: nil)]), at: at(66))
        #expect(book.report.paths.first?.trial.verdict == .false)
        #expect(book.report.paths.first?.trial.passed == at(1))
        #expect(book.report.paths.first?.failure(mtu: book.report.mtu) == "small packets pass, those of 1450 bytes do not")
        for second in Int64(0)..<8 { book.note(round([one: .init(small: nil, large: nil)]), at: at(70 + second)) }
        #expect(book.pause == 30_000, "nothing is gained by haste")
        book.note(round([one: .init(small: 1, large: 1)]), at: at(90))
        #expect(book.report.paths.first?.trial == .init(passed: at(90)))
        #expect(book.pause == 60_000)
    }

    @Test func whatNeverPassedIsNotForgiven() {
        var book = CanaryBook()
        _ = book.ask(CanaryRequest(targets: [], ports: [80]))
        book.note(round([:], ports: [80: "connection refused"]), at: at(1))
        #expect(book.report.ports.first?.trial.verdict == .unknown)
        book.note(round([:], ports: [80: "connection refused"]), at: at(6))
        #expect(book.report.ports.first?.trial.verdict == .false)
    }

    @Test func anotherRequestKeepsWhatIsKnown() {
        var book = CanaryBook()
        _ = book.ask(CanaryRequest(targets: [one], ports: [80]))
        book.note(round([one: .init(small: 1, large: 1)], ports: [80: nil]), at: at(1))
        #expect(book.ask(CanaryRequest(targets: [one], ports: [80])) == false)
        #expect(book.ask(CanaryRequest(targets: [one, two], ports: nil)) == true)
        #expect(book.report.paths.map(\.trial.verdict) == [.true, .unknown])
        #expect(book.report.ports.map(\.port) == [80], "the swarm could not be asked")
        // a round that began before knows nothing of what was added
        book.note(round([one: .init(small: 1, large: 1)], ports: [80: nil]), at: at(2))
        #expect(book.report.paths.map(\.trial.verdict) == [.true, .unknown])
        #expect(book.pause == 5000)
        // a node whose end has another address now is another target
        var moved = one
        moved.address = .v4(0x0a00_0063)
        #expect(book.ask(CanaryRequest(targets: [moved], ports: [])) == true)
        #expect(book.report.paths.map(\.trial.verdict) == [.unknown])
        #expect(book.ask(nil) == false)
        #expect(!book.isWanted && book.report == CanaryReport())
    }

    /// The others go on trying it, instead of being told to forget it and told again.
    @Test func anAgentThatJustBeganStillNamesItsEnd() {
        func told(_ brain: AgentBrain, _ look: Observation) -> CanaryReport? {
            brain.status(look, node: one.node, bootID: "b", version: "0", now: at(1)).canary
        }
        var brain = AgentBrain(spec: Samples.spec(), revision: 1)
        var look = Samples.observation()
        #expect(told(brain, look) == CanaryReport(), "an agent that can try says so")
        look.canary = CanaryReport(at: at(1), address: own.address)
        _ = brain.pass(look, now: at(1))
        let next = AgentBrain(memory: brain.memory, spec: Samples.spec(), revision: 1)
        look.canary = CanaryReport()
        #expect(told(next, look)?.address == own.address)
        look.canary = CanaryReport(at: at(2), trouble: "no end")
        #expect(told(next, look)?.address == nil, "it has tried, and has none")
    }

    /// A repair that is under way when the ports change is told as a repair.
    @Test(arguments: [true, false]) func whatIsOnlyTriedAgainIsNoOtherWork(_ isOnlyTried: Bool) {
        var spec = Samples.spec()
        spec.sysctls = ["vm.max_map_count": "262144"]
        var healthy = Samples.observation()
        healthy.sysctls = .seen(spec.sysctls)
        var brain = AgentBrain()
        brain.accept(spec, revision: 1)
        _ = brain.pass(healthy, now: at(1))
        if isOnlyTried { spec.canary = CanaryRequest(targets: [one], ports: [80]) } else { spec.beat = 4000 }
        brain.accept(spec, revision: 2)
        var broken = healthy
        broken.sysctls = .seen(["vm.max_map_count": "1"])
        for action in brain.pass(broken, now: at(2)) { brain.finished(action, .done, seconds: 0, now: at(2)) }
        _ = brain.pass(healthy, now: at(3))
        #expect(brain.memory.events.map(\.kind) == [isOnlyTried ? .repair : .action], "\(brain.memory.events)")
    }

    @Test func onlyWhatIsNewIsToldAtOnce() {
        var before = CanaryReport(at: at(1), paths: [.init(node: one.node, address: one.address, trial: .init(passed: at(1)), small: 5, large: 6)])
        var after = before
        after.at = at(61)
        after.paths[0].trial.passed = at(61)
        after.paths[0].small = 9
        #expect(after.essence == before.essence)
        after.paths[0].trial.misses = 1
        #expect(after.essence != before.essence)
        before.paths[0].trial.misses = 3
        after.paths[0].trial.misses = 4
        #expect(after.essence == before.essence)
    }
}
