internal import SkepModel

/// All that a manager's engine said in one look, and what follows from it.
struct SwarmLook {
    var cluster: EngineInfo.ClusterPart
    var nodes: [NodeEntry]
    var services: [ServiceEntry]
    /// Tasks of the services that ``needTasks(_:nodes:)`` names; of others there may be none.
    var tasks: [TaskEntry]
    var networks: [NetworkEntry]

    /// Those whose tasks are needed to say what truly runs of them, and why they are not as they should be. `lost` are the tasks of nodes that are down.
    static func needTasks(_ services: [ServiceEntry], nodes: [NodeEntry], lost: [TaskEntry] = []) -> [ServiceEntry] {
        let hurt = Set(lost.filter { $0.Status?.State == "running" }.compactMap(\.ServiceID))
        return services.filter { service in
            guard !hurt.contains(service.ID), let counts = counts(service, tasks: [], nodes: nodes) else { return true }
            let differs = service.isJob ? counts.running < counts.desired : counts.running != counts.desired
            return differs || service.isUpdating || service.hasFailedUpdate
        }
    }

    /// `failures` are the Docker CLI's words on stacks that it refused, `handed` what the swarm was given last.
    func view(failures: [String: String], handed: [String: StackBundle.Attempt] = [:]) -> ManagerView {
        // For a moment after it is made anew, a node lists the former ingress network too.
        let overlays = networks.filter { network in
            network.isSwarmOverlay && !(network.Ingress == true && network.mtu == nil && networks.contains { $0.Ingress == true && $0.mtu != nil })
        }
        var view = ManagerView(
            swarmID: cluster.ID, ingressMTU: overlays.first { $0.Ingress == true }?.mtu, members: nodes.map(\.member).sorted { $0.id < $1.id },
            networks: overlays.filter { $0.stack == nil }.map { .init(name: $0.Name, ours: $0.isOurs) }.sorted { $0.name < $1.name },
            stacks: stacks(overlays, failures, handed), tokenEpoch: cluster.Spec?.Labels?[SkepLabel.tokenEpoch].flatMap { Int($0) } ?? 0,
            term: cluster.Spec?.Labels?[SkepLabel.term].flatMap { Int($0) } ?? 0)
        view.addresses = overlays.compactMap(addressUse).sorted { $0.network < $1.network }
        return view
    }

    /// One for the gateway, one for each node that has tasks on it, for its load balancer, one for each service's own address and one for each task. Every
    /// node is on the ingress network.
    private func addressUse(_ network: NetworkEntry) -> ManagerView.AddressUse? {
        let pools = (network.IPAM?.Config ?? []).compactMap { $0.Subnet.flatMap { CIDR($0) } }.filter { $0.address.isV4 && $0.prefix <= 30 }
        guard !pools.isEmpty else { return nil }
        let isIngress = network.Ingress == true
        let attached = services.filter { isIngress ? $0.virtualNetworks.contains(network.Id) : $0.networks.contains(network.Id) }
        let running = attached.reduce(0) { sum, service in
            let counts = Self.counts(service, tasks: tasks, nodes: nodes) ?? (0, 0)
            return sum + max(counts.running, counts.desired)
        }
        let own = attached.count { $0.virtualNetworks.contains(network.Id) }
        return .init(
            network: network.Name, size: pools.reduce(0) { $0 + (1 << (32 - $1.prefix)) - 2 },
            used: 1 + (isIngress ? nodes.count : min(nodes.count, running)) + own + running)
    }

    private func stacks(
        _ overlays: [NetworkEntry], _ failures: [String: String], _ handed: [String: StackBundle.Attempt]
    ) -> [ManagerView.Stack] {
        let byStack = Dictionary(grouping: services.filter { $0.stack != nil }) { $0.stack ?? "" }
        // Networks of ours without services: a removal, or a first deployment, that was cut short.
        let remains = overlays.filter(\.isOurs).compactMap(\.stack)
        let names = Set(byStack.keys).union(remains).union(failures.keys)
        return names.sorted().map { name in
            let members = byStack[name] ?? []
            let services = members.map(service).sorted { $0.name < $1.name }
            let back = handed[name].flatMap { handed in
                members.filter { $0.wasTakenBack && $0.labels[SkepLabel.bundle] != handed.digest }.map(\.Spec.Name).min()
            }
            let error = back.map { back in
                "the swarm took \(back) back to what ran before: \(services.first { $0.name == back }?.error ?? "its new tasks failed")"
            }
            return ManagerView.Stack(
                name: name, ours: members.allSatisfy(\.isOurs), services: services, failure: failures[name] ?? error,
                takenBack: back == nil ? nil : handed[name])
        }
    }

    private func service(_ entry: ServiceEntry) -> ManagerView.Service {
        let counts = Self.counts(entry, tasks: tasks, nodes: nodes) ?? (0, 0)
        return ManagerView.Service(
            name: entry.Spec.Name, running: counts.running, desired: counts.desired, bundle: entry.labels[SkepLabel.bundle],
            error: error(entry, counts), updating: entry.isUpdating, digest: entry.digest.text,
            ports: entry.isJob ? [] : entry.meshPorts, attempt: entry.labels[SkepLabel.attempt].flatMap { Int($0) },
            stuck: isStuck(entry) ? true : nil, image: entry.Spec.TaskTemplate?.ContainerSpec?.Image)
    }

    /// A task waits for a node that satisfies the constraints, in the scheduler's words, and a member does.
    private func isStuck(_ service: ServiceEntry) -> Bool {
        guard !service.isUpdating, PlacementConstraint.eligible(service.constraints, nodes)?.isEmpty == false else { return false }
        return tasks.contains { task in
            task.ServiceID == service.ID && task.DesiredState == "running" && task.Status?.State == "pending"
                && task.Status?.Err?.contains("scheduling constraints not satisfied") == true
                // as many nodes do not fit for other reasons, such as room or a taken port
                && task.Status?.Err?.contains(";") == false
        }
    }

    /// Of a job, what is completed of what is asked for. A global service is wanted on every member that may run it, also in the moment before its tasks are
    /// made. Where its tasks are given they are counted: the engine's own figures, which `docker service ls` shows, have those that are being shut down and
    /// those of nodes that are down among the running ones (swarmkit, manager/controlapi/service.go, ListServiceStatuses). Nil when the engine gave no
    /// figures and there are no tasks to count.
    private static func counts(_ service: ServiceEntry, tasks: [TaskEntry], nodes: [NodeEntry]) -> (running: Int, desired: Int)? {
        let own = tasks.filter { $0.ServiceID == service.ID }
        guard service.ServiceStatus != nil || !own.isEmpty else { return service.Spec.Mode?.Replicated?.Replicas.map { (0, $0) } }
        let wanted = own.filter { $0.DesiredState == "running" }
        let down = Set(nodes.filter(\.isDown).map(\.ID))
        let running =
            if service.isJob {
                service.ServiceStatus?.CompletedTasks ?? own.count { $0.Status?.State == "complete" }
            } else if let figures = service.ServiceStatus, own.isEmpty {
                figures.RunningTasks ?? 0
            } else {
                wanted.count { $0.Status?.State == "running" && !down.contains($0.NodeID ?? "") }
            }
        var desired =
            service.Spec.Mode?.ReplicatedJob?.TotalCompletions ?? service.ServiceStatus?.DesiredTasks ?? service.Spec.Mode?.Replicated?.Replicas
            ?? wanted.count
        if service.isGlobal, let eligible = PlacementConstraint.eligible(service.constraints, nodes) { desired = max(desired, eligible.count) }
        return (running, desired)
    }

    /// At most so many different errors of one service are said.
    private static let errorLimit = 3

    /// The newest error of each of the service's slots, or of each node of a global one, that has one now, newest first, with the node's name; nil
    /// while all is well.
    private func error(_ service: ServiceEntry, _ counts: (running: Int, desired: Int)) -> String? {
        if service.isGlobal, counts.desired == 0 {
            let words = service.constraints.joined(separator: ", ")
            return words.isEmpty ? "no node is ready to run it" : "no node matches \(words)"
        }
        guard counts.running < counts.desired || service.isUpdating || service.hasFailedUpdate else { return nil }
        let places = Dictionary(grouping: tasks.filter { $0.ServiceID == service.ID }) { task in
            task.Slot.flatMap { $0 > 0 ? "slot \($0)" : nil } ?? task.NodeID ?? ""
        }
        let failed = places.values.compactMap { tasks -> TaskEntry? in
            // what runs there now is no trouble any more, but for an update that begins a new task beside it
            guard
                service.isUpdating || service.hasFailedUpdate
                    || !tasks.contains(where: { $0.Status?.State == "running" && $0.DesiredState == "running" })
            else { return nil }
            return tasks.filter { $0.Status?.Err?.isEmpty == false }.max { $0.changed < $1.changed }
        }
        var errors: [String] = []
        for task in failed.sorted(by: { ($0.changed, $0.ID) > ($1.changed, $1.ID) }) {
            guard let words = task.Status?.Err else { continue }
            let place = task.NodeID.flatMap { id in id.isEmpty ? nil : nodes.first { $0.ID == id }?.hostname ?? id }
            let said = place.map { "\(words) (on \($0))" } ?? words
            if !errors.contains(said) { errors.append(said) }
        }
        guard !errors.isEmpty else { return service.hasFailedUpdate ? service.UpdateStatus?.Message : nil }
        let more = errors.count - Self.errorLimit
        return errors.prefix(Self.errorLimit).joined(separator: "; ") + (more > 0 ? "; and \(more) more" : "")
    }
}
