public import AgentCore

/// Containers of this engine that are bound to shares.
extension DockerObserver {
    /// Running containers with a bind of one of these paths or of what is below it; one that ends meanwhile is none.
    public func bound(to paths: [String]) async throws -> [Observation.BoundContainer] {
        guard !paths.isEmpty else { return [] }
        let all: [ContainerEntry] = try await client.get("/containers/json")
        var bound: [Observation.BoundContainer] = []
        for container in all {
            let binds = (container.Mounts ?? []).compactMap { mount -> (path: String, source: String, destination: String)? in
                guard mount.Type == "bind", let source = mount.Source, let destination = mount.Destination,
                    let path = paths.first(where: { source == $0 || source.hasPrefix($0 + "/") })
                else { return nil }
                return (path, source, destination)
            }
            guard !binds.isEmpty, let process = try await process(of: container.Id) else { continue }
            bound += binds.map {
                .init(
                    id: container.Id, name: container.name, isTask: container.isTask, process: process, path: $0.path, source: $0.source,
                    destination: $0.destination)
            }
        }
        return bound
    }

    private func process(of id: String) async throws -> Int? {
        do {
            let detail: ContainerDetail = try await client.get("/containers/\(id)/json")
            return detail.State.Pid > 0 ? detail.State.Pid : nil
        } catch let error as DockerError where error.code == .notFound {
            return nil
        }
    }
}
