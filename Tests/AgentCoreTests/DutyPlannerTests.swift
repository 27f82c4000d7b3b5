@testable import AgentCore
import SkepModel
import Testing

@Suite struct DutyPlannerTests {
    let now = Instant(milliseconds: 1_000_000)

    /// What n1 starts, given its duties and the swarm as it sees it.
    private func actions(_ duties: ManagerDuties, _ view: ManagerView) -> [AgentAction] {
        var brain = AgentBrain()
        var spec = Samples.spec(swarm: .member(swarm: "s"))
        spec.duties = duties
        brain.accept(spec, revision: 1)
        var seen = Samples.observation(swarm: .init(state: .active, nodeID: "m1", swarmID: "s", isManager: true))
        seen.manager = .seen(view)
        return brain.pass(seen, now: now).filter { [.members, .tokens, .networks, .stacks].contains($0.lane) }
    }

    private let network = ManagerDuties.Network(name: NetworkName(unchecked: "public"), attachable: false, encrypted: false, subnet: nil, mtu: nil)

    @Test func anActingManagerFirstRecordsThatItIsTheOne() {
        let duties = ManagerDuties(term: 3, networks: [network])
        #expect(actions(duties, ManagerView(swarmID: "s", members: [], term: 2)) == [.takeOver(term: 3)])
        #expect(actions(duties, ManagerView(swarmID: "s", members: [], term: 3)) == [.createNetwork(network)])
    }

    @Test func aManagerThatWasReplacedWhileItWasAwayDoesNothing() {
        let duties = ManagerDuties(term: 3, remove: ["m4"], networks: [network])
        let view = ManagerView(swarmID: "s", members: [.init(id: "m4", hostname: "n4", role: .worker, state: "down")], term: 4)
        #expect(actions(duties, view).isEmpty)
    }

    @Test func aDrainedMemberTakesTasksAgainWhereThatIsWanted() {
        let view = ManagerView(swarmID: "s", members: [.init(id: "m2", hostname: "n2", role: .worker, state: "ready", availability: "drain")])
        func duties(_ activate: Bool?) -> ManagerDuties {
            var member = ManagerDuties.Member(id: "m2", name: NodeName(unchecked: "n2"), role: .worker, labels: [:])
            member.activate = activate
            return ManagerDuties(members: [member])
        }
        func activates(_ duties: ManagerDuties) -> Bool {
            actions(duties, view).contains { if case .updateMember("m2", nil, _, _, true) = $0 { true } else { false } }
        }
        #expect(activates(duties(true)))
        #expect(!activates(duties(nil)))
    }

    /// Docker says nothing of it until a task cannot start (moby#43052).
    @Test func aNetworkWithoutAddressesIsSaidBeforeATaskFails() {
        func condition(_ used: Int) -> Condition? {
            var brain = AgentBrain()
            var spec = Samples.spec(swarm: .member(swarm: "s"))
            spec.duties = ManagerDuties()
            brain.accept(spec, revision: 1)
            var seen = Samples.observation(swarm: .init(state: .active, nodeID: "m1", swarmID: "s", isManager: true))
            var view = ManagerView(swarmID: "s", members: [])
            view.addresses = [.init(network: "ingress", size: 254, used: 5), .init(network: "shop", size: 30, used: used)]
            seen.manager = .seen(view)
            _ = brain.pass(seen, now: now)
            return brain.status(seen, node: spec.node, bootID: "b", version: "0", now: now).condition(.addresses)
        }
        #expect(condition(10)?.message == "free: ingress 249 of 254, shop 20 of 30")
        #expect(
            condition(28)?.reason == "Scarce" && condition(28)?.status == .true && condition(28)?.message == "few addresses are free: shop 2 of 30")
        #expect(condition(31)?.status == .false && condition(31)?.message.contains("no address is left for another task in shop") == true)
    }

    /// A demotion that waits for its quorum is no state to call right: when it comes about, it is no repair.
    @Test func aDemotionThatWaitedIsNoRepair() {
        var brain = AgentBrain()
        var spec = Samples.spec(swarm: .member(swarm: "s"))
        spec.duties = ManagerDuties(members: [.init(id: "m2", name: NodeName(unchecked: "n2"), role: .worker, labels: [:])])
        brain.accept(spec, revision: 1)
        func look(_ reachable: Bool) -> Observation {
            var seen = Samples.observation(swarm: .init(state: .active, nodeID: "m1", swarmID: "s", isManager: true))
            seen.manager = .seen(
                ManagerView(
                    swarmID: "s",
                    members: [
                        .init(id: "m1", hostname: "n1", role: .manager, state: "ready", leader: true),
                        .init(id: "m2", hostname: "n2", role: .manager, state: "ready", labels: ["skep.labels": ""]),
                        .init(id: "m3", hostname: "n3", role: .manager, state: reachable ? "ready" : "down", reachable: reachable),
                    ]))
            return seen
        }
        #expect(brain.pass(look(false), now: now).isEmpty)
        let condition = brain.status(look(false), node: spec.node, bootID: "b", version: "v", now: now).condition(.duties)
        #expect(condition?.reason == "Waiting")
        for action in brain.pass(look(true), now: now) { brain.finished(action, .done, seconds: 1, now: now) }
        #expect(brain.memory.events.map(\.kind) == [.action])
    }

    private func shop(_ digest: String, bundle: String = "b1") -> ManagerView {
        let web = ManagerView.Service(name: "shop_web", running: 1, desired: 1, bundle: bundle, digest: digest)
        return ManagerView(swarmID: "s", members: [], stacks: [.init(name: "shop", ours: true, services: [web])])
    }

    /// A manager that has looked at each view in turn, five seconds apart, and what it began at the last one; each deployment ends at once.
    private func deployments(_ views: [ManagerView], engines: [String] = []) -> (last: [AgentAction], condition: String?) {
        var brain = AgentBrain()
        var spec = Samples.spec(swarm: .member(swarm: "s"))
        spec.duties = ManagerDuties(stacks: [.init(name: StackName(unchecked: "shop"), digest: "b1", compose: "", services: ["web"])])
        brain.accept(spec, revision: 1)
        var last: [AgentAction] = []
        var condition: String?
        for (index, view) in views.enumerated() {
            var seen = Samples.observation(swarm: .init(state: .active, nodeID: "m1", swarmID: "s", isManager: true))
            seen.manager = .seen(view)
            if index < engines.count { seen.engine = .seen(.running(version: engines[index], bridges: [])) }
            let time = now.advanced(by: Int64(index) * 5_000)
            let begun = brain.pass(seen, now: time)
            last = begun.filter { $0.lane == .stacks }
            condition = brain.status(seen, node: spec.node, bootID: "b", version: "v", now: time).conditions.first { $0.type == .stacks }?.message
            for action in begun { brain.finished(action, .done, seconds: 1, now: time) }
        }
        return (last, condition)
    }

    @Test func aServiceThatSomeoneChangedIsDeployedAgain() {
        #expect(deployments([shop("one"), shop("one")]).last.isEmpty)
        let changed = deployments([shop("one"), shop("two")])
        #expect(changed.last.map(\.words) == ["deploy shop (b1)"])
        #expect(changed.condition == "deploying shop again, as somebody changed shop_web")
        // What the new deployment made is what counts from then on.
        #expect(deployments([shop("one"), shop("two"), shop("three"), shop("three")]).last.isEmpty)
        #expect(!deployments([shop("one"), shop("two"), shop("three"), shop("two")]).last.isEmpty)
    }

    @Test func aServiceThatStaysPendingIsNudgedAfterAWhileAndThenMoreRarely() {
        var stuck = shop("one")
        stuck.stacks[0].services[0].stuck = true
        // looks are five seconds apart
        func nudges(_ views: [ManagerView]) -> [AgentAction] { deployments(views).last }
        #expect(nudges([stuck]).isEmpty && nudges(Array(repeating: stuck, count: 6)).isEmpty, "the swarm has half a minute")
        #expect(nudges(Array(repeating: stuck, count: 7)) == [.nudge(service: "shop_web")])
        #expect(nudges(Array(repeating: stuck, count: 18)).isEmpty && nudges(Array(repeating: stuck, count: 19)).count == 1, "again after a minute")
        #expect(nudges(Array(repeating: stuck, count: 31)).isEmpty && nudges(Array(repeating: stuck, count: 43)).count == 1, "then after two")
        #expect(nudges(Array(repeating: stuck, count: 6) + [shop("one"), stuck]).isEmpty, "it was placed in between")
    }

    /// A removal may wait minutes for the task of a node that went silent.
    @Test func aRemovalHoldsUpNoDeploymentButThatOfItsOwnStack() {
        var brain = AgentBrain()
        var spec = Samples.spec(swarm: .member(swarm: "s"))
        func wanted(_ digest: String, of names: String...) -> ManagerDuties {
            ManagerDuties(stacks: names.map { .init(name: StackName(unchecked: $0), digest: digest, compose: "", services: ["web"]) })
        }
        var seen = Samples.observation(swarm: .init(state: .active, nodeID: "m1", swarmID: "s", isManager: true))
        seen.manager = .seen(shop("one"))
        func pass(_ duties: ManagerDuties, _ revision: Int) -> [AgentAction] {
            spec.duties = duties
            brain.accept(spec, revision: revision)
            return brain.pass(seen, now: now).filter { $0.stack != nil }
        }
        let removal = AgentAction.removeStack("shop")
        #expect(pass(wanted("b2"), 1) == [removal])
        #expect(pass(wanted("b2", of: "blog"), 2).map(\.words) == ["deploy blog (b2)"])
        // it is wanted again, while it still goes
        #expect(pass(wanted("b2", of: "blog", "shop"), 3).isEmpty)
        for action in brain.running.values where action.stack == "blog" { brain.finished(action, .done, seconds: 1, now: now) }
        #expect(pass(wanted("b3", of: "shop"), 4).isEmpty)
        brain.finished(removal, .done, seconds: 100, now: now)
        #expect(pass(wanted("b3", of: "shop"), 5).map(\.words) == ["deploy shop (b3)"])
        // nor is it removed while it is being made
        #expect(pass(wanted("b3"), 6).isEmpty)
    }

    @Test func whatTheSwarmTookBackIsNotForcedUponIt() {
        var back = shop("one", bundle: "b0")
        back.stacks[0].takenBack = .init(digest: "b1", number: 0)
        back.stacks[0].failure = "the swarm took shop_web back"
        #expect(deployments([back]).last.isEmpty)
        #expect(deployments([back]).condition == "the swarm took shop_web back")
        back.stacks[0].takenBack = .init(digest: "b2", number: 0)
        #expect(!deployments([back]).last.isEmpty, "that was another bundle")
    }

    @Test func whatAnotherVersionOfTheEngineShowsIsNoChange() {
        #expect(deployments([shop("one"), shop("two")], engines: ["20.10", "28.5"]).last.isEmpty)
        #expect(!deployments([shop("one"), shop("two"), shop("three")], engines: ["20.10", "28.5", "28.5"]).last.isEmpty)
    }

    @Test(arguments: [true, false]) func aDemotionLeavesAMajorityOfWhatIsReachableNow(_ reachable: Bool) {
        let members = [1, 2, 3].map {
            ManagerView.Member(id: "m\($0)", hostname: "n\($0)", role: .manager, state: "ready", leader: $0 == 1, reachable: $0 != 3 || reachable)
        }
        let duties = ManagerDuties(members: [.init(id: "m2", name: NodeName(unchecked: "n2"), role: .worker, labels: [:])])
        let demotes = actions(duties, ManagerView(swarmID: "s", members: members)).contains {
            if case .updateMember("m2", .worker?, _, _, _) = $0 { true } else { false }
        }
        #expect(demotes == reachable)
    }
}
