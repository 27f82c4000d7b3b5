import SkepModel

/// What someone changed by hand of a service that Skep deployed (`docker service update`, `docker service scale`): it is deployed again.
struct StackDrift {
    /// As remembered; a stack that is not there has not been seen since it was deployed.
    let deployed: [String: AgentMemory.Deployed]

    /// The services of the stack that are no longer as they were.
    func services(of bundle: StackBundle, _ stack: ManagerView.Stack) -> [String] {
        guard let known = deployed[stack.name], known.bundle == bundle.digest, known.number ?? 0 == bundle.attempt.number else { return [] }
        return stack.services.filter { service in
            guard let former = known.services[service.name], let digest = service.digest else { return false }
            return former != digest
        }.map(\.name)
    }

    /// What is to be remembered after a look: the first one that shows the bundle deployed, by this version of the engine, counts.
    static func remember(_ former: [String: AgentMemory.Deployed]?, _ spec: NodeSpec, _ seen: Observation) -> [String: AgentMemory.Deployed]? {
        guard let bundles = spec.duties?.stacks, case .seen(let view)? = seen.manager, case .running(let engine, _)? = seen.engine.value else {
            return former
        }
        var deployed = (former ?? [:]).filter { entry in bundles.contains { $0.name.rawValue == entry.key } }
        for bundle in bundles where DutyPlanner.isDeployed(bundle, view) {
            let name = bundle.name.rawValue
            if let known = deployed[name], known.bundle == bundle.digest, known.number ?? 0 == bundle.attempt.number, known.engine == engine {
                continue
            }
            let services = view.stacks.first { $0.name == name }?.services ?? []
            let digests = services.compactMap { service in service.digest.map { (service.name, $0) } }
            deployed[name] = .init(bundle: bundle.digest, number: bundle.number, engine: engine, services: Dictionary(digests) { $1 })
        }
        return deployed
    }
}
