/// What an operator does about a task's error. Docker's words name the cause, and often only half of it.
enum TaskAdvice {
    /// For the errors of a service as the manager's view has them, each with "(on NODE)"; nil when the words say enough. The words are those of
    /// swarmkit's scheduler (manager/scheduler/filter.go), its executor (agent/exec) and dockerd 20.10 to 28.
    static func next(for error: String, of service: String) -> String? {
        let words = error.lowercased()
        return cases.first { words.contains($0.words) }.map { $0.advice(service, node(in: error) ?? "the node") }
    }

    private static let cases: [(words: String, advice: @Sendable (_ service: String, _ node: String) -> String)] = [
        // the pull's own error stays in the engine's log
        ("no such image", { _, node in "its engine could not pull it: 'skep stack doctor --images', and 'journalctl -u docker' on \(node)" }),
        ("unhealthy container", { service, _ in "its health check fails: 'docker service logs \(service)' on a manager" }),
        ("non-zero exit (137)", { service, _ in "it was killed, mostly for its memory limit: 'docker service logs \(service)' on a manager" }),
        ("non-zero exit", { service, _ in "its own words: 'docker service logs \(service)' on a manager" }),
        ("range of cpus is from", { _, node in "lower deploy.resources.limits.cpus to what \(node) has" }),
        ("bind source path does not exist", { _, node in "make the folder on \(node), or place the service where it is" }),
        ("port already in use", { _, _ in "another task has the port there: fewer replicas, another port, or another placement" }),
        ("address already in use", { _, node in "a program on \(node) has the port: 'ss -ltnp' there" }),
        ("insufficient resources", { _, _ in "lower deploy.resources.reservations, or add a node" }),
        ("scheduling constraints not satisfied", { _, _ in "'skep stack doctor' names what no node has: the file gives labels (nodes)" }),
        ("unsupported platform", { _, _ in "the image has no build for these nodes' processors" }),
        ("no available ipv4 addresses", { _, _ in "its network is used up: give it a larger subnet (networks: NAME: {subnet: …})" }),
        ("failed to mount local volume", { _, node in "its volume's server or options: 'skep stack doctor', and 'journalctl -u docker' on \(node)" }),
    ]

    /// The node that the first error names.
    private static func node(in error: String) -> String? {
        guard let from = error.firstRange(of: "(on ")?.upperBound, let to = error[from...].firstIndex(of: ")") else { return nil }
        return String(error[from..<to])
    }
}
