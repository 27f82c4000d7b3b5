public import SkepModel

/// What the coordinator is told.
extension AgentBrain {
    /// What is reported: the last look, with conditions.
    public func status(_ observation: Observation, node: NodeID, bootID: String, version: String, now: Instant) -> NodeStatus {
        var manager = observation.manager?.value
        manager?.sealed = sealed.values.sorted { $0.node < $1.node }
        manager?.refusedSealings = refused
        for (action, failure) in failures {
            guard case .deployStack(let bundle) = action else { continue }
            if let index = manager?.stacks.firstIndex(where: { $0.name == bundle.name.rawValue }) {
                manager?.stacks[index].failure = failure.message
            } else {
                manager?.stacks.append(.init(name: bundle.name.rawValue, ours: true, services: [], failure: failure.message))
            }
        }
        // an engine that did not answer in time is not an engine that is gone
        var swarm = observation.swarm.value ?? lastSwarm ?? SwarmStatus(state: .unknown)
        if swarm.swarmID == nil, swarm.state == .active, let remembered = memory.swarm, !remembered.hasPrefix("making:") {
            swarm.swarmID = remembered
        }
        var status = NodeStatus(
            node: node, bootID: bootID, agentVersion: version, observed: now, revision: judged?.revision ?? 0, generation: judged?.generation,
            facts: observation.facts, swarm: swarm, manager: manager, probe: observation.probe, conditions: conditions,
            progress: progress, events: Array(memory.events.prefix(100)), firewall: firewallStatus(observation, now),
            shares: memory.steadiness?.known)
        var canary = observation.canary ?? CanaryReport()
        if canary.at == nil { canary.address = memory.ingress }
        status.canary = canary
        status.images = observation.images
        if let wanted = spec?.folders, case .seen(let seen) = observation.boundFolders {
            status.folders = wanted.filter { path in seen[path].map { BoundFolders.isThere(path, $0, memory.folderMounts?[path]) } ?? false }
        }
        return status
    }

    private var progress: String? {
        let words = running.sorted { $0.key < $1.key }.map(\.value.words)
        return words.isEmpty ? nil : words.joined(separator: "; ")
    }

    private func firewallStatus(_ observation: Observation, _ now: Instant) -> FirewallStatus {
        var state = FirewallStatus.Trial.none
        if let trial = memory.firewall.trial {
            state = .running(until: trial.until ?? now, outboundSeen: trial.outbound, inboundSeen: trial.inbound)
        } else if memory.firewall.undone != nil, let at = memory.firewall.undoneAt {
            state = .undone(at: at, missing: memory.firewall.missing ?? "")
        }
        return FirewallStatus(installed: observation.table.value?.listing, trial: state)
    }
}
