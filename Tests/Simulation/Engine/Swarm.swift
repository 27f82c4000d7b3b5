import SkepModel

/// A swarm as the engines of the simulation share it.
struct Swarm {
    struct Stack {
        var digest: String
        var services: [String]
        var healthyAt: Instant
    }

    let id: String
    /// The worker's join token; changes with every rotation.
    var token: String
    var epoch = 0
    var term = 0
    var members: [ManagerView.Member] = []
    var networks: Set<String> = []
    var stacks: [String: Stack] = [:]
    /// Stacks that have ever been healthy, with the digest.
    var provenStacks: Set<String> = []

    func view(now: Instant, machines: [Machine]) -> ManagerView {
        let members = members.map { member in
            var seen = member
            let answers = member.state == "ready" && machines.contains { $0.memberID == member.id && $0.engineRuns }
            seen.state = answers ? "ready" : "down"
            seen.reachable = answers
            return seen
        }
        return ManagerView(
            swarmID: id, members: members, networks: networks.sorted().map { .init(name: $0, ours: true) },
            stacks: stacks.sorted { $0.key < $1.key }.map { name, stack in
                .init(
                    name: name, ours: true,
                    services: stack.services.map {
                        .init(name: "\(name)_\($0)", running: now >= stack.healthyAt ? 1 : 0, desired: 1, bundle: stack.digest, error: nil)
                    })
            }, tokenEpoch: epoch, term: term)
    }
}
