import SkepModel

/// Plans Docker's API over TLS: a key of the node's own, and a server before the engine's socket that lets in whom the coordinator names.
struct DockerAPIPlanner {
    let context: PlanningContext

    /// Terminates TLS before the engine's socket.
    static let package = "stunnel4"

    func plan() -> Part {
        guard let wanted = context.spec.api else {
            guard case .seen(let seen) = context.observation.api, seen.isThere else { return .nothing }
            return context.pending(.dockerAPI, [.removeAPI], reason: "Removing", doing: "ending Docker's API over TLS")
        }
        switch context.observation.api {
        case .failed(let error): return context.blind(.dockerAPI, "Docker's API over TLS", error)
        case .seen(let seen):
            guard seen.request != nil else {
                return context.pending(
                    .dockerAPI, [.prepareAPI(name: context.spec.name)], reason: "Preparing", doing: "making a key for Docker's API")
            }
            guard wanted.certificate != nil else { return withoutCertificate(wanted, seen) }
            if case .seen(let packages) = context.observation.packages, !packages.installed.contains(Self.package), !seen.isRunning {
                return Part(condition: context.condition(.dockerAPI, .false, "NotInstalled", "\(Self.package) is not installed yet"))
            }
            guard seen.served == wanted, seen.isRunning else {
                let fault: Cause? =
                    seen.isSetUp ? Cause(.dockerAPI, seen.served == wanted ? "its server did not run" : "its files were other ones") : nil
                return context.pending(
                    .dockerAPI, [.serveAPI(wanted)], reason: "Starting", doing: "serving Docker's API on \(DockerAPISpec.port)", cause: fault)
            }
            let count = wanted.clients.count
            return Part(
                condition: context.condition(
                    .dockerAPI, .true, "Serving", "on \(DockerAPISpec.port), for \(count) credential\(count == 1 ? "" : "s")"))
        }
    }

    /// Until the coordinator has signed for a new key: what runs with the former certificate goes on, for those alone who are let in now; what cannot be told
    /// to let in nobody else is ended.
    private func withoutCertificate(_ wanted: DockerAPISpec, _ seen: Observation.API) -> Part {
        let words = "the coordinator has not signed the certificate for Docker's API yet"
        guard seen.isSetUp else { return Part(condition: context.condition(.dockerAPI, .false, "NoCertificate", words)) }
        guard let served = seen.served else {
            return context.pending(.dockerAPI, [.removeAPI], reason: "Removing", doing: "ending what others changed")
        }
        var narrowed = wanted
        narrowed.certificate = served.certificate
        guard served == narrowed else { return context.pending(.dockerAPI, [.serveAPI(narrowed)], reason: "NoCertificate", doing: words) }
        return Part(condition: context.condition(.dockerAPI, .false, "NoCertificate", words))
    }
}
