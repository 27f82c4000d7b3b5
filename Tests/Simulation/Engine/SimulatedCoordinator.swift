import CoordinatorCore
import SkepModel

/// The coordinator's core with a disk that survives its crashes and a memory that does not.
struct SimulatedCoordinator {
    struct Disk {
        var snapshot: Snapshot
        var revisions: [NodeID: Int] = [:]
        var specs: [NodeID: NodeSpec] = [:]
        var acknowledged: [NodeID: Int] = [:]
        /// The numbers of each agent's events, as they were stored.
        var events: [NodeID: [Int]] = [:]
    }

    var disk: Disk
    /// Statuses and times of last reports live in memory alone.
    var memory: Snapshot
    var up = true
    var dirty = true
    var plan: Plan?

    init(_ snapshot: Snapshot) {
        disk = Disk(snapshot: snapshot)
        memory = snapshot
    }

    mutating func crash() {
        up = false
        plan = nil
    }

    mutating func start() {
        up = true
        memory = disk.snapshot
        dirty = true
    }

    /// Plans to a fixed point, storing each pass before its specs may be given out. `crash` says whether it dies just before or after a pass is
    /// stored, and is told what the pass changed, if anything.
    mutating func work(now: Instant, check: (Snapshot, Plan) throws -> Void, crash: (_ change: String?) -> Bool) throws {
        for _ in 0..<20 {
            let made = Planner().plan(memory, now: now)
            try check(memory, made)
            var next = memory
            next.record = made.record
            for operation in made.operations {
                if let index = next.operations.firstIndex(where: { $0.id == operation.id }) {
                    next.operations[index] = operation
                } else {
                    next.operations.append(operation)
                }
            }
            let settled = next.record == memory.record && made.operations.isEmpty
            let change = settled && !made.nodeSpecs.contains { disk.specs[$0.key] != $0.value } ? nil : Self.words(made, memory)
            if crash(change.map { "before the coordinator stored \($0)" }) { return self.crash() }
            memory = next
            disk.snapshot.record = next.record
            disk.snapshot.operations = next.operations
            for (id, spec) in made.nodeSpecs where disk.specs[id] != spec {
                disk.specs[id] = spec
                disk.revisions[id, default: 0] += 1
            }
            plan = made
            if crash(change.map { "after the coordinator stored \($0)" }) { return self.crash() }
            if settled { break }
        }
        dirty = false
    }

    private static func words(_ made: Plan, _ former: Snapshot) -> String {
        let operations = made.operations.map { "\($0.id): \($0.steps.last?.name ?? "begun")" }
        return operations.isEmpty ? (made.record == former.record ? "specs" : "its record") : operations.joined(separator: ", ")
    }

    mutating func receive(_ status: NodeStatus, from id: NodeID, now: Instant) {
        guard let index = memory.nodes.firstIndex(where: { $0.id == id && !$0.evicted }) else { return }
        if let older = memory.nodes[index].status, older.observed > status.observed { return }
        memory.nodes[index].status = status
        memory.nodes[index].seen = now
        let known = disk.acknowledged[id] ?? 0
        disk.events[id, default: []] += status.events.map(\.sequence).filter { $0 > known }
        disk.acknowledged[id] = max(known, status.events.last?.sequence ?? 0)
        dirty = true
    }
}
