public import SkepModel

extension DockerObserver {
    /// This node's address in the swarm's ingress network; nil when it has no end there.
    public func ingressAddress() async throws -> IPAddress? {
        let networks: [NetworkEntry] = try await client.get("/networks", try ["filters": DockerClient.filters(["driver": ["overlay"]])])
        guard let ingress = networks.first(where: { $0.Ingress == true }) else { return nil }
        let network: NetworkInspection = try await client.get("/networks/\(ingress.Id)")
        return network.sandboxAddress
    }
}
