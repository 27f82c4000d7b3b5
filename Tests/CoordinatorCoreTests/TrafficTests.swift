import CoordinatorCore
import SkepModel
import Testing

/// What the members find of the traffic between them, and what follows for the cluster.
@Suite struct TrafficTests {
    private static func end(_ index: Int) -> IPAddress { .v4(0x0a00_0001 + UInt32(index)) }

    /// Three members whose agents have found their own ends.
    private func fixture(services: [ManagerView.Service] = []) -> Fixture {
        var fixture = Fixture()
        fixture.makeSwarm(joined: [2, 3])
        fixture.snapshot.nodes[0].status?.manager?.stacks = [.init(name: "shop", ours: true, services: services)]
        for index in 1...3 {
            fixture.snapshot.nodes[index - 1].status?.canary = CanaryReport(at: fixture.now, address: Self.end(index), mtu: 1450)
        }
        return fixture
    }

    /// Every agent answers what it was asked; of a pair that is named large packets, or all, are missed.
    private func answer(_ fixture: inout Fixture, lost: Set<[Int]> = [], cut: Set<[Int]> = [], closed: [Int: UInt16] = [:], misses: Int = 2) {
        let plan = fixture.pass()
        for index in 1...3 {
            guard let asked = plan.nodeSpecs[Fixture.id(index)]?.canary else { continue }
            fixture.snapshot.nodes[index - 1].status?.canary?.paths = asked.targets.map { target in
                let other = (1...3).first { Fixture.id($0) == target.node } ?? 0
                let (isLost, isCut) = (lost.contains([index, other]), cut.contains([index, other]))
                return .init(
                    node: target.node, address: target.address,
                    trial: .init(passed: fixture.now.advanced(by: -180_000), misses: isLost || isCut ? misses : 0), small: isLost ? nil : 300,
                    large: isLost || isCut ? nil : 400)
            }
            fixture.snapshot.nodes[index - 1].status?.canary?.ports = (asked.ports).map { port in
                let isClosed = closed[index] == port
                return .init(
                    port: port, trial: isClosed ? .init(misses: misses) : .init(passed: fixture.now),
                    failure: isClosed ? "no connection: Connection refused" : nil)
            }
        }
    }

    private func condition(_ plan: Plan, _ type: String) -> Condition? { plan.conditions.first { $0.type.rawValue == type } }

    /// The file names the stack, so that its ports count.
    private func name(_ stack: String, _ fixture: inout Fixture) {
        fixture.snapshot.spec.stacks = [.init(name: StackName(unchecked: stack), source: .compose("x.yml"))]
    }

    @Test func everyMemberIsAskedToTryEveryOther() {
        var fixture = fixture(services: [
            .init(name: "web", running: 1, desired: 2, bundle: nil, ports: [443, 80]),
            .init(name: "idle", running: 0, desired: 1, bundle: nil, ports: [81]),
        ])
        let asked = fixture.pass().nodeSpecs[Fixture.id(2)]?.canary
        #expect(asked?.targets.map(\.node) == [Fixture.id(3), Fixture.id(1)], "each begins with the one that follows it")
        #expect(asked?.targets.map(\.address) == [Self.end(3), Self.end(1)])
        #expect(asked?.ports == [80, 443], "nobody can answer for a service without a task")
        // a task that comes and goes is no news to the nodes
        fixture.snapshot.nodes[0].status?.manager?.stacks[0].services[0].running = 0
        #expect(fixture.pass().nodeSpecs[Fixture.id(2)]?.canary?.ports == [80, 443])
        fixture.snapshot.nodes[0].status?.manager?.stacks[0].services[0].desired = 0
        #expect(fixture.pass().nodeSpecs[Fixture.id(2)]?.canary?.ports == [])
    }

    @Test func whatOthersPublishIsTriedAndHoldsNothingUp() {
        var fixture = fixture(services: [.init(name: "web", running: 1, desired: 1, bundle: nil, ports: [8080])])
        answer(&fixture, closed: [3: 8080])
        let plan = fixture.pass()
        #expect(plan.nodeSpecs[Fixture.id(3)]?.canary?.ports == [8080])
        #expect(condition(plan, "MeshAnswers")?.status == .true && plan.ready)
    }

    @Test func anEndThatTwoNameOrNobodyCanReachIsTriedByNobody() {
        var fixture = fixture()
        fixture.snapshot.nodes[2].status?.canary?.address = Self.end(2)
        #expect(fixture.pass().nodeSpecs[Fixture.id(1)]?.canary?.targets == [])
        fixture.snapshot.nodes[2].status?.canary?.address = .v6(1, 2)
        #expect(fixture.pass().nodeSpecs[Fixture.id(1)]?.canary?.targets.map(\.node) == [Fixture.id(2)])
        fixture.silence(2)
        #expect(fixture.pass().nodeSpecs[Fixture.id(1)]?.canary?.targets == [], "one that is back is tried anew, and not judged by what was before")
    }

    @Test func whatWasFoundLongAgoIsNotKnown() {
        var fixture = fixture()
        answer(&fixture)
        #expect(fixture.pass().ready)
        fixture.snapshot.nodes[1].status?.canary?.at = fixture.now.advanced(by: -700_000)
        let plan = fixture.pass()
        #expect(!plan.ready && condition(plan, "OverlayPasses")?.message == "n2 has tried nothing for 11 min")
    }

    @Test func anAgentThatCannotTryIsNotAskedAndHoldsNothingUp() {
        var fixture = fixture()
        for index in 0..<3 { fixture.snapshot.nodes[index].status?.canary = nil }
        #expect(fixture.pass().nodeSpecs.values.allSatisfy { $0.canary == nil })
        #expect(condition(fixture.pass(), "OverlayPasses")?.status == .true)
    }

    @Test func readyWaitsForWhatIsAskedAndNotTriedYet() {
        var fixture = fixture()
        let plan = fixture.pass()
        #expect(condition(plan, "OverlayPasses")?.status == .unknown)
        #expect(!plan.ready && plan.phase == "trying the traffic", "\(plan.phase) \(plan.conditions)")
        answer(&fixture)
        let tried = fixture.pass()
        #expect(condition(tried, "OverlayPasses")?.status == .true)
        #expect(condition(tried, "MeshAnswers")?.status == .true)
        #expect(tried.ready, "\(tried.conditions)")
    }

    @Test func aPathThatIsCutIsSaidWithBothEnds() {
        var fixture = fixture()
        answer(&fixture, lost: [[2, 3]], cut: [[1, 2]])
        let plan = fixture.pass()
        let words = condition(plan, "OverlayPasses")?.message ?? ""
        #expect(condition(plan, "OverlayPasses")?.status == .false)
        #expect(words.contains("n1 → n2: small packets pass, those of 1450 bytes do not (last passed 3 min ago)"), "\(words)")
        #expect(words.contains("n2 → n3: no packet passes") && words.contains("UDP 4789"), "\(words)")
        #expect(!plan.ready && plan.phase == "not as wanted")
        answer(&fixture, lost: [[2, 3]], misses: 1)
        #expect(fixture.pass().ready, "one packet may be lost")
    }

    @Test func aPortThatDoesNotAnswerIsSaidWithItsNode() {
        var fixture = fixture(services: [.init(name: "web", running: 1, desired: 1, bundle: nil, ports: [8080])])
        name("shop", &fixture)
        answer(&fixture, closed: [3: 8080])
        let plan = fixture.pass()
        #expect(condition(plan, "MeshAnswers")?.message.hasPrefix("8080 on n3: no connection: Connection refused;") == true)
        #expect(condition(plan, "OverlayPasses")?.status == .true)
        #expect(!plan.ready)
        // while its task is away the stack says so, and not the mesh
        fixture.snapshot.nodes[0].status?.manager?.stacks[0].services[0].running = 0
        #expect(condition(fixture.pass(), "MeshAnswers")?.status == .true)
    }

    @Test func aNodeThatIsAwayIsNoPath() {
        var fixture = fixture()
        answer(&fixture, lost: [[1, 3], [2, 3]])
        fixture.silence(3)
        #expect(condition(fixture.pass(), "OverlayPasses")?.status == .true, "that it is away is said elsewhere")
    }

    @Test func whatCannotBeTriedIsUnknownAndHoldsNothingUpOnceItIsThereToStay() {
        var fixture = fixture()
        for index in 0..<3 {
            fixture.snapshot.nodes[index].status?.canary = CanaryReport(trouble: "this node has no end in the ingress network")
            fixture.snapshot.nodes[index].status?.canary?.troubles = 1
        }
        #expect(!fixture.pass().ready, "a network that is just being made has no end yet either")
        for index in 0..<3 { fixture.snapshot.nodes[index].status?.canary?.troubles = 3 }
        let plan = fixture.pass()
        #expect(condition(plan, "OverlayPasses")?.status == .unknown)
        #expect(condition(plan, "OverlayPasses")?.message.contains("n1: this node has no end") == true)
        #expect(plan.ready, "\(plan.conditions)")
    }

    @Test func portsStayWhileTheSwarmCannotBeAskedAndNothingIsSaidOfThem() {
        var fixture = fixture(services: [.init(name: "web", running: 1, desired: 1, bundle: nil, ports: [80])])
        name("shop", &fixture)
        fixture.pass()
        fixture.snapshot.nodes[0].status?.manager = nil
        let plan = fixture.pass()
        #expect(plan.nodeSpecs[Fixture.id(2)]?.canary?.ports == [80])
        #expect(condition(plan, "MeshAnswers")?.status == .unknown)
    }
}
