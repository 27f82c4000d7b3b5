import AgentCore
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

    @Test(arguments: [true, false]) func aDemotionLeavesAMajorityOfWhatIsReachableNow(_ reachable: Bool) {
        let members = [1, 2, 3].map {
            ManagerView.Member(id: "m\($0)", hostname: "n\($0)", role: .manager, state: "ready", leader: $0 == 1, reachable: $0 != 3 || reachable)
        }
        let duties = ManagerDuties(members: [.init(id: "m2", name: NodeName(unchecked: "n2"), role: .worker, labels: [:])])
        let demotes = actions(duties, ManagerView(swarmID: "s", members: members)).contains {
            if case .updateMember("m2", .worker?, _, _) = $0 { true } else { false }
        }
        #expect(demotes == reachable)
    }
}
