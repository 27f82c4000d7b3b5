internal import SkepSystem

/// Containers and what is left of them on this engine.
extension DockerActuator {
    /// Kills a task's container: one that was asked to end, and ends well, would not be replaced where the service restarts on failure only. What it wrote
    /// went to a mount that is gone.
    func restartTask(_ container: String) async throws {
        do {
            try await client.post("/containers/\(DockerClient.escaped(container))/kill", ["signal": "SIGKILL"], deadline: .seconds(30))
        } catch let error as DockerError where error.code == .notFound || error.code == .conflict {
            // it ended by itself
            return
        }
    }

    /// Removes what nobody uses: ended containers of the swarm's tasks, images without a container, build cache. Containers that somebody else stopped may
    /// be wanted again, and so may volumes.
    func prune() async throws {
        try await client.post(
            "/containers/prune", ["filters": try DockerClient.filters(["label": ["com.docker.swarm.task.id"]])], deadline: settings.pruneDeadline)
        try await client.post(
            "/images/prune", ["filters": try DockerClient.filters(["dangling": ["false"]])], deadline: settings.pruneDeadline)
        try await client.post("/build/prune", ["all": "true"], deadline: settings.pruneDeadline)
    }
}
