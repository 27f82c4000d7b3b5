import SkepModel

/// Plans whom the engine trusts beside the system's list when it pulls images. It reads that at each pull, and need not be told.
struct RegistryPlanner {
    let context: PlanningContext

    func plan() -> Part {
        let wanted = context.spec.authorities ?? [:]
        switch context.observation.authorities {
        case .failed(let error): return wanted.isEmpty ? .nothing : context.blind(.registries, "the authorities of registries", error)
        case .seen(let seen):
            guard seen != wanted else {
                guard !wanted.isEmpty else { return .nothing }
                let hosts = wanted.keys.sorted().joined(separator: ", ")
                return Part(condition: context.condition(.registries, .true, "Trusted", "the authorities of \(hosts)"))
            }
            return context.pending(
                .registries, [.writeAuthorities(wanted)], reason: "Writing", doing: "writing the authorities of registries",
                cause: Cause(.registryAuthority, "what the engine trusts was something else"))
        }
    }
}
