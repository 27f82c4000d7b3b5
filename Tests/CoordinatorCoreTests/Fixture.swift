import CoordinatorCore
import SkepModel

/// Three machines that have enrolled, reported and probed each other; each test changes what it is about.
struct Fixture {
    var snapshot: Snapshot
    private(set) var now = Instant(milliseconds: 10_000_000)

    init(managers: Int = 1, nodes count: Int = 3) {
        let entries = (1...count).map { ClusterSpec.Node(name: NodeName(unchecked: "n\($0)"), role: $0 <= managers ? .manager : .worker) }
        let spec = ClusterSpec(
            name: ClusterName(unchecked: "geneva"), kind: .target,
            audiences: [
                .management: Self.ranges("198.51.100.0/24"), .nodes: Self.ranges("10.77.0.0/16"), .users: Self.ranges("0.0.0.0/0"),
                .nuvla: Self.ranges("203.0.113.10/32"),
            ], nodes: entries)
        snapshot = Snapshot(spec: spec, generation: Generation(1))
        snapshot.nodes = (1...count).map { index in
            Snapshot.Node(
                id: Self.id(index), name: NodeName(unchecked: "n\(index)"), machineID: "m\(index)", certificate: "c\(index)", key: "k\(index)",
                seen: now, status: status(index))
        }
    }

    static func ranges(_ texts: String...) -> [CIDR] { texts.compactMap { CIDR($0) } }
    static func id(_ index: Int) -> NodeID { NodeID(unchecked: "000000000000000\(index)") }
    static func address(_ index: Int) -> IPAddress { .v4(0x0a4d_000a + UInt32(index)) }
    /// On every machine of an emulated laboratory.
    static let shared = IPAddress.v4(0x0a00_020f)

    func status(_ index: Int, swarm: SwarmStatus = .init(state: .inactive)) -> NodeStatus {
        let facts = NodeFacts(
            machineID: "m\(index)", hostname: "n\(index)",
            addresses: [
                .init(interface: "eth1", address: Self.shared, prefix: 24, mtu: 1500),
                .init(interface: "eth0", address: Self.address(index), prefix: 24, mtu: 1500),
            ], routes: Self.ranges("10.77.0.0/24", "10.0.2.0/24"))
        let good = [Condition.Kind.packages, .daemonConfig, .docker].map { Condition($0, .true, reason: "Good", message: "", since: now) }
        return NodeStatus(
            node: Self.id(index), bootID: "b", agentVersion: "0", observed: now, revision: 1, generation: Generation(1), facts: facts, swarm: swarm,
            conditions: good, firewall: .init(installed: "x", trial: .none))
    }

    /// Time passes, and who was heard just now is heard again.
    mutating func advance(by span: Int64) {
        for index in snapshot.nodes.indices where snapshot.nodes[index].seen == now { snapshot.nodes[index].seen = now.advanced(by: span) }
        now = now.advanced(by: span)
    }

    /// Silent for long enough to be counted as down.
    mutating func silence(_ index: Int) { snapshot.nodes[index - 1].seen = now.advanced(by: -60_000) }

    /// Takes over what the plan says to store.
    mutating func store(_ plan: Plan) {
        snapshot.record = plan.record
        for operation in plan.operations {
            snapshot.operations.removeAll { $0.id == operation.id }
            snapshot.operations.append(operation)
        }
    }

    /// One pass, stored.
    @discardableResult mutating func pass() -> Plan {
        let plan = Planner().plan(snapshot, now: now)
        store(plan)
        return plan
    }

    mutating func answerProbes(mtu: Int = 1500, unreachable: Set<IPAddress> = [], closed: Set<UInt16> = []) {
        for at in snapshot.nodes.indices {
            guard let request = Planner().plan(snapshot, now: now).nodeSpecs[snapshot.nodes[at].id]?.probe else { continue }
            let paths = request.targets.flatMap { target in
                target.addresses.map { address in
                    let good = !unreachable.contains(address)
                    return ProbeReport.Path(
                        node: target.node, address: address, tcp: good, udp: good,
                        dataPath: good ? request.dataPathPorts.filter { !closed.contains($0) } : [],
                        mtu: good ? mtu : nil)
                }
            }
            snapshot.nodes[at].status?.probe = ProbeReport(round: request.round, complete: true, paths: paths)
        }
    }

    /// The swarm stands on n1 with these workers in it.
    mutating func makeSwarm(joined: [Int] = []) {
        pass()
        answerProbes()
        pass()
        snapshot.record.swarm = "s"
        snapshot.operations = []
        var members = [ManagerView.Member(id: "w1", hostname: "n1", role: .manager, state: "ready", leader: true)]
        for index in joined {
            members.append(.init(id: "w\(index)", hostname: "n\(index)", role: .worker, state: "ready"))
            snapshot.nodes[index - 1].status?.swarm = .init(state: .active, nodeID: "w\(index)", swarmID: "s")
        }
        snapshot.nodes[0].status?.swarm = .init(state: .active, nodeID: "w1", swarmID: "s", isManager: true)
        snapshot.nodes[0].status?.manager = ManagerView(swarmID: "s", members: members)
    }
}

extension PortRange {
    static func known(_ port: Int) -> PortRange {
        guard let range = PortRange(port) else { preconditionFailure("\(port) is no port") }
        return range
    }
}
