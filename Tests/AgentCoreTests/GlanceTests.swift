import SkepModel
import Testing

@testable import AgentCore

/// A glance is new in one part and old in all others.
@Suite struct GlanceTests {
    let now = Instant(milliseconds: 1_000_000)

    private func ready() -> AgentBrain {
        var spec = Samples.spec(swarm: .member(swarm: "s"))
        spec.sysctls = ["vm.max_map_count": "262144"]
        spec.shares = .init(mounts: [
            .init(name: ShareName(unchecked: "data"), server: .v4(0x0a4d_000b), path: "/data", mount: "/mnt/data", write: true)
        ])
        return AgentBrain(spec: spec, revision: 1)
    }

    private var healthy: Observation {
        var seen = Samples.observation(swarm: .init(state: .active, nodeID: "m1", swarmID: "s"))
        seen.packages = .seen(.init(installed: ["docker.io", "apparmor", "nfs-common"], held: ["docker.io"]))
        seen.sysctls = .seen(["vm.max_map_count": "262144"])
        let unit = ShareRenderer.unit(
            .init(name: ShareName(unchecked: "data"), server: .v4(0x0a4d_000b), path: "/data", mount: "/mnt/data", write: true), v3: false)
        seen.mounts = .seen(["/mnt/data": .init(unit: unit, source: "10.77.0.11:/data", health: .good)])
        return seen
    }

    @Test func onlyTheLanesOfWhatWasGlancedAtArePlanned() {
        var brain = ready()
        #expect(brain.pass(healthy, since: brain.lookStart, now: now).isEmpty)
        var seen = healthy
        seen.sysctls = .seen(["vm.max_map_count": "65530"])
        seen.mounts = .seen([:])
        let actions = brain.pass(seen, since: brain.lookStart, glanced: .mounts, now: now)
        #expect(actions.map(\.lane) == [.mounts])
        #expect(brain.pass(seen, since: brain.lookStart, now: now).map(\.lane) == [.sysctls])
    }

    @Test func thereIsNoGlanceBeforeALook() {
        var brain = ready()
        var seen = healthy
        seen.mounts = .seen([:])
        #expect(brain.pass(seen, since: brain.lookStart, glanced: .mounts, now: now).isEmpty)
    }

    @Test func aGlanceOfAnOlderSpecIsLeftAside() {
        var brain = ready()
        _ = brain.pass(healthy, since: brain.lookStart, now: now)
        let start = brain.lookStart
        var newer = Samples.spec()
        newer.generation = Generation(4)
        newer.sysctls = ["vm.swappiness": "1"]
        brain.accept(newer, revision: 2)
        #expect(brain.pass(healthy, since: start, glanced: .mounts, now: now).isEmpty)
        #expect(brain.pass(healthy, since: brain.lookStart, glanced: .mounts, now: now).isEmpty, "no complete look at the new one yet")
    }

    /// A glance does not take what an old look saw of packages for news: what was removed meanwhile would be remembered again.
    @Test func aGlanceTeachesNothingOfOtherParts() {
        var brain = ready()
        _ = brain.pass(healthy, since: brain.lookStart, now: now)
        var seen = healthy
        seen.packages = .seen(.init(installed: ["docker.io", "apparmor", "nfs-common"], held: ["docker.io"], ours: ["docker.io"]))
        _ = brain.pass(seen, since: brain.lookStart, glanced: .mounts, now: now)
        #expect(brain.memory.packages.isEmpty)
    }

    @Test func theNewestIsKeptWhicheverEndsFirst() {
        var sight = Sight()
        let first = sight.begin()
        var old = Samples.observation(table: "old")
        sight.looked(old, number: first)

        let look = sight.begin()
        let glance = sight.begin()
        #expect(sight.glanced(.firewall, Samples.observation(table: "new"), number: glance) == true)
        old.facts.hostname = "other"
        sight.looked(old, number: look)
        #expect(sight.observation?.table.value?.listing == "new", "the glance began after the look")
        #expect(sight.observation?.facts.hostname == "other")

        let late = sight.begin()
        let next = sight.begin()
        sight.looked(Samples.observation(table: "newest"), number: next)
        #expect(sight.glanced(.firewall, Samples.observation(table: "stale"), number: late) == false)
        #expect(sight.observation?.table.value?.listing == "newest")
    }

    @Test func aStormIsSpreadAndASingleEventIsNot() {
        var pace = GlancePace()
        #expect(pace.delay(0) == 0)
        pace.glanced(20)
        var at: Int64 = 20
        var glances = 0
        while at < 10_000 {
            at += pace.delay(at) + 30
            pace.glanced(at)
            glances += 1
        }
        #expect((10...25).contains(glances), "\(glances) in 10 s of a storm")
        #expect(pace.delay(at + 5_000) == 0)
    }

    @Test func repairsThatComeBackAskForAPerson() {
        var brain = ready()
        _ = brain.pass(healthy, since: brain.lookStart, now: now)
        var broken = healthy
        broken.sysctls = .seen(["vm.max_map_count": "65530"])
        var at = now
        for round in 1...6 {
            at = at.advanced(by: 40_000)
            for action in brain.pass(broken, since: brain.lookStart, now: at) {
                brain.finished(action, .done, seconds: 0.1, now: at)
            }
            _ = brain.pass(healthy, since: brain.lookStart, now: at)
            let status = brain.status(healthy, node: NodeID(unchecked: "0000000000000001"), bootID: "b", version: "0", now: at)
            #expect((status.condition(.repairs)?.reason == "KeepsComingBack") == (round >= RepairBook.alarming), "after \(round)")
        }
        let status = brain.status(healthy, node: NodeID(unchecked: "0000000000000001"), bootID: "b", version: "0", now: at)
        #expect(status.condition(.repairs)?.message.contains("SysctlChanged 6×") == true)
        #expect(status.events.filter { $0.kind == .repair }.count == 6)
    }

    /// A bridge that comes has the table rendered anew, and then the text that is kept for the next start: nobody broke either.
    @Test func whatFollowsFromWhatNobodyBrokeIsNoRepair() {
        var spec = Samples.spec(firewall: Samples.firewall, swarm: .member(swarm: "s"))
        spec.generation = Generation(3)
        var brain = AgentBrain(spec: spec, revision: 1)
        func observe(_ table: String?, _ kept: String?, _ bridges: [String], management: Int = 0) -> Observation {
            var seen = Samples.observation(
                table: table, management: management, kept: kept, swarm: .init(state: .active, nodeID: "m1", swarmID: "s"))
            seen.engine = .seen(.running(version: "20.10.24", bridges: bridges))
            return seen
        }
        func text(_ action: AgentAction?) -> String? {
            switch action {
            case .installTable(let text)?, .keepTable(let text)?: text
            default: nil
            }
        }
        let two = ["docker0", "docker_gwbridge"]
        var install = brain.pass(observe(nil, nil, two), now: now).first { $0.lane == .firewall }
        brain.finished(install ?? .removeTable, .installed(listing: "one"), seconds: 0, now: now)
        brain.coordinatorAnswered(openedAt: now.advanced(by: 10), now: now.advanced(by: 20))
        let keep = brain.pass(observe("one", nil, two, management: 1), now: now.advanced(by: 30)).first { $0.lane == .firewall }
        brain.finished(keep ?? .removeTable, .done, seconds: 0, now: now)
        _ = brain.pass(observe("one", text(keep), two), now: now.advanced(by: 40))

        install = brain.pass(observe("one", text(keep), two + ["br-new"]), now: now.advanced(by: 50)).first { $0.lane == .firewall }
        #expect(text(install) != text(keep))
        brain.finished(install ?? .removeTable, .installed(listing: "two"), seconds: 0, now: now.advanced(by: 60))
        let again = brain.pass(observe("two", text(keep), two + ["br-new"]), now: now.advanced(by: 70)).first { $0.lane == .firewall }
        #expect(again == text(install).map { .keepTable(text: $0) })
        brain.finished(again ?? .removeTable, .done, seconds: 0, now: now.advanced(by: 80))
        _ = brain.pass(observe("two", text(install), two + ["br-new"]), now: now.advanced(by: 90))
        #expect(brain.memory.events.filter { $0.kind == .repair }.isEmpty)
        // and what somebody breaks afterwards is one
        install = brain.pass(observe(nil, text(install), two + ["br-new"]), now: now.advanced(by: 100)).first { $0.lane == .firewall }
        brain.finished(install ?? .removeTable, .installed(listing: "two"), seconds: 0, now: now.advanced(by: 110))
        _ = brain.pass(observe("two", text(install), two + ["br-new"]), now: now.advanced(by: 120))
        #expect(brain.memory.events.last?.repair?.fault == .tableGone)
    }

    /// What failed where nothing can be seen any more does not have the agent look again and again.
    @Test func aFailureInABlindLaneAsksForNoHaste() {
        var spec = Samples.spec(swarm: .member(swarm: "s"))
        let network = ManagerDuties.Network(name: NetworkName(unchecked: "public"), attachable: false, encrypted: false, subnet: nil, mtu: nil)
        spec.duties = ManagerDuties(members: [], networks: [network])
        var brain = AgentBrain(spec: spec, revision: 1)
        var seen = Samples.observation(swarm: .init(state: .active, nodeID: "m1", swarmID: "s", isManager: true))
        seen.manager = .seen(ManagerView(swarmID: "s", members: [], networks: []))
        #expect(brain.pass(seen, now: now) == [.createNetwork(network)])
        brain.finished(.createNetwork(network), .failed("The swarm does not have a leader."), seconds: 0, now: now)
        seen.manager = .failed("The swarm does not have a leader.")
        #expect(brain.pass(seen, now: now.advanced(by: 1_000)) == [])
        #expect(brain.nextPass(now: now.advanced(by: 60_000)) == 30_000)
    }

    /// An agent that dies in the midst of a repair tells it when it is there again.
    @Test func aRepairOutlivesItsAgent() {
        var brain = ready()
        _ = brain.pass(healthy, since: brain.lookStart, now: now)
        var broken = healthy
        broken.sysctls = .seen(["vm.max_map_count": "65530"])
        for action in brain.pass(broken, since: brain.lookStart, now: now) { brain.finished(action, .done, seconds: 0.1, now: now) }
        var next = AgentBrain(memory: brain.memory, spec: brain.spec, revision: 1)
        _ = next.pass(healthy, since: next.lookStart, now: now.advanced(by: 3_000))
        #expect(next.memory.events.last?.kind == .repair)
        #expect(next.memory.events.last?.seconds == 3)
    }

    /// What broke while the agent was away is a repair; what a spec asks for that came meanwhile is not.
    @Test(arguments: [1, 2]) func whatBrokeWhileTheAgentWasAwayIsARepair(revision: Int) {
        var brain = ready()
        _ = brain.pass(healthy, since: brain.lookStart, now: now)
        var broken = healthy
        broken.sysctls = .seen(["vm.max_map_count": "65530"])
        var next = AgentBrain(memory: brain.memory, spec: brain.spec, revision: revision)
        for action in next.pass(broken, since: next.lookStart, now: now) { next.finished(action, .done, seconds: 0.1, now: now) }
        _ = next.pass(healthy, since: next.lookStart, now: now)
        #expect(next.memory.events.map(\.kind) == [revision == 1 ? .repair : .action])
    }
}
