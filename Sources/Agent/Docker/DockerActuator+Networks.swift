internal import SkepModel

/// Overlay networks.
extension DockerActuator {
    func createNetwork(_ wanted: ManagerDuties.Network) async throws {
        let name = wanted.name.rawValue
        if try await exists(name) { return }
        var options: [String: String] = [:]
        if let mtu = wanted.mtu { options[NetworkEntry.mtuOption] = String(mtu) }
        if wanted.encrypted { options["encrypted"] = "" }
        let creation = NetworkCreation(
            Name: name, Attachable: wanted.attachable, Options: options, Labels: [SkepLabel.managed: "true"],
            IPAM: wanted.subnet.map { .init(Config: [.init(Subnet: "\($0)", Gateway: nil)]) })
        do {
            try await client.post("/networks/create", body: creation)
        } catch let error as DockerError where error.code == .conflict {
            // Somebody made it meanwhile.
            guard try await exists(name) else { throw error }
        }
    }

    private func exists(_ name: String) async throws -> Bool {
        let present = try await networks().filter { $0.Name == name }
        if present.contains(where: \.isSwarmOverlay) { return true }
        guard let other = present.first else { return false }
        throw DockerError(
            .conflict,
            "a network \(name) exists on this node with the driver \(other.Driver ?? "unknown"): remove it with `docker network rm \(name)`")
    }

    func removeNetwork(_ name: String) async throws {
        guard let network = try await networks().first(where: { $0.Name == name && $0.isSwarmOverlay }) else { return }
        guard network.isOurs else { throw DockerError(.refused, "the network \(name) was not made by Skep, and stays") }
        try await remove(network)
    }

    /// Removes it and waits until it is gone; what still uses it is given time to end.
    func remove(_ network: NetworkEntry) async throws {
        var words = "it is still there"
        var absences = 0
        let isGone = try await wait(settings.networkDeadline) {
            do {
                try await client.delete("/networks/\(DockerClient.escaped(network.Id))")
            } catch let error as DockerError where error.message.contains("active endpoints") || error.message.contains("in use by") {
                words = error.message
            } catch let error as DockerError where error.code == .notFound || error.message.contains("not found") {
                // The swarm's is gone; this node's own part may follow a little later, and be listed meanwhile.
            }
            absences = try await networks().contains { $0.Id == network.Id } ? 0 : absences + 1
            return absences == (network.Ingress == true ? 4 : 1)
        }
        guard isGone else { throw DockerError(.conflict, "the network \(network.Name) cannot be removed: \(words)") }
    }

    func rebuildIngress(mtu: Int) async throws {
        let present = try await networks().filter { $0.Ingress == true }
        if present.contains(where: { $0.mtu == mtu }) { return }
        let services: [ServiceEntry] = try await client.get("/services")
        let users = services.filter(\.publishesThroughIngress).map(\.Spec.Name).sorted()
        guard users.isEmpty else {
            throw DockerError(
                .conflict, "the ingress network cannot be made anew while services publish through it: \(users.joined(separator: ", "))")
        }
        for former in present { try await remove(former) }
        let pools = present.first?.IPAM?.Config?.filter { $0.Subnet != nil } ?? []
        // Not labelled as managed: it is Docker's own, and stays when Skep goes.
        let creation = NetworkCreation(
            Name: present.first?.Name ?? "ingress", Ingress: true, Options: [NetworkEntry.mtuOption: String(mtu)], Labels: [:],
            IPAM: pools.isEmpty ? nil : .init(Config: pools))
        var words = ""
        let isMade = try await wait(settings.networkDeadline, pause: .seconds(1)) {
            do {
                try await client.post("/networks/create", body: creation)
            } catch let error as DockerError {
                words = error.message
            }
            return try await networks().contains { $0.Ingress == true && $0.mtu == mtu }
        }
        guard isMade else { throw DockerError(.failed, "the ingress network could not be made anew: \(words)") }
    }

    /// All networks; while this node makes its part of one, Docker lists it without a driver, and that is waited out.
    func networks() async throws -> [NetworkEntry] {
        var all: [NetworkEntry] = []
        _ = try await wait(.seconds(5)) {
            all = try await client.get("/networks")
            return all.allSatisfy { $0.Driver?.isEmpty == false }
        }
        return all
    }
}
