public import SkepModel

extension DockerObserver {
    /// This node's address in the swarm's ingress network; nil when it has no end there.
    public func ingressAddress() async throws -> IPAddress? {
        let networks: [NetworkEntry] = try await client.get("/networks", try ["filters": DockerClient.filters(["driver": ["overlay"]])])
        // for a moment after it is made anew, the former one is listed too
        for ingress in networks where ingress.Ingress == true {
            let network: NetworkInspection = try await client.get("/networks/\(ingress.Id)")
            if let address = network.sandboxAddress { return address }
        }
        return nil
    }
}
