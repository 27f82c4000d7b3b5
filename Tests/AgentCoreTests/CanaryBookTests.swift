import AgentCore
import SkepModel
import Testing

@Suite struct CanaryBookTests {
    private let one = CanaryRequest.Target(node: NodeID(unchecked: "1111111111111111"), address: .v4(0x0a00_0002))
    private let two = CanaryRequest.Target(node: NodeID(unchecked: "2222222222222222"), address: .v4(0x0a00_0003))
    private let own = CanaryRound.Sandbox(address: .v4(0x0a00_0009), mtu: 1450)
    private func at(_ seconds: Int64) -> Instant { Instant(milliseconds: seconds * 1000) }

    private func round(_ echoes: [CanaryRequest.Target: CanaryRound.Echo], ports: [UInt16: String?] = [:]) -> CanaryRound {
        CanaryRound(end: .at(own), echoes: Dictionary(uniqueKeysWithValues: echoes.map { ($0.key.address, $0.value) }), ports: ports)
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
        #expect(book.pause == 10_000, "nothing is gained by haste")
        for second in Int64(0)..<30 { book.note(round([one: .init(small: nil, large: nil)]), at: at(78 + second)) }
        #expect(book.pause == 60_000)
        book.note(round([one: .init(small: 1, large: 1)]), at: at(120))
        #expect(book.report.paths.first?.trial == .init(passed: at(120)))
        #expect(book.pause == 60_000)
    }

    /// A probe that fails by itself says nothing of the ways, nor that this node has no end any more.
    @Test func aHiccupOfTheProbeForgetsNothing() {
        var book = CanaryBook()
        _ = book.ask(CanaryRequest(targets: [one], ports: []))
        book.note(round([one: .init(small: 1, large: 1)]), at: at(1))
        book.note(CanaryRound(trouble: "no answer"), at: at(61))
        #expect(book.report.address == own.address && book.report.mtu == 1450 && book.report.at == at(1))
        #expect(book.report.paths.first?.trial == .init(passed: at(1)))
        #expect(book.report.troubles == 1 && !book.report.isTroubled && book.pause == 5000)
        for second in Int64(0)..<2 { book.note(CanaryRound(end: .at(own), trouble: "no answer"), at: at(66 + second)) }
        #expect(book.report.isTroubled)
        book.note(CanaryRound(end: .none, trouble: "no end"), at: at(80))
        #expect(book.report.address == nil)
        book.note(round([one: .init(small: 1, large: 1)]), at: at(90))
        #expect(book.report.trouble == nil && book.report.troubles == nil && book.report.at == at(90))
    }

    /// A look that began before the ports changed is as good as any: a share that hangs must not keep a firewall from being mended.
    @Test func aLookOfTheFormerRevisionCounts() {
        for isOnlyTried in [true, false] {
            var spec = Samples.spec()
            spec.sysctls = ["vm.max_map_count": "262144"]
            var look = Samples.observation()
            look.sysctls = .seen(spec.sysctls)
            var brain = AgentBrain()
            brain.accept(spec, revision: 1)
            _ = brain.pass(look, now: at(1))
            let start = brain.lookStart
            if isOnlyTried { spec.canary = CanaryRequest(targets: [one], ports: []) } else { spec.beat = 4000 }
            brain.accept(spec, revision: 2)
            look.sysctls = .seen(["vm.max_map_count": "1"])
            #expect(brain.pass(look, since: start, now: at(2)).isEmpty == !isOnlyTried)
            look.mounts = .seen(["/mnt/x": .init(unit: "[Mount]", source: "x")])
            var other = AgentBrain()
            other.accept(Samples.spec(), revision: 1)
            _ = other.pass(Samples.observation(), now: at(1))
            var next = Samples.spec()
            if isOnlyTried { next.canary = spec.canary } else { next.beat = 4000 }
            other.accept(next, revision: 2)
            #expect(other.pass(look, glanced: .mounts, now: at(2)).isEmpty == !isOnlyTried)
        }
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
        #expect(book.ask(CanaryRequest(targets: [one, two], ports: [80])) == true)
        #expect(book.report.paths.map(\.trial.verdict) == [.true, .unknown])
        #expect(book.report.ports.map(\.trial.verdict) == [.true])
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
        var next = AgentBrain(memory: brain.memory, spec: Samples.spec(), revision: 1)
        look.canary = CanaryReport()
        #expect(told(next, look)?.address == own.address)
        next.accept(Samples.spec(), revision: 2)
        #expect(told(next, look)?.address == nil, "nobody asks any more: it left the swarm")
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
