import CoordinatorCore
import SkepModel

/// A cluster of many nodes in which all is as it should be: what the planner passes over all day.
public struct LargeCluster: Sendable {
    private let snapshot: Snapshot
    private let now: Instant

    public init(nodes count: Int) {
        let now = Instant(milliseconds: 1_000_000_000)
        let ranges = [CIDR("10.0.0.0/8")].compactMap { $0 }
        let entries = (1...count).map {
            ClusterSpec.Node(name: NodeName(unchecked: "n\($0)"), role: $0 <= 3 ? .manager : .worker, labels: ["zone": "z\($0 % 7)"])
        }
        let stack = StackName(unchecked: "web")
        let spec = ClusterSpec(
            name: ClusterName(unchecked: "large"), kind: .target, audiences: [.management: ranges, .nodes: ranges, .users: ranges, .nuvla: []],
            nodes: entries, stacks: [.init(name: stack, source: .compose("web.yml"))])
        var made = Snapshot(spec: spec, generation: Generation(1))
        made.bundles[stack] = StackBundle(name: stack, digest: "d", compose: "", services: ["web"])
        made.record.swarm = "s"
        made.record.decisions = .init(addressPool: ranges[0], mtu: 1500, dataPathPort: 4789, initialiser: NodeID(unchecked: "0000000000000001"))
        var members: [ManagerView.Member] = []
        for index in 1...count {
            let digits = String(index, radix: 16)
            let id = NodeID(unchecked: String(repeating: "0", count: 16 - digits.count) + digits)
            let address = IPAddress.v4(0x0a00_0000 + UInt32(index))
            made.record.addresses[id] = address
            let role: Role = index <= 3 ? .manager : .worker
            members.append(
                .init(
                    id: "m\(index)", hostname: "n\(index)", role: role, state: "ready", leader: index == 1,
                    labels: ["zone": "z\(index % 7)", "skep.node": "n\(index)"]))
            let good = [Condition.Kind.packages, .daemonConfig, .docker, .firewall, .swarm].map {
                Condition($0, .true, reason: "Good", message: "", since: now)
            }
            let facts = NodeFacts(
                machineID: "m\(index)", hostname: "n\(index)", addresses: [.init(interface: "eth0", address: address, prefix: 8, mtu: 1500)])
            let status = NodeStatus(
                node: id, bootID: "b", agentVersion: "0", observed: now, revision: 1, generation: Generation(1), facts: facts,
                swarm: .init(state: .active, nodeID: "m\(index)", swarmID: "s", isManager: role == .manager), conditions: good,
                firewall: .init(installed: "x", trial: .none))
            made.nodes.append(
                .init(id: id, name: NodeName(unchecked: "n\(index)"), machineID: "m\(index)", certificate: "c", key: "k", seen: now, status: status))
        }
        // each has tried its neighbours, as it was asked
        for index in made.nodes.indices {
            made.nodes[index].status?.canary = CanaryReport(at: now, address: .v4(0x0a80_0000 + UInt32(index)), mtu: 1450)
        }
        made.nodes[0].status?.manager = ManagerView(
            swarmID: "s", members: members,
            stacks: [.init(name: "web", ours: true, services: [.init(name: "web_web", running: 1, desired: 1, bundle: "d")])])
        let asked = Planner().plan(made, now: now).nodeSpecs
        for index in made.nodes.indices {
            let targets = asked[made.nodes[index].id]?.canary?.targets ?? []
            made.nodes[index].status?.canary?.paths = targets.map {
                .init(node: $0.node, address: $0.address, trial: .init(passed: now), small: 300, large: 400)
            }
        }
        snapshot = made
        self.now = now
    }

    /// One pass; true when the cluster is ready, as it should be.
    public func pass() -> Bool { Planner().plan(snapshot, now: now).ready }
}
