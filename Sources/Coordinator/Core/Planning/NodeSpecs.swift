import SkepModel

/// Puts together the complete wanted state of each node.
extension Planning {
    mutating func assemble() {
        nameActing()
        record.sharesServed = record.sharesServed || serverExports
        nameMeshPorts()
        let firewall = FirewallCompiler(planning: self)
        let (peers, docker, traffic) = (peers, docker, trafficPlan)
        for participant in participants {
            var wanted = base(participant, peers)
            wanted.docker = docker
            if isRestarted(participant) { wanted.docker?.restart = true }
            wanted.sysctls = participant.entry.sysctls
            wanted.authorities = spec.docker.authorities
            wanted.api = api(participant)
            if participant.status != nil { wanted.firewall = firewall.compile(for: participant) }
            wanted.shares = shares(participant, mounts: true)
            wanted.folders = folders(participant)
            wanted.swarm = swarm(participant)
            wanted.knownMember = knownMember(participant)
            wanted.probe = probe(participant)
            wanted.drill = drill(for: participant)
            wanted.canary = canary(for: participant, traffic)
            if participant.id == acting?.id {
                wanted.duties = duties()
                wanted.images = snapshot.images
            }
            plan.nodeSpecs[participant.id] = wanted
        }
        for leaving in leaving {
            guard leaving.status != nil else { continue }
            if isLingering(leaving) {
                guard acting != nil else { continue }
                var wanted = lingering(leaving, peers, firewall)
                if leaving.id == acting?.id { wanted.duties = duties() }
                plan.nodeSpecs[leaving.id] = wanted
            } else {
                plan.nodeSpecs[leaving.id] = bare(leaving)
            }
        }
    }

    func base(_ participant: Participant, _ peers: [Peer]) -> NodeSpec {
        NodeSpec(
            cluster: spec.name, node: participant.id, name: participant.entry.name, generation: snapshot.generation, role: participant.entry.role,
            peers: peers, beat: snapshot.settings.beat)
    }

    var peers: [Peer] {
        participants.map { Peer(node: $0.id, name: $0.entry.name, address: record.addresses[$0.id], key: $0.node.key, enrolment: $0.node.enrolment) }
            .sorted { $0.name < $1.name }
    }

    var docker: NodeSpec.Docker {
        let mtu = record.decisions.map(\.mtu)
        return NodeSpec.Docker(
            package: spec.docker.package, hold: spec.docker.hold, mirrors: spec.docker.mirrors, insecure: spec.docker.insecure,
            mtu: mtu == 1500 ? nil : mtu)
    }

    /// Docker's API over TLS, on managers.
    private func api(_ participant: Participant) -> DockerAPISpec? {
        guard spec.docker.tlsAPI, participant.entry.role == .manager, let api = record.api else { return nil }
        let server = api.servers[participant.id]
        let isAnswer = server != nil && server?.request == participant.status?.facts.apiRequest
        return DockerAPISpec(
            certificate: isAnswer ? server?.certificate : nil, authority: api.authority,
            clients: api.credentials.filter { $0.isGood(at: now) }.map(\.certificate))
    }

    /// What the certificate of a manager's API is for: its name, the address that is advertised, and what the file adds; nil while no address is known.
    func apiNames(of id: NodeID) -> [String]? {
        guard spec.docker.tlsAPI, let address = record.addresses[id],
            let participant = participants.first(where: { $0.id == id && $0.entry.role == .manager })
        else { return nil }
        return [participant.entry.name.rawValue, "\(address)"] + (spec.docker.tlsNames ?? [])
    }

    /// Gives each new share the next number.
    mutating func numberShares() {
        for share in spec.nfs?.shares ?? [] where record.shareNumbers[share.name] == nil {
            record.shareNumbers[share.name] = (record.shareNumbers.values.max() ?? 0) + 1
        }
    }

    private var serverExports: Bool {
        guard let nfs = spec.nfs, let server = byName[nfs.server] else { return false }
        return record.addresses[server.id] != nil && server.status?.condition(.exports)?.status == .true
    }

    func shares(_ participant: Participant, mounts: Bool) -> NodeSpec.Shares? {
        guard let nfs = spec.nfs else { return nil }
        if participant.entry.name == nfs.server {
            let exports = nfs.shares.compactMap { share -> NodeSpec.Export? in
                guard let number = record.shareNumbers[share.name] else { return nil }
                return NodeSpec.Export(
                    name: share.name, path: share.path, mount: mounts ? share.mount : share.path, owner: share.owner, mode: share.mode,
                    fsid: number,
                    clients: clients(of: share, server: nfs.server))
            }
            return NodeSpec.Shares(v3: nfs.v3, exports: exports)
        }
        guard mounts else { return nil }
        var wanted = NodeSpec.Shares(v3: nfs.v3, client: true)
        if record.sharesServed, let server = byName[nfs.server], let address = record.addresses[server.id] {
            wanted.mounts = nfs.shares.map { share in
                NodeSpec.Mount(
                    name: share.name, server: address, path: share.path, mount: share.mount, write: share.write.contains(participant.entry.name))
            }
        }
        return wanted
    }

    /// Folders that the spec's stacks bind on that node.
    private func folders(_ participant: Participant) -> [String]? {
        let paths = spec.stacks.flatMap { folders(of: $0.name, on: participant) }
        return paths.isEmpty ? nil : Set(paths).sorted()
    }

    /// Folders that a stack binds where it may run on that node, as far as the constraints can be told.
    func folders(of stack: StackName, on participant: Participant) -> [String] {
        guard let binds = snapshot.bundles[stack]?.binds, isMember(participant) else { return [] }
        return binds.filter { mayRun($0.constraints, on: participant) }.map(\.path)
    }

    /// Whether constraints let a task run on the node; yes where it cannot be told.
    func mayRun(_ constraints: [String], on participant: Participant) -> Bool {
        guard !constraints.isEmpty else { return true }
        let member = self.member(participant)
        // what the members are about to have goes before what is there; what comes and goes with a share's health says nothing of where a task belongs
        var labels = (member?.labels ?? [:]).merging(participant.entry.labels) { $1 }
        labels["skep.node"] = participant.entry.name.rawValue
        for share in spec.nfs?.shares ?? [] where share.write.contains(participant.entry.name) { labels["skep.write.\(share.name)"] = "true" }
        let constraints = constraints.filter { PlacementConstraint($0)?.key.hasPrefix("node.labels.skep.share.") != true }
        let known = PlacementConstraint.Member(id: member?.id, hostname: member?.hostname, role: participant.entry.role, labels: labels)
        return !constraints.contains { PlacementConstraint($0)?.admits(known) == false }
    }

    private func clients(of share: ClusterSpec.Share, server: NodeName) -> [NodeSpec.Export.Client] {
        participants.filter { $0.entry.name != server }.compactMap { participant in
            record.addresses[participant.id].map { .init(address: $0, write: share.write.contains(participant.entry.name)) }
        }.sorted { $0.address < $1.address }
    }

    private func swarm(_ participant: Participant) -> NodeSpec.Swarm {
        guard let decisions = record.decisions else { return .undecided }
        guard let swarm = record.swarm else {
            guard participant.id == decisions.initialiser, let operation = open, operation.kind == .initialise,
                let advertise = record.addresses[participant.id], whyNotReadyToJoin(participant) == nil
            else { return .undecided }
            return .initialise(
                .init(
                    operation: operation.id, advertise: advertise, addressPool: decisions.addressPool, dataPathPort: decisions.dataPathPort,
                    heartbeat: snapshot.settings.swarmHeartbeat))
        }
        if isMember(participant) { return leavesToBeReaddressed(participant) ? .leave(swarm: swarm) : .member(swarm: swarm) }
        guard joining.contains(where: { $0.id == participant.id }), let sealed = sealedToken(participant.id),
            let own = record.addresses[participant.id]
        else { return .member(swarm: swarm) }
        let remotes = participants.filter { isMember($0) && $0.status?.swarm.isManager == true }.compactMap { record.addresses[$0.id] }
        return .join(.init(swarm: swarm, advertise: own, remotes: remotes.map { $0.isV4 ? "\($0):2377" : "[\($0)]:2377" }, sealedToken: sealed))
    }

    /// Docker's id of a node that is no member by its own word and is one by the acting manager's: its agent was installed anew.
    func knownMember(_ participant: Participant) -> String? {
        guard !isMember(participant), let member = member(participant), member.labels["skep.node"] == participant.entry.name.rawValue else {
            return nil
        }
        return member.id
    }

    private func probe(_ participant: Participant) -> ProbeRequest? {
        guard record.decisions == nil, record.probeRound > 0, record.probeNodes.contains(participant.id) else { return nil }
        let others = participants.filter { $0.id != participant.id && record.probeNodes.contains($0.id) }
        return ProbeRequest(
            round: record.probeRound, targets: others.map { .init(node: $0.id, addresses: candidateAddresses($0)) },
            dataPathPorts: triedDataPathPorts)
    }

    private func duties() -> ManagerDuties {
        let allowed = allowedStacks()
        let mtu = record.decisions.flatMap { $0.mtu == 1500 ? nil : $0.mtu }
        return ManagerDuties(
            term: record.term, members: members(), remove: staleMembers(),
            networks: spec.networks.map { .init(name: $0.name, attachable: $0.attachable, encrypted: $0.encrypted, subnet: $0.subnet, mtu: mtu) },
            sealings: joining.map { .init(node: $0.id, certificate: $0.node.certificate) }, tokenEpoch: record.tokenEpoch, stacks: allowed.stacks,
            keep: allowed.keep, ingressMTU: mtu)
    }

    private func members() -> [ManagerDuties.Member] {
        participants.compactMap { participant in
            guard let member = member(participant), isMember(participant) else { return nil }
            var labels = participant.entry.labels
            labels["skep.node"] = participant.entry.name.rawValue
            for share in spec.nfs?.shares ?? [] {
                if share.write.contains(participant.entry.name) { labels["skep.write.\(share.name)"] = "true" }
                // of one that is not heard nothing new is known: a label that goes takes its tasks away
                let label = "skep.share.\(share.name)"
                labels[label] = participant.status?.shares?[share.name]?.rawValue ?? member.labels[label]
            }
            let promoting = open?.kind == .promote && open?.nodes == [participant.id]
            return .init(
                id: member.id, name: participant.entry.name,
                role: promoting ? participant.entry.role : isReaddressed(participant) ? .worker : member.role, labels: labels,
                activate: spec.policy.drainedByHand == .restore ? true : nil)
        } + [departingMember()].compactMap { $0 }
    }
}
