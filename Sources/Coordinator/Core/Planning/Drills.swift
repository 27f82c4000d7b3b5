public import SkepModel

/// What is broken on purpose, to see it mended: one thing at a time, on a cluster that is ready, where the file allows it.
extension Planning {
    /// A drill that is not over by then has failed, milliseconds.
    static let drillDeadline: Int64 = 600_000

    mutating func followDrill() {
        guard var run = record.drill, run.ended == nil else { return }
        let what = "drill \(run.name.rawValue) on \(run.nodeName)"
        guard let participant = participants.first(where: { $0.id == run.node }) else {
            return endDrill(&run, failure: "\(run.nodeName) is no longer here", what)
        }
        if let report = participant.status?.drill, report.id == run.id { run.report = report }
        if let failure = run.report?.failure { return endDrill(&run, failure: failure, what) }
        if run.report?.isBroken == true, run.broken == nil { run.broken = now }
        if run.report?.repaired != nil, isUndone(run, participant) { return endDrill(&run, failure: nil, what) }
        guard now.since(run.began) < Self.drillDeadline else {
            return endDrill(&run, failure: "\(Self.stage(run)) within \(Self.drillDeadline / 1000) s", what)
        }
        record.drill = run
        let next =
            run.report?.isBroken != true
            ? "\(run.nodeName) to be as specified, and to begin" : run.report?.repaired == nil ? "it to be mended" : "what was broken to be undone"
        wait(what, for: next)
    }

    private static func stage(_ run: DrillRun) -> String {
        guard let report = run.report, report.isBroken else { return "it was not begun" }
        if report.detected == nil { return "it was broken and nobody noticed" }
        return report.repaired == nil ? "it was noticed and not mended" : "it was mended, and what was broken was not undone"
    }

    /// What a machine undoes by itself must be undone before anything else is broken: its timer would come in the midst of that.
    private func isUndone(_ run: DrillRun, _ participant: Participant) -> Bool {
        // a coordinator that was stopped hears of it once it is back
        guard run.name != .coordinatorStop, let hold = run.name.hold, let broken = run.broken else { return true }
        guard now.since(broken) >= Int64(hold + 5) * 1000 else { return false }
        return run.name != .addressChange || (isMember(participant) && participant.status?.swarm.address == run.former)
    }

    /// A drill that is under way ends with the cluster.
    mutating func abandonDrill() {
        guard var run = record.drill, run.ended == nil else { return }
        endDrill(&run, failure: "the cluster is taken down", "drill \(run.name.rawValue) on \(run.nodeName)")
    }

    private mutating func endDrill(_ run: inout DrillRun, failure: String?, _ what: String) {
        run.ended = now
        run.failure = failure
        record.drill = run
        guard let failure else {
            let (detected, repaired) = (run.report?.detected ?? 0, run.report?.repaired ?? 0)
            return note(.operation, "\(what) passed: noticed after \(detected) ms, mended after \(repaired) ms", node: run.nodeName)
        }
        note(.failure, "\(what) failed: \(failure)", node: run.nodeName)
    }

    func drill(for participant: Participant) -> Drill? {
        guard let run = record.drill, run.ended == nil, run.node == participant.id else { return nil }
        // as it was when the drill began: the record follows the node
        return Drill(id: run.id, name: run.name.rawValue, from: run.former, to: run.address)
    }

    /// Why a drill cannot be done on a node now; nil when it can.
    func whyNotDrill(_ name: DrillName, _ participant: Participant, _ address: IPAddress?) -> String? {
        let node = participant.entry.name
        guard participant.isHeard, isMember(participant) else { return "\(node) is not heard, or not in the swarm" }
        switch name {
        case .shareUnmount, .shareFreeze:
            guard let nfs = spec.nfs, nfs.server != node else { return "\(node) mounts no share from a server" }
        case .shareServerStop:
            guard spec.nfs?.server == node else { return "\(node) is not the NFS server\(spec.nfs.map { ", which is \($0.server)" } ?? "")" }
        case .diskFull:
            guard participant.entry.role == .manager else { return "\(node) is no manager, and only managers' disks are guarded" }
        case .coordinatorStop:
            guard snapshot.coordinatorNode == participant.id else { return "the coordinator does not run on \(node)" }
        case .swarmLeave:
            return whyNotWithout(participant)
        case .addressChange: return whyNotReaddress(participant, address)
        case .clockSkew:
            guard snapshot.coordinatorNode != participant.id else { return "the coordinator runs on \(node), and clocks are compared with its own" }
        case .dockerKill, .dockerConfigBroken: return isOnlyManager(participant) ? nil : whyNotWithout(participant)
        case .firewallFlush, .firewallEdit, .agentKill: break
        }
        return nil
    }

    private func whyNotReaddress(_ participant: Participant, _ address: IPAddress?) -> String? {
        let node = participant.entry.name
        guard let address else { return "address-change wants an address for \(node) that nobody has: --address" }
        if snapshot.coordinatorNode == participant.id { return "the coordinator runs on \(node), and agents know it by its address" }
        if spec.nfs?.server == node { return "\(node) is the NFS server; its clients would lose the share twice" }
        if addressOwners[address] != nil { return "\(address) is a node's already" }
        let ranges = spec.audiences[.nodes] ?? []
        guard ranges.contains(where: { $0.contains(address) }) else {
            return "\(address) is in none of the ranges of 'nodes', so that the coordinator would not hear of it"
        }
        let networks = (participant.status?.facts.addresses ?? []).filter { $0.address == record.addresses[participant.id] }
        guard networks.contains(where: { CIDR($0.address, prefix: $0.prefix)?.contains(address) == true }) else {
            return "\(address) is not in the network of \(node)'s own address"
        }
        return whyNotWithout(participant)
    }

    /// Why a manager cannot be away all of a sudden: until it is demoted it counts.
    func whyNotWithout(_ participant: Participant) -> String? {
        guard let member = member(participant), member.role == .manager, let view else { return nil }
        return whyNotCutOff(member, view).map { "\(participant.entry.name) is a manager, and \($0)" }
    }

    /// Nobody else leads the swarm in any case.
    func isOnlyManager(_ participant: Participant) -> Bool {
        guard let member = member(participant), let view else { return false }
        return member.role == .manager && !view.members.contains { $0.role == .manager && $0.id != member.id }
    }
}

extension Planner {
    /// Why a drill cannot be begun; nil when it can. The cluster must be ready: else nobody could tell what the drill did.
    public func whyNotDrill(_ name: DrillName, on node: NodeID, address: IPAddress? = nil, _ snapshot: Snapshot, now: Instant) -> String? {
        guard case .up = snapshot.record.lifecycle else { return "the cluster is being taken down" }
        if let run = snapshot.record.drill, run.ended == nil { return "the drill \(run.name.rawValue) on \(run.nodeName) is under way" }
        let plan = plan(snapshot, now: now)
        guard plan.ready else {
            let why = plan.waits.first.map { "\($0.what) waits for \($0.waitsFor)" } ?? plan.conditions.first { $0.status != .true }?.message
            return "the cluster is not ready: \(why ?? plan.phase)"
        }
        let planning = Planning(snapshot, now: now)
        guard let participant = planning.participants.first(where: { $0.id == node }) else { return "it is no node of the file" }
        return planning.whyNotDrill(name, participant, address)
    }
}
