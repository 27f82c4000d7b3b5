import SkepModel
import SkepWire

/// Everything of one cluster's page.
struct ClusterView: View {
    struct Wait: View {
        let what: String
        let waitsFor: String
        let command: String?
    }

    let name: String
    let kind: String
    let generation: Int
    let tone: String
    let mark: Mark
    let now: Moment
    let nodesReady: Int
    let nodesTotal: Int
    let stacksReady: Int
    let stacksTotal: Int
    let anyWait: Bool
    let waits: [Wait]
    /// Whether a condition of the cluster as a whole is not met.
    let anyTrouble: Bool
    let conditions: [ConditionRow]
    let nodes: [NodeView]
    let anyStack: Bool
    let stacksSeen: StacksSeen
    let stacks: [StackBlock]
    let anyTraffic: Bool
    let traffic: TrafficView?
    let operations: [OperationView]
    let anyEvent: Bool
    let events: [EventRow]

    init(_ status: StatusAnswer, events ledger: [Event]) {
        let cluster = status.cluster
        let present = status.now
        name = cluster.name.rawValue
        kind = cluster.kind.rawValue
        generation = cluster.generation.number
        mark = .cluster(status)
        tone = mark.tone
        now = Moment(present, now: present)
        nodesReady = status.nodes.count { $0.ready }
        nodesTotal = status.nodes.count
        stacksReady = status.stacks.count { $0.ready }
        stacksTotal = status.stacks.count
        waits = cluster.waits.map { Wait(what: $0.what, waitsFor: $0.waitsFor, command: $0.command) }
        anyWait = !waits.isEmpty
        anyTrouble = cluster.conditions.contains { $0.status != .true }
        conditions = ConditionRow.rows(cluster.conditions, now: present)
        nodes = status.nodes.map { NodeView($0, now: present) }
        stacks = status.stacks.map(StackBlock.init)
        anyStack = !stacks.isEmpty
        stacksSeen = StacksSeen(status.nodes)
        traffic = TrafficView(status)
        anyTraffic = traffic != nil
        let names = Dictionary(status.nodes.compactMap { node in node.id.map { ($0, node.name.rawValue) } }, uniquingKeysWith: { first, _ in first })
        operations = status.operations.sorted { $0.started > $1.started }.map { OperationView($0, names: names, now: present) }
        events = ledger.map { EventRow($0, now: present) }
        anyEvent = !events.isEmpty
    }
}
