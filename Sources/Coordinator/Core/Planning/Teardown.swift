import SkepModel

/// Takes everything back that we made, in an order that works; each stage is recorded before the next begins.
extension Planning {
    mutating func tearDown(_ teardown: ClusterRecord.Teardown) {
        abandonDrill()
        if open?.kind != .teardown, teardown.stage != .gone {
            if open != nil { end("interrupted", failed: "the cluster is taken down") }
            begin(.teardown, "the cluster is taken down")
        }
        var stage = teardown.stage
        if stage != .gone, let next = ClusterRecord.Teardown.Stage.allCases.first(where: { $0 > stage }), waitsIn(stage).isEmpty {
            step(stage.rawValue, Self.words(stage))
            stage = next
            record.lifecycle = .down(.init(stage: next, purge: teardown.purge))
            if next == .gone { end("the cluster is down") }
        } else {
            for reason in waitsIn(stage) { wait(Self.words(stage), for: reason) }
            let reasons = waitsIn(stage).joined(separator: "; ")
            if stage != .gone { amend { $0.waitsFor = reasons } }
        }
        nameActing()
        let peers = peers
        let firewall = FirewallCompiler(planning: self)
        for participant in participants { plan.nodeSpecs[participant.id] = wanted(participant, stage, teardown, peers, firewall) }
        plan.phase = stage == .gone ? "down" : "going down: \(Self.words(stage))"
        plan.ready = false
        plan.stacks = (view?.stacks ?? []).filter(\.ours).map { StackView(name: $0.name, ready: false, services: $0.services, reason: "going down") }
    }

    private static func words(_ stage: ClusterRecord.Teardown.Stage) -> String {
        switch stage {
        case .stacks: "removing stacks"
        case .networks: "removing networks"
        case .mounts: "unmounting shares"
        case .exports: "ending exports"
        case .workers: "workers leave"
        case .managers: "managers leave"
        case .hosts: "putting back what was found"
        case .gone: "gone"
        }
    }

    /// What a stage still waits for; empty when it is over.
    private func waitsIn(_ stage: ClusterRecord.Teardown.Stage) -> [String] {
        let silent = participants.filter { !$0.isHeard }.map(Self.goOnWithout)
        switch stage {
        case .stacks:
            guard record.swarm != nil else { return [] }
            guard let view else { return whoCouldRead }
            return view.stacks.filter(\.ours).map { "stack \($0.name)" }
        case .networks:
            guard record.swarm != nil else { return [] }
            guard let view else { return whoCouldRead }
            return view.networks.filter(\.ours).map { "network \($0.name)" }
        case .mounts: return silent + lingering(.mounts)
        case .exports: return silent + lingering(.exports)
        case .workers: return silent + participants.filter { isInSwarm($0) && $0.status?.swarm.isManager != true }.map { "\($0.entry.name) to leave" }
        case .managers: return silent + participants.filter(isInSwarm).map { "\($0.entry.name) to leave" }
        case .hosts: return silent + [Condition.Kind.firewall, .dockerAPI, .registries, .daemonConfig, .sysctls, .packages].flatMap { lingering($0) }
        case .gone: return []
        }
    }

    /// Who may be a manager and would tell what the swarm still has, which is whoever has not said otherwise; with none, all of it goes as its last
    /// members leave.
    private var whoCouldRead: [String] {
        let managers = participants.filter { participant in
            guard let swarm = participant.status?.swarm else { return true }
            return swarm.isManager || (participant.entry.role == .manager && swarm.state != .inactive)
        }
        return managers.contains(where: \.isHeard) ? ["a manager that answers"] : managers.map(Self.goOnWithout)
    }

    private static func goOnWithout(_ silent: Participant) -> String {
        "\(silent.entry.name), which is not heard (`skep node evict \(silent.entry.name)` goes on without it)"
    }

    private func lingering(_ type: Condition.Kind) -> [String] {
        participants.compactMap { participant in participant.status?.condition(type).map { "\(participant.entry.name): \($0.message)" } }
    }

    private func wanted(
        _ participant: Participant, _ stage: ClusterRecord.Teardown.Stage, _ teardown: ClusterRecord.Teardown, _ peers: [Peer],
        _ firewall: FirewallCompiler
    ) -> NodeSpec {
        var wanted = base(participant, peers)
        if stage < .hosts {
            wanted.docker = docker
            wanted.sysctls = participant.entry.sysctls
            wanted.firewall = firewall.compile(for: participant)
            if stage < .exports { wanted.shares = shares(participant, mounts: stage < .mounts) }
        } else {
            wanted.purge = teardown.purge
        }
        if let swarm = record.swarm {
            let isManager = participant.status?.swarm.isManager == true
            let leaves = isManager ? stage >= .managers && (isLastToLeave(participant) || participant.id != acting?.id) : stage >= .workers
            wanted.swarm = leaves ? .leave(swarm: swarm) : isInSwarm(participant) ? .member(swarm: swarm) : .undecided
            wanted.knownMember = knownMember(participant)
        }
        if participant.id == acting?.id, stage < .workers {
            wanted.duties = ManagerDuties(term: record.term, networks: stage == .stacks ? keptNetworks : [], tokenEpoch: record.tokenEpoch)
        }
        return wanted
    }

    private var keptNetworks: [ManagerDuties.Network] {
        spec.networks.map { .init(name: $0.name, attachable: $0.attachable, encrypted: $0.encrypted, subnet: $0.subnet, mtu: nil) }
    }

    /// The acting manager leaves when no other member is left.
    private func isLastToLeave(_ participant: Participant) -> Bool { !participants.contains { $0.id != participant.id && isInSwarm($0) } }
}
