import CoordinatorCore
import SkepModel
import Testing

@Suite struct DrillTests {
    private func ready(_ managers: Int = 1) -> Fixture {
        var fixture = Fixture(managers: managers)
        fixture.makeSwarm(joined: [2, 3])
        for index in fixture.snapshot.nodes.indices {
            fixture.snapshot.nodes[index].status?.conditions.append(Condition(.swarm, .true, reason: "Member", message: "", since: fixture.now))
        }
        for index in 2...3 where index <= managers {
            fixture.snapshot.nodes[index - 1].status?.swarm.isManager = true
            fixture.snapshot.nodes[0].status?.manager?.members[index - 1].role = .manager
        }
        return fixture
    }

    private func begin(_ name: DrillName, on index: Int, _ fixture: inout Fixture) {
        fixture.snapshot.record.drill = DrillRun(
            id: "d1", name: name, node: Fixture.id(index), nodeName: NodeName(unchecked: "n\(index)"), began: fixture.now)
    }

    @Test func theNodeIsToldAndItsReportEndsIt() throws {
        var fixture = ready()
        #expect(fixture.pass().ready)
        begin(.firewallFlush, on: 2, &fixture)
        var plan = fixture.pass()
        #expect(!plan.ready, "nobody should take a cluster for ready in which something is broken")
        #expect(plan.nodeSpecs[Fixture.id(2)]?.drill == Drill(id: "d1", name: "firewall-flush"))
        #expect(plan.nodeSpecs[Fixture.id(1)]?.drill == nil)
        fixture.snapshot.nodes[1].status?.drill = DrillReport(id: "other", isBroken: true, detected: 1, repaired: 2)
        #expect(fixture.pass().record.drill?.ended == nil, "that is an earlier one's")
        fixture.snapshot.nodes[1].status?.drill = DrillReport(id: "d1", isBroken: true, detected: 20, repaired: 50)
        plan = fixture.pass()
        let run = try #require(plan.record.drill)
        #expect(run.passed && run.report?.repaired == 50)
        #expect(plan.events.contains { $0.message == "drill firewall-flush on n2 passed: noticed after 20 ms, mended after 50 ms" })
        #expect(plan.nodeSpecs[Fixture.id(2)]?.drill == nil)
        #expect(fixture.pass().ready)
    }

    @Test(arguments: [
        (DrillReport(id: "d1", failure: "no nft"), "no nft"), (DrillReport(id: "d1"), "it was not begun within 600 s"),
        (DrillReport(id: "d1", isBroken: true), "it was broken and nobody noticed within 600 s"),
        (DrillReport(id: "d1", isBroken: true, detected: 5), "it was noticed and not mended within 600 s"),
    ]) func oneThatFailsSaysWhy(report: DrillReport, words: String) {
        var fixture = ready()
        begin(.dockerKill, on: 2, &fixture)
        fixture.snapshot.nodes[1].status?.drill = report
        fixture.pass()
        if report.failure == nil { #expect(fixture.snapshot.record.drill?.ended == nil) }
        fixture.advance(by: 600_000)
        fixture.pass()
        #expect(fixture.snapshot.record.drill?.failure == words)
    }

    /// What the machine undoes by itself is undone first: its timer would come in the midst of the next drill.
    @Test func isNotOverBeforeItIsUndone() {
        var fixture = ready()
        begin(.addressChange, on: 2, &fixture)
        fixture.snapshot.record.drill?.former = Fixture.address(2)
        fixture.snapshot.nodes[1].status?.swarm.address = .v4(0x0a4d_0063)
        fixture.snapshot.nodes[1].status?.drill = DrillReport(id: "d1", isBroken: true, detected: 20_000, repaired: 40_000)
        fixture.pass()
        fixture.advance(by: 180_000)
        fixture.pass()
        #expect(fixture.snapshot.record.drill?.ended == nil)
        fixture.advance(by: 5000)
        fixture.pass()
        #expect(fixture.snapshot.record.drill?.ended == nil, "the node is not back at its own address")
        var never = fixture
        never.advance(by: 600_000)
        never.pass()
        #expect(never.snapshot.record.drill?.failure == "it was mended, and what was broken was not undone within 600 s")
        fixture.snapshot.nodes[1].status?.swarm.address = Fixture.address(2)
        fixture.pass()
        #expect(fixture.snapshot.record.drill?.passed == true)
        #expect(fixture.snapshot.record.drill?.report?.repaired == 40_000)
    }

    @Test func waitsForTheMachinesOwnTimer() {
        var fixture = ready()
        begin(.clockSkew, on: 2, &fixture)
        fixture.snapshot.nodes[1].status?.drill = DrillReport(id: "d1", isBroken: true, detected: 500, repaired: 900)
        fixture.pass()
        fixture.advance(by: 49_999)
        fixture.pass()
        #expect(fixture.snapshot.record.drill?.ended == nil)
        fixture.advance(by: 1)
        fixture.pass()
        #expect(fixture.snapshot.record.drill?.passed == true)
    }

    @Test func endsWithTheCluster() {
        var fixture = ready()
        begin(.dockerKill, on: 2, &fixture)
        fixture.snapshot.record.lifecycle = .down(.init())
        fixture.pass()
        #expect(fixture.snapshot.record.drill?.failure == "the cluster is taken down")
    }

    /// The third manager of the file is deferred: of two, none can be away, as the other one is no majority.
    @Test(arguments: [DrillName.swarmLeave, .addressChange, .dockerKill, .dockerConfigBroken]) func aManagerThatTheMajorityNeedsIsLeft(
        name: DrillName
    ) {
        func why(_ index: Int, managers: Int) -> String? {
            var fixture = ready(3)
            if managers < 3 { fixture.snapshot.nodes[0].status?.manager?.members.removeSubrange(managers...) }
            let address = IPAddress.v4(0x0a4d_0063)
            let planning = Planner()
            var snapshot = fixture.snapshot
            if managers < 3 {
                snapshot.record.deferred = [NodeName(unchecked: "n3")]
                snapshot.nodes.removeLast()
            }
            return planning.whyNotDrill(name, on: Fixture.id(index), address: address, snapshot, now: fixture.now)
        }
        #expect(why(2, managers: 3) == nil)
        #expect(why(2, managers: 2)?.contains("a majority of its managers") == true)
    }

    @Test func anAddressMustBeOneThatANodeCanHave() {
        func why(_ index: Int, _ address: IPAddress?, _ change: (inout Fixture) -> Void = { _ in }) -> String? {
            var fixture = ready()
            change(&fixture)
            return Planner().whyNotDrill(.addressChange, on: Fixture.id(index), address: address, fixture.snapshot, now: fixture.now)
        }
        let free = IPAddress.v4(0x0a4d_0063)
        #expect(why(2, free) == nil)
        #expect(why(2, nil)?.contains("--address") == true)
        #expect(why(2, Fixture.address(3)) == "10.77.0.13 is a node's already")
        #expect(why(2, .v4(0xc000_0201))?.contains("none of the ranges of 'nodes'") == true)
        #expect(why(2, .v4(0x0a4d_0163))?.contains("not in the network of n2's own address") == true)
        #expect(why(1, free)?.contains("a majority of its managers") == true)
        #expect(why(2, free) { $0.snapshot.coordinatorNode = Fixture.id(2) }?.contains("the coordinator runs on n2") == true)
    }

    @Test func isRefusedWhereItWouldProveNothingOrHurt() {
        func why(_ name: DrillName, _ index: Int, _ change: (inout Fixture) -> Void = { _ in }) -> String? {
            var fixture = ready()
            change(&fixture)
            return Planner().whyNotDrill(name, on: Fixture.id(index), fixture.snapshot, now: fixture.now)
        }
        #expect(why(.firewallFlush, 2) == nil)
        #expect(why(.swarmLeave, 2) == nil)
        #expect(why(.swarmLeave, 1)?.contains("a majority of its managers (0 of 1 would be reachable)") == true)
        #expect(why(.dockerKill, 1) == nil, "nobody else leads in any case")
        #expect(why(.diskFull, 2) == "n2 is no manager, and only managers' disks are guarded")
        #expect(why(.coordinatorStop, 1) == "the coordinator does not run on n1")
        #expect(why(.coordinatorStop, 1) { $0.snapshot.coordinatorNode = Fixture.id(1) } == nil)
        #expect(why(.clockSkew, 1) == nil)
        #expect(why(.clockSkew, 1) { $0.snapshot.coordinatorNode = Fixture.id(1) }?.contains("compared with its own") == true)
        #expect(why(.shareUnmount, 2) == "n2 mounts no share from a server")
        #expect(why(.shareServerStop, 2) == "n2 is not the NFS server")
        #expect(why(.firewallFlush, 2) { $0.silence(2) }?.contains("not ready") == true)
        #expect(why(.firewallFlush, 2) { $0.snapshot.nodes[2].status?.conditions[0].status = .false }?.contains("not ready") == true)
        #expect(why(.firewallFlush, 2) { begin(.dockerKill, on: 3, &$0) } == "the drill docker-kill on n3 is under way")
        #expect(why(.firewallFlush, 2) { $0.snapshot.record.lifecycle = .down(.init()) } == "the cluster is being taken down")
    }
}
