import AgentCore
import SkepModel
import Testing

/// Things broken on purpose: once, on a machine that is as specified, and measured from the moment at which they were broken.
@Suite struct DrillTests {
    let now = Instant(milliseconds: 1_000_000)
    private let drill = Drill(id: "d1", name: "firewall-flush")

    private func spec(_ drill: Drill?) -> NodeSpec {
        var spec = Samples.spec(swarm: .member(swarm: "s"))
        spec.drill = drill
        return spec
    }

    private var seen: Observation { Samples.observation(swarm: .init(state: .active, nodeID: "m1", swarmID: "s", isManager: true)) }

    private func condition(_ status: Truth, _ type: Condition.Kind = .firewall) -> [Condition] {
        [Condition(type, status, reason: "Sample", message: "", since: now)]
    }

    private func brain(_ spec: NodeSpec) -> AgentBrain {
        var brain = AgentBrain()
        brain.accept(spec, revision: 1)
        return brain
    }

    @Test func isBegunOnceAndOnlyOnAMachineThatIsAsSpecified() {
        var brain = brain(spec(drill))
        var wrong = seen
        wrong.sysctls = .failed("no /proc")
        wrong.engine = .seen(.stopped("dead"))
        for action in brain.pass(wrong, now: now) {
            #expect(action.lane != .drill)
            brain.finished(action, .done, seconds: 0, now: now)
        }
        #expect(brain.pass(seen, now: now).isEmpty, "this pass finds it as specified")
        let begun = brain.pass(seen, now: now)
        #expect(begun == [.breakOnPurpose(drill, DrillTarget())])
        #expect(brain.memory.openedDrill == drill, "it is on disk before it begins")
        brain.finished(begun[0], .done, seconds: 1, now: now)
        for _ in 0..<3 { #expect(brain.pass(seen, now: now.advanced(by: 60_000)).isEmpty) }
        var again = AgentBrain(memory: brain.memory, spec: spec(drill), revision: 1)
        for _ in 0..<3 { #expect(again.pass(seen, now: now).isEmpty, "nor after the agent's restart") }
    }

    @Test func measuresFromTheBreakToTheFirstSignAndToTheEnd() {
        var brain = brain(spec(drill))
        _ = brain.pass(seen, now: now)
        _ = brain.pass(seen, now: now)
        #expect(brain.followDrill(condition(.false), broken: nil, now: 500) == DrillReport(id: "d1"), "before it was broken nothing counts")
        #expect(brain.followDrill(condition(.true), broken: 1000, now: 1010) == DrillReport(id: "d1", isBroken: true))
        #expect(brain.followDrill(condition(.false), broken: 1000, now: 1020)?.detected == 20)
        #expect(brain.followDrill(condition(.unknown), broken: 1000, now: 1040)?.repaired == nil)
        let report = brain.followDrill(condition(.true), broken: 1000, now: 1050)
        #expect(report == DrillReport(id: "d1", isBroken: true, detected: 20, repaired: 50))
        #expect(brain.followDrill(condition(.false), broken: 1000, now: 2000) == report, "what happens later is another matter")
        brain.accept(spec(nil), revision: 2)
        _ = brain.pass(seen, now: now)
        #expect(brain.followDrill(condition(.true), broken: nil, now: 3000) == nil)
    }

    @Test func allThatIsWatchedMustBeRightAgain() {
        var brain = brain(spec(Drill(id: "d1", name: "docker-kill")))
        _ = brain.pass(seen, now: now)
        _ = brain.pass(seen, now: now)
        _ = brain.followDrill(condition(.false, .docker) + condition(.true, .swarm), broken: 0, now: 10)
        #expect(brain.followDrill(condition(.true, .docker), broken: 0, now: 20)?.repaired == nil, "nothing is said of the swarm")
        #expect(brain.followDrill(condition(.true, .docker) + condition(.false, .swarm), broken: 0, now: 30)?.repaired == nil)
        #expect(brain.followDrill(condition(.true, .docker) + condition(.true, .swarm), broken: 0, now: 40)?.repaired == 40)
    }

    @Test func anAgentThatWasKilledTellsOfItAfterwards() {
        let kill = Drill(id: "d2", name: "agent-kill")
        var brain = brain(spec(kill))
        _ = brain.pass(seen, now: now)
        _ = brain.pass(seen, now: now)
        let fine = condition(.true) + condition(.true, .agent)
        #expect(brain.followDrill(fine, broken: 100, now: 110)?.detected == nil, "it lives still")
        var next = AgentBrain(memory: brain.memory, spec: spec(kill), revision: 1)
        #expect(next.followDrill(condition(.true, .agent), broken: 100, now: 2300)?.detected == 2200)
        #expect(next.followDrill(fine, broken: 100, now: 2400)?.repaired == 2300)
    }

    @Test func saysWhyItIsNotDone() {
        for (name, words) in [("meteor", "does not know the drill meteor"), ("share-unmount", "mounts no share")] {
            var brain = brain(spec(Drill(id: "d3", name: name)))
            for _ in 0..<3 { #expect(brain.pass(seen, now: now).isEmpty) }
            #expect(brain.followDrill([], broken: nil, now: 0)?.failure?.contains(words) == true)
        }
        var brain = brain(spec(drill))
        _ = brain.pass(seen, now: now)
        for action in brain.pass(seen, now: now) { brain.finished(action, .failed("no nft"), seconds: 1, now: now) }
        #expect(brain.pass(seen, now: now.advanced(by: 60_000)).isEmpty, "it is not tried again")
        #expect(brain.followDrill(condition(.true), broken: nil, now: 0)?.failure == "no nft")
        var restarted = self.brain(spec(drill))
        _ = restarted.pass(seen, now: now)
        _ = restarted.pass(seen, now: now)
        #expect(restarted.followDrill(condition(.true), broken: 9000, now: 100)?.failure == "the machine was started anew meanwhile")
    }
}
