import CoordinatorCore
import SkepModel
import Testing

@Suite struct MembershipTests {
    @Test func nodesJoinInOneBatchAndTokensRotateAfterIt() throws {
        var fixture = Fixture()
        fixture.makeSwarm()
        let plan = fixture.pass()
        let operation = try #require(plan.operations.first)
        #expect(operation.kind == .join)
        #expect(operation.nodes == [Fixture.id(2), Fixture.id(3)])
        let second = fixture.pass()
        #expect(second.nodeSpecs[Fixture.id(1)]?.duties?.sealings.map(\.node) == [Fixture.id(2), Fixture.id(3)])
        #expect(second.nodeSpecs[Fixture.id(2)]?.swarm == .member(swarm: "s"), "no token yet")
        fixture.snapshot.nodes[0].status?.manager?.sealed = [.init(node: Fixture.id(2), sealed: "CMS", epoch: 0)]
        guard case .join(let join)? = fixture.pass().nodeSpecs[Fixture.id(2)]?.swarm else {
            Issue.record("n2 is not told to join")
            return
        }
        #expect(join.sealedToken == "CMS")
        #expect(join.remotes == ["10.77.0.11:2377"])
        for index in [2, 3] {
            fixture.snapshot.nodes[index - 1].status?.swarm = .init(state: .active, nodeID: "w\(index)", swarmID: "s")
            fixture.snapshot.nodes[0].status?.manager?.members.append(.init(id: "w\(index)", hostname: "n\(index)", role: .worker, state: "ready"))
        }
        let joined = fixture.pass()
        #expect(joined.record.tokenEpoch == 1)
        #expect(fixture.snapshot.operations.last?.isOpen == true, "not done before the tokens are rotated")
        fixture.snapshot.nodes[0].status?.manager?.tokenEpoch = 1
        fixture.pass()
        #expect(fixture.snapshot.operations.last?.isOpen == false)
    }

    @Test func aNodeThatForgotItsSwarmIsToldThatItIsAMember() {
        var fixture = Fixture()
        fixture.makeSwarm(joined: [2, 3])
        fixture.snapshot.nodes[0].status?.manager?.members[1].labels = ["skep.node": "n2"]
        #expect(fixture.pass().nodeSpecs[Fixture.id(2)]?.knownMember == nil, "it knows")
        fixture.snapshot.nodes[1].status?.swarm.swarmID = nil
        let plan = fixture.pass()
        #expect(plan.nodeSpecs[Fixture.id(2)]?.knownMember == "w2")
        #expect(plan.nodeSpecs[Fixture.id(2)]?.swarm == .member(swarm: "s"))
        #expect(plan.operations.isEmpty, "it does not join anew")
        fixture.snapshot.nodes[0].status?.manager?.members[1].labels = ["skep.node": "n3"]
        #expect(fixture.pass().nodeSpecs[Fixture.id(2)]?.knownMember == nil, "that entry is another node's")
    }

    @Test func anAgentInstalledAnewInTheMidstOfATeardownTakesItsEngineOut() throws {
        var fixture = Fixture()
        fixture.makeSwarm(joined: [2, 3])
        for index in [1, 2, 3] { fixture.snapshot.nodes[index - 1].status?.conditions = [] }
        fixture.snapshot.nodes[0].status?.manager?.members[2].labels = ["skep.node": "n3"]
        fixture.snapshot.nodes[2].status?.swarm.swarmID = nil
        fixture.snapshot.record.lifecycle = .down(.init(stage: .workers))
        fixture.snapshot.nodes[1].status?.swarm = .init(state: .inactive)
        let plan = fixture.pass()
        let spec = try #require(plan.nodeSpecs[Fixture.id(3)])
        #expect(spec.knownMember == "w3")
        #expect(spec.swarm == .leave(swarm: "s"))
        #expect(plan.record.lifecycle == .down(.init(stage: .workers)), "n3 is waited for")
        fixture.snapshot.nodes[2].status?.swarm = .init(state: .inactive)
        #expect(fixture.pass().record.lifecycle == .down(.init(stage: .managers)))
    }

    @Test func aManagerThatFellOutAndIsBackLeavesNoSecondEntry() {
        var fixture = Fixture(managers: 3)
        fixture.makeSwarm(joined: [2, 3])
        for index in [2, 3] {
            fixture.snapshot.nodes[0].status?.manager?.members[index - 1].role = .manager
            fixture.snapshot.nodes[0].status?.manager?.members[index - 1].labels = ["skep.node": "n\(index)"]
            fixture.snapshot.nodes[index - 1].status?.swarm.isManager = true
        }
        fixture.snapshot.nodes[0].status?.manager?.members[2].state = "down"
        fixture.snapshot.nodes[0].status?.manager?.members[2].reachable = false
        #expect(fixture.pass().nodeSpecs[Fixture.id(1)]?.duties?.remove == [], "it may only be away")
        fixture.snapshot.nodes[2].status?.swarm = .init(state: .inactive)
        #expect(fixture.pass().nodeSpecs[Fixture.id(1)]?.duties?.remove == [], "nobody stands for it yet")
        fixture.snapshot.nodes[2].status?.swarm = .init(state: .active, nodeID: "w4", swarmID: "s")
        fixture.snapshot.nodes[0].status?.manager?.members.append(.init(id: "w4", hostname: "n3", role: .worker, state: "ready"))
        #expect(fixture.pass().nodeSpecs[Fixture.id(1)]?.duties?.remove == ["w3"])
        fixture.snapshot.nodes[0].status?.manager?.members[1].reachable = false
        #expect(fixture.pass().nodeSpecs[Fixture.id(1)]?.duties?.remove == [], "the others would be no majority")
    }

    @Test func oneThatLeavesAndForgotItsSwarmIsToldWhichMemberItIs() {
        var fixture = Fixture()
        fixture.makeSwarm(joined: [2, 3])
        fixture.snapshot.nodes[0].status?.manager?.members[2].labels = ["skep.node": "n3"]
        fixture.snapshot.nodes[2].status?.swarm.swarmID = nil
        fixture.snapshot.spec.nodes.removeLast()
        let spec = fixture.pass().nodeSpecs[Fixture.id(3)]
        #expect(spec?.swarm == .leave(swarm: "s"))
        #expect(spec?.knownMember == "w3")
    }

    @Test func labelsFollowTheName() {
        var fixture = Fixture()
        fixture.snapshot.spec.nodes[1].labels = ["type": "worker-db"]
        fixture.makeSwarm(joined: [3, 2])
        let duties = fixture.pass().nodeSpecs[Fixture.id(1)]?.duties
        #expect(duties?.members.first { $0.id == "w2" }?.labels == ["type": "worker-db", "skep.node": "n2"])
        #expect(duties?.members.first { $0.id == "w3" }?.labels == ["skep.node": "n3"])
    }

    @Test func labelsSayWhereAShareIsGoodAndStayWhereNothingIsKnown() {
        var fixture = Fixture()
        let name = ShareName(unchecked: "data")
        fixture.snapshot.spec.nfs = .init(
            server: NodeName(unchecked: "n1"),
            shares: [
                .init(
                    name: name, path: "/srv/data", mount: "/mnt/data", write: [NodeName(unchecked: "n2")], owner: "0:0", mode: "0755")
            ])
        fixture.makeSwarm(joined: [2, 3])
        fixture.snapshot.nodes[1].status?.shares = [name: .bad]
        fixture.snapshot.nodes[0].status?.manager?.members[2].labels = ["skep.share.data": "ok"]
        let duties = fixture.pass().nodeSpecs[Fixture.id(1)]?.duties
        #expect(duties?.members.first { $0.id == "w1" }?.labels["skep.share.data"] == nil)
        #expect(duties?.members.first { $0.id == "w2" }?.labels["skep.share.data"] == "bad")
        #expect(duties?.members.first { $0.id == "w3" }?.labels["skep.share.data"] == "ok", "it has said nothing since the coordinator's start")
    }

    @Test func aMemberThatSomebodyDrainedIsActivatedOnlyIfTheFileAsksForIt() {
        var fixture = Fixture()
        fixture.makeSwarm(joined: [2, 3])
        #expect(fixture.pass().nodeSpecs[Fixture.id(1)]?.duties?.members.allSatisfy { $0.activate == nil } == true)
        fixture.snapshot.spec.policy.drainedByHand = .restore
        #expect(fixture.pass().nodeSpecs[Fixture.id(1)]?.duties?.members.allSatisfy { $0.activate == true } == true)
    }

    @Test func aDiskThatFillsUpIsSaidBeforeItMatters() {
        var fixture = Fixture()
        fixture.snapshot.nodes[1].status?.facts.diskTotalBytes = 100
        fixture.snapshot.nodes[1].status?.facts.diskFreeBytes = 15
        let condition = fixture.pass().conditions.first { $0.type.rawValue == "DisksHaveRoom" }
        #expect(condition?.status == .false)
        #expect(condition?.message.contains("n2 (85 %)") == true)
    }

    @Test func aDemotionThatWouldLoseTheMajorityWaits() {
        var fixture = Fixture(managers: 3)
        fixture.makeSwarm(joined: [2, 3])
        for index in [2, 3] {
            fixture.snapshot.nodes[0].status?.manager?.members[index - 1].role = .manager
            fixture.snapshot.nodes[index - 1].status?.swarm.isManager = true
        }
        fixture.snapshot.nodes[0].status?.manager?.members[2].reachable = false
        fixture.snapshot.spec.nodes[1].role = .worker
        let plan = fixture.pass()
        #expect(plan.operations.isEmpty)
        #expect(plan.waits.contains { $0.what == "n2 as a worker" && $0.waitsFor.contains("majority") })
    }

    /// Three managers; n3 is not in the file any more.
    private func withoutThird(reachable: Bool) -> Fixture {
        var fixture = Fixture(managers: 3)
        fixture.makeSwarm(joined: [2, 3])
        for index in [2, 3] {
            fixture.snapshot.nodes[0].status?.manager?.members[index - 1].role = .manager
            fixture.snapshot.nodes[index - 1].status?.swarm.isManager = true
        }
        fixture.snapshot.nodes[0].status?.manager?.members[1].reachable = reachable
        fixture.snapshot.spec.nodes.removeLast()
        return fixture
    }

    @Test func aManagerThatIsDroppedLaysItsRoleDownBeforeItLeaves() {
        var fixture = withoutThird(reachable: true)
        let began = fixture.pass()
        #expect(began.operations.map(\.kind) == [.remove])
        let plan = fixture.pass()
        #expect(plan.nodeSpecs[Fixture.id(1)]?.duties?.members.last == .init(id: "w3", name: NodeName(unchecked: "n3"), role: .worker, labels: [:]))
        #expect(plan.nodeSpecs[Fixture.id(3)]?.swarm == .member(swarm: "s"))
        #expect(plan.nodeSpecs[Fixture.id(3)]?.firewall != nil, "nothing is taken from it while it is a manager")
        fixture.snapshot.nodes[0].status?.manager?.members[2].role = .worker
        fixture.snapshot.nodes[2].status?.swarm.isManager = false
        let left = fixture.pass()
        #expect(left.nodeSpecs[Fixture.id(3)]?.swarm == .leave(swarm: "s"))
        #expect(left.nodeSpecs[Fixture.id(3)]?.firewall == nil)
    }

    @Test func aManagerThatIsDroppedWaitsForAMajorityOfTheOthers() {
        var fixture = withoutThird(reachable: false)
        let plan = fixture.pass()
        #expect(plan.operations.isEmpty)
        #expect(plan.waits.contains { $0.what.hasPrefix("n3") && $0.waitsFor.contains("majority") })
        #expect(plan.nodeSpecs[Fixture.id(3)]?.swarm == .member(swarm: "s"))
    }

    @Test func nothingIsToldToAMachineThatLeavesAndWasNotHeardYet() {
        var fixture = withoutThird(reachable: true)
        fixture.snapshot.nodes[2].status = nil
        #expect(fixture.pass().nodeSpecs[Fixture.id(3)] == nil, "after a start of the coordinator nobody knows whether it is a manager")
    }

    @Test func anEvictionThatWouldLoseTheMajorityIsRefused() {
        var fixture = Fixture()
        fixture.makeSwarm(joined: [2, 3])
        #expect(Planner().whyNotEvict(Fixture.id(1), fixture.snapshot, now: fixture.now)?.contains("majority") == true)
        #expect(Planner().whyNotEvict(Fixture.id(2), fixture.snapshot, now: fixture.now) == nil)
    }

    @Test func anotherActingManagerGetsAHigherTerm() {
        var fixture = withoutThird(reachable: true)
        #expect(fixture.pass().nodeSpecs[Fixture.id(1)]?.duties?.term == 1)
        let view = fixture.snapshot.nodes[0].status?.manager
        fixture.snapshot.nodes[1].status?.manager = view
        fixture.snapshot.nodes[0].seen = fixture.now.advanced(by: -60_000)
        #expect(fixture.pass().nodeSpecs[Fixture.id(2)]?.duties?.term == 2)
        fixture.snapshot.nodes[1].status?.manager?.term = 7
        #expect(
            fixture.pass().nodeSpecs[Fixture.id(2)]?.duties?.term == 8,
            "a coordinator that was put back from a backup goes on above the swarm's own record")
    }

    @Test func managersArePromotedOneByOne() {
        var fixture = Fixture(managers: 3)
        fixture.makeSwarm(joined: [2, 3])
        #expect(fixture.pass().operations.map(\.kind) == [.promote])
        let roles = fixture.pass().nodeSpecs[Fixture.id(1)]?.duties?.members.map(\.role)
        #expect(roles == [.manager, .manager, .worker])
    }

    @Test func aRejoinedNodesOldEntryIsRemovedAndAnEvictedOnesToo() {
        var fixture = Fixture()
        fixture.makeSwarm(joined: [2, 3])
        fixture.snapshot.nodes[0].status?.manager?.members.append(.init(id: "old", hostname: "n2", role: .worker, state: "down"))
        fixture.snapshot.nodes[2].evicted = true
        #expect(fixture.pass().nodeSpecs[Fixture.id(1)]?.duties?.remove == ["old", "w3"])
        #expect(fixture.pass().nodeSpecs[Fixture.id(3)] == nil)
    }

    @Test func aMemberThatSomebodyDrainedIsShown() {
        var fixture = Fixture()
        fixture.makeSwarm(joined: [2, 3])
        func available() -> Condition? {
            Planner().plan(fixture.snapshot, now: fixture.now).conditions.first { $0.type.rawValue == "NodesAvailable" }
        }
        #expect(available()?.status == .true)
        let member = fixture.snapshot.nodes[1].status?.swarm.nodeID
        var members = fixture.snapshot.nodes[0].status?.manager?.members ?? []
        for index in members.indices where members[index].id == member { members[index].availability = "drain" }
        fixture.snapshot.nodes[0].status?.manager?.members = members
        #expect(available()?.status == .false)
        #expect(available()?.message.contains("n2 (drain)") == true)
    }
}
