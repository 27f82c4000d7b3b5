import CoordinatorCore
import SkepModel
import Testing

/// One machine that cannot be brought along holds up nothing else.
@Suite struct PatienceTests {
    private let second = NodeName(unchecked: "n2")
    private let third = NodeName(unchecked: "n3")

    @Test func aJoinThatFailedIsNotTriedAgainAtOnce() throws {
        var fixture = Fixture(managers: 3)
        fixture.makeSwarm(joined: [2])
        #expect(fixture.pass().operations.map(\.kind) == [.join])
        fixture.advance(by: 301_000)
        fixture.pass()
        fixture.snapshot.nodes[0].status?.manager?.tokenEpoch = 1
        let plan = fixture.pass()
        #expect(plan.operations.map(\.kind) == [.join, .promote], "the join has failed, and n2 is promoted at last")
        #expect(
            plan.waits.contains { $0.what == "n3 in the swarm" && $0.waitsFor.contains("not joined in 300 s") && $0.command == "skep node defer n3" })
        fixture.snapshot.nodes[0].status?.manager?.members[1].role = .manager
        fixture.snapshot.nodes[1].status?.swarm.isManager = true
        fixture.pass()
        #expect(fixture.pass().operations.isEmpty)
        fixture.advance(by: 601_000)
        #expect(fixture.pass().operations.map(\.kind) == [.join], "after a pause it is tried again")
        fixture.advance(by: 301_000)
        fixture.pass()
        fixture.snapshot.nodes[0].status?.manager?.tokenEpoch = 2
        fixture.pass()
        fixture.advance(by: 601_000)
        #expect(fixture.pass().operations.isEmpty, "each failure doubles the pause")
    }

    @Test func nothingWaitsForADeferredMachineThatIsEnrolledAndSilent() {
        var fixture = Fixture()
        fixture.silence(3)
        #expect(fixture.pass().record.probeRound == 0)
        fixture.snapshot.record.deferred = [third]
        fixture.pass()
        fixture.answerProbes()
        #expect(fixture.pass().record.decisions != nil)
        fixture.snapshot.record.swarm = "s"
        fixture.snapshot.operations = []
        fixture.snapshot.nodes[0].status?.swarm = .init(state: .active, nodeID: "w1", swarmID: "s", isManager: true)
        fixture.snapshot.nodes[1].status?.swarm = .init(state: .active, nodeID: "w2", swarmID: "s")
        fixture.snapshot.nodes[0].status?.manager = ManagerView(
            swarmID: "s",
            members: [
                .init(id: "w1", hostname: "n1", role: .manager, state: "ready", leader: true),
                .init(id: "w2", hostname: "n2", role: .worker, state: "ready"),
            ])
        let plan = fixture.pass()
        #expect(plan.waits.isEmpty)
        #expect(plan.ready)
    }

    @Test func aDeferredMachineThatComesJoinsAfterAllOthersAndIsDeferredNoMore() {
        var fixture = Fixture()
        fixture.makeSwarm()
        fixture.snapshot.record.deferred = [third]
        #expect(fixture.pass().operations.first?.nodes == [Fixture.id(2)])
        fixture.snapshot.nodes[2].status?.swarm = .init(state: .active, nodeID: "w3", swarmID: "s")
        fixture.snapshot.nodes[0].status?.manager?.members.append(.init(id: "w3", hostname: "n3", role: .worker, state: "ready"))
        #expect(fixture.pass().record.deferred.isEmpty)
    }

    @Test func anEngineThatCannotBeAskedIsSaidInItsOwnWords() {
        var fixture = Fixture()
        fixture.makeSwarm(joined: [2])
        fixture.snapshot.nodes[2].status?.swarm = .init(state: .error, error: "x509: certificate has expired")
        fixture.snapshot.nodes[2].status?.conditions.append(
            Condition(.swarm, .false, reason: "EngineError", message: "the engine says: x509: certificate has expired", since: fixture.now))
        #expect(fixture.pass().waits.contains { $0.what == "n3 in the swarm" && $0.waitsFor.contains("x509") })
    }

    @Test func aMachineThatLostItsAddressBeforeItJoinedIsGivenAnother() {
        var fixture = Fixture()
        fixture.makeSwarm(joined: [2])
        fixture.snapshot.nodes[1].status?.facts.addresses = [.init(interface: "eth0", address: Fixture.address(99), prefix: 24, mtu: 1500)]
        fixture.snapshot.nodes[2].status?.facts.addresses = [.init(interface: "eth0", address: Fixture.address(77), prefix: 24, mtu: 1500)]
        let addresses = fixture.pass().record.addresses
        #expect(addresses[Fixture.id(3)] == Fixture.address(77))
        #expect(addresses[Fixture.id(2)] == Fixture.address(2), "a member keeps what the swarm knows it by")
    }

    @Test func theInitialiserThatIsGoneIsSaidWithTheWayOut() {
        var fixture = Fixture()
        fixture.makeSwarm()
        fixture.snapshot.record.swarm = nil
        fixture.snapshot.nodes[0].evicted = true
        #expect(fixture.pass().waits.contains { $0.command?.contains("skep cluster down") == true })
    }

    @Test func aShareKeepsItsNumberWhereverItStandsInTheFile() {
        var fixture = Fixture()
        let shares = ["data", "logs"].map {
            ClusterSpec.Share(name: ShareName(unchecked: $0), path: "/\($0)", mount: "/\($0)", write: [], owner: "0:0", mode: "0755")
        }
        fixture.snapshot.spec.nfs = .init(server: NodeName(unchecked: "n1"), v3: false, shares: shares)
        func numbers(_ plan: Plan) -> [String: Int] {
            let exports = plan.nodeSpecs[Fixture.id(1)]?.shares?.exports ?? []
            return Dictionary(exports.map { ($0.name.rawValue, $0.fsid) }) { first, _ in first }
        }
        #expect(numbers(fixture.pass()) == ["data": 1, "logs": 2])
        fixture.snapshot.spec.nfs?.shares.removeFirst()
        fixture.pass()
        fixture.snapshot.spec.nfs?.shares.insert(
            .init(name: ShareName(unchecked: "new"), path: "/new", mount: "/new", write: [], owner: "0:0", mode: "0755"), at: 0)
        #expect(numbers(fixture.pass()) == ["logs": 2, "new": 3], "a number is never given to another share")
    }

    @Test func aNumberThatNoClockCanHaveStopsNothing() {
        var fixture = Fixture()
        fixture.makeSwarm(joined: [2, 3])
        fixture.snapshot.nodes[1].status?.facts.clockOffset = .min
        #expect(fixture.pass().waits.contains { $0.what == "n2" && $0.waitsFor.contains("clock") })
        #expect(Instant(milliseconds: .min).since(Instant(milliseconds: .max)) == -.max)
        #expect(Instant(milliseconds: .max).advanced(by: 1) == Instant(milliseconds: .max))
    }

    // MARK: Who leaves

    /// Three managers that are all in the swarm.
    private func threeManagers() -> Fixture {
        var fixture = Fixture(managers: 3)
        fixture.makeSwarm(joined: [2, 3])
        for index in [2, 3] {
            fixture.snapshot.nodes[0].status?.manager?.members[index - 1].role = .manager
            fixture.snapshot.nodes[index - 1].status?.swarm.isManager = true
        }
        return fixture
    }

    @Test func managersThatWereEvictedAndAreNotDemotedYetCountAgainstTheNextEviction() {
        var fixture = threeManagers()
        #expect(Planner().whyNotEvict(Fixture.id(2), fixture.snapshot, now: fixture.now) == nil)
        fixture.snapshot.nodes[1].evicted = true
        #expect(Planner().whyNotEvict(Fixture.id(3), fixture.snapshot, now: fixture.now)?.contains("1 of 3") == true)
        fixture.snapshot.nodes[0].status?.manager?.members.remove(at: 1)
        #expect(
            Planner().whyNotEvict(Fixture.id(3), fixture.snapshot, now: fixture.now)?.contains("1 of 2") == true,
            "it is cut off first, and one of two has no majority to demote it with")
    }

    @Test func aManagerThatWasNotHeardSinceTheStartIsKnownByItsLabel() {
        var fixture = threeManagers()
        fixture.snapshot.nodes[2].status = nil
        fixture.snapshot.nodes[0].status?.manager?.members[1].reachable = false
        fixture.snapshot.nodes[0].status?.manager?.members[2].labels = ["skep.node": "n3"]
        #expect(Planner().whyNotEvict(Fixture.id(3), fixture.snapshot, now: fixture.now)?.contains("1 of 3") == true)
    }

    @Test func whileNoManagerIsHeardNoManagerIsEvicted() {
        var fixture = threeManagers()
        for index in 1...3 { fixture.silence(index) }
        #expect(Planner().whyNotEvict(Fixture.id(1), fixture.snapshot, now: fixture.now)?.contains("nobody can say") == true)
        fixture.snapshot.nodes[1].status?.swarm.isManager = false
        #expect(Planner().whyNotEvict(Fixture.id(2), fixture.snapshot, now: fixture.now) == nil)
        fixture.snapshot.nodes[2].status = nil
        #expect(
            Planner().whyNotEvict(Fixture.id(3), fixture.snapshot, now: fixture.now)?.contains("nobody can say") == true,
            "one that was not heard since the coordinator's start is what the file says")
    }

    @Test func aDroppedManagerThatIsSilentIsSaidWithTheCommand() {
        var fixture = threeManagers()
        fixture.snapshot.spec.nodes.removeLast()
        fixture.silence(3)
        fixture.snapshot.nodes[0].status?.manager?.members[2].role = .worker
        #expect(fixture.pass().waits.contains { $0.command == "skep node evict n3" })
    }

    @Test func anEntryIsNotRemovedForAnotherMachineOfTheSameHostName() {
        var fixture = Fixture()
        fixture.makeSwarm(joined: [2, 3])
        for index in [2, 3] {
            fixture.snapshot.nodes[index - 1].status?.facts.hostname = "debian"
            fixture.snapshot.nodes[0].status?.manager?.members[index - 1].hostname = "debian"
            fixture.snapshot.nodes[0].status?.manager?.members[index - 1].labels = ["skep.node": "n\(index)"]
        }
        fixture.snapshot.nodes[2].status?.swarm = .init(state: .absent)
        fixture.snapshot.nodes[0].status?.manager?.members[2].state = "down"
        #expect(fixture.pass().nodeSpecs[Fixture.id(1)]?.duties?.remove == [])
        fixture.snapshot.nodes[0].status?.manager?.members[2].labels = [:]
        #expect(fixture.pass().nodeSpecs[Fixture.id(1)]?.duties?.remove == [])
    }

    /// Seen on slow machines: the first try of a join had its certificate, and with it an entry, before it was given up.
    @Test func anEntryThatAnInterruptedJoinLeftIsRemovedWhenNobodyJoins() {
        var fixture = Fixture()
        fixture.makeSwarm(joined: [2, 3])
        fixture.snapshot.nodes[0].status?.manager?.members.append(.init(id: "half", hostname: "", role: .worker, state: "unknown"))
        #expect(fixture.pass().nodeSpecs[Fixture.id(1)]?.duties?.remove == ["half"])
        #expect(fixture.pass().waits.contains { $0.waitsFor.contains("the entry of half") })
        fixture.snapshot.nodes[2].status?.swarm = .init(state: .pending)
        #expect(fixture.pass().nodeSpecs[Fixture.id(1)]?.duties?.remove == [], "it may be the entry of the machine that is joining")
    }

    @Test func aTeardownEndsWithoutTheOnlyManager() {
        var fixture = Fixture()
        fixture.makeSwarm(joined: [2, 3])
        fixture.snapshot.record.lifecycle = .down(.init())
        fixture.silence(1)
        #expect(fixture.pass().waits.contains { $0.waitsFor.contains("skep node evict n1") })
        fixture.snapshot.nodes[0].evicted = true
        for _ in 1...3 { fixture.pass() }
        guard case .down(let teardown) = fixture.snapshot.record.lifecycle else { return }
        #expect(teardown.stage > .networks)
    }
}
