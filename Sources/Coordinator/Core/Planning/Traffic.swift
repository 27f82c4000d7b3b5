import SkepModel

/// Has the members try what passes between them, over the swarm's own networks, and says what they found.
extension Planning {
    /// The members' ends in the ingress network, looked up once for all.
    struct TrafficPlan {
        var ends: [CanaryRequest.Target]
        /// Where a node's own end is among them.
        var places: [NodeID: Int]
    }

    /// In a large cluster each node tries so many others, those that follow it in the file.
    static let canaryWidth = 16
    /// More ports than any swarm publishes by intention.
    static let portLimit = 512

    /// Those that are heard, each with an address that is no other's.
    var trafficPlan: TrafficPlan {
        var owners: [IPAddress: Int] = [:]
        let named = participants.compactMap { participant -> CanaryRequest.Target? in
            guard let address = participant.status?.canary?.address, address.isV4, participant.isHeard, isMember(participant) else { return nil }
            owners[address, default: 0] += 1
            return CanaryRequest.Target(node: participant.id, address: address)
        }
        let ends = owners.count == named.count ? named : named.filter { owners[$0.address] == 1 }
        let places = Dictionary(ends.enumerated().map { ($0.element.node, $0.offset) }) { first, _ in first }
        return TrafficPlan(ends: ends, places: places)
    }

    /// Ports behind which a task runs, or has run while its service is still wanted: a task that comes and goes changes no node's spec. They stay while
    /// the swarm cannot be asked.
    mutating func nameMeshPorts() {
        guard let view else { return }
        let former = Set(record.meshPorts ?? [])
        var ports: Set<UInt16> = []
        for service in view.stacks.flatMap(\.services) where service.desired > 0 {
            for port in service.ports ?? [] where service.running > 0 || former.contains(port) { ports.insert(port) }
        }
        let named = Array(ports.sorted().prefix(Self.portLimit))
        if named != record.meshPorts ?? [] { record.meshPorts = named }
    }

    /// Ports of the file's stacks behind which a task runs now: what others publish is tried and shown, and holds nothing up. Nil while the swarm cannot
    /// be asked.
    private var portsThatCount: Set<UInt16>? {
        guard let view else { return nil }
        let names = Set(spec.stacks.map(\.name.rawValue))
        let services = view.stacks.filter { names.contains($0.name) }.flatMap(\.services).filter { $0.running > 0 }
        return Set(services.flatMap { $0.ports ?? [] })
    }

    /// Nil for a node that is not in the swarm yet, and for an agent that cannot try.
    func canary(for participant: Participant, _ traffic: TrafficPlan) -> CanaryRequest? {
        guard participant.status?.canary != nil, isMember(participant) else { return nil }
        guard let own = traffic.places[participant.id] else {
            // its own end is found out first; the others cannot be tried without it
            return CanaryRequest(targets: [], ports: record.meshPorts ?? [])
        }
        let others = (0..<min(Self.canaryWidth, traffic.ends.count - 1)).map { traffic.ends[(own + 1 + $0) % traffic.ends.count] }
        return CanaryRequest(targets: others, ports: record.meshPorts ?? [])
    }

    /// What was found between members that are heard.
    struct TrafficFindings {
        var failingPaths: [String] = []
        var failingPorts: [String] = []
        /// What is still to be tried, or cannot be.
        var openPaths: [String] = []
        var openPorts: [String] = []
        /// Something was asked for and has no answer yet.
        var isPending = false
    }

    func trafficFindings() -> TrafficFindings {
        var found = TrafficFindings()
        let counting = portsThatCount
        let heard = Dictionary(participants.filter { $0.isHeard && isMember($0) }.map { ($0.id, $0) }) { first, _ in first }
        for participant in participants where heard[participant.id] != nil {
            guard let report = participant.status?.canary, let asked = plan.nodeSpecs[participant.id]?.canary else { continue }
            let name = participant.entry.name.rawValue
            if let trouble = report.trouble {
                found.openPaths.append("\(name): \(trouble)")
                if !report.isTroubled { found.isPending = true }
            } else if report.at == nil || report.address == nil {
                found.openPaths.append("\(name) has not tried yet")
                found.isPending = true
            } else if let at = report.at, let age = participant.node.age(of: at, now: now), age > CanaryReport.oldest {
                found.openPaths.append("\(name) has tried nothing for \(Self.span(age))")
                found.isPending = true
            }
            for (index, target) in asked.targets.enumerated() {
                let path = report.path(to: target, near: index)
                if path?.trial.verdict == .true { continue }
                guard let other = heard[target.node] else { continue }
                guard let path, path.trial.verdict != .unknown else {
                    if report.trouble == nil {
                        found.openPaths.append("\(name) → \(other.entry.name) was not tried yet")
                        found.isPending = true
                    }
                    continue
                }
                guard path.trial.verdict == .false else { continue }
                found.failingPaths.append(
                    "\(name) → \(other.entry.name): \(path.failure(mtu: report.mtu))\(whenPassed(path.trial, participant))")
            }
            for (index, number) in asked.ports.enumerated() where counting?.contains(number) == true {
                guard let port = report.port(number, near: index), port.trial.verdict != .unknown else {
                    found.openPorts.append("\(number) on \(name) was not tried yet")
                    found.isPending = true
                    continue
                }
                if port.trial.verdict == .false {
                    found.failingPorts.append("\(number) on \(name): \(port.failure ?? "no answer")\(whenPassed(port.trial, participant))")
                }
            }
        }
        if counting == nil { found.openPorts.append("no manager can be asked which ports are published") }
        return found
    }

    private func whenPassed(_ trial: CanaryReport.Trial, _ participant: Participant) -> String {
        guard let passed = trial.passed, let age = participant.node.age(of: passed, now: now) else { return "" }
        return " (last passed \(Self.span(age)) ago)"
    }

    func trafficConditions(_ found: TrafficFindings) -> [Condition] {
        let port = record.decisions?.dataPathPort ?? 4789
        return [
            condition(
                "OverlayPasses", failing: found.failingPaths, open: found.openPaths,
                good: "small and large packets pass between all members that are heard",
                help: "see what drops or cuts UDP \(port) between these machines (a firewall in between, a smaller MTU: `ping -M do -s SIZE`)"),
            condition(
                "MeshAnswers", failing: found.failingPorts, open: found.openPorts,
                good: "every port that the file's stacks publish, with a task that runs, answers on every member",
                help: "`docker service ps SERVICE` says whether its container listens; if it answers elsewhere, the node's own mesh is broken"),
        ]
    }

    private func condition(_ type: String, failing: [String], open: [String], good: String, help: String) -> Condition {
        func words(_ lines: [String]) -> String { lines.prefix(3).joined(separator: "; ") + (lines.count > 3 ? "; and \(lines.count - 3) more" : "") }
        let (status, reason, message): (Truth, String, String) =
            if !failing.isEmpty { (.false, "DoesNotPass", "\(words(failing)); \(help)") } else if !open.isEmpty {
                (.unknown, Condition.notTried, words(open))
            } else { (.true, "Passes", good) }
        return Condition(.init(rawValue: type), status, reason: reason, message: message, since: now, generation: snapshot.generation)
    }
}
