internal import AgentCore
internal import Glibc
internal import SkepModel
internal import SkepSystem

/// Puts the machine back as Skep found it, with no coordinator: what an empty spec means. Packages stay, unheld; so does the swarm unless asked.
@LoopActor struct Forgetting {
    private let paths: AgentPaths
    private let say: @LoopActor (String) -> Void
    private let makeMachine: @LoopActor (NodeIdentity, IdentityStore) -> any Machine
    /// All of it must be done within this.
    var limit: Int64 = 180_000

    init(
        paths: AgentPaths, say: @escaping @LoopActor (String) -> Void, machine: (@LoopActor (NodeIdentity, IdentityStore) -> any Machine)? = nil
    ) {
        self.paths = paths
        self.say = say
        makeMachine = machine ?? { identity, store in LocalMachine(paths: paths, identity: identity, store: store) }
    }

    /// Exit status 0 when nothing of ours remains, 1 with words for what does, or could not be looked at.
    ///
    /// Throws ``AgentError/Code/busy`` while the service runs, which would put everything in its place again.
    func run(leaveSwarm: Bool) async throws -> Int32 {
        let identities = try IdentityStore(paths)
        let lock = try StateLock(paths)
        defer { lock.release() }
        let store = StateStore(paths)
        let loaded = store.load()
        if let fault = loaded.fault { say("warning: \(fault)") }
        let identity = try identities.identity() ?? nobody
        var brain = AgentBrain(memory: loaded.memory, spec: nil, revision: 0)
        let spec = spec(identity, leaveSwarm ? loaded.memory.swarm : nil)
        brain.accept(spec, revision: 1)
        let machine = makeMachine(identity, identities)
        let begin = SystemClock.monotonicMilliseconds()
        // Inside of dpkg's own run its lock cannot be had and it looks interrupted: the package's script releases what is held, afterwards.
        let isInDpkg = getenv("DPKG_MAINTSCRIPT_PACKAGE") != nil
        var failures: [String: String] = [:]
        var unseen: [Condition] = []
        var idleLooks = 0
        var isLate = false
        while true {
            let look = await machine.observe(spec: spec, memory: brain.memory)
            let actions = brain.pass(look, now: now).filter { $0.lane != .packages || !isInDpkg }
            unseen = brain.status(look, node: identity.node, bootID: "", version: AgentProgram.version, now: now).conditions
                .filter { $0.status == .unknown && ($0.type != .packages || !isInDpkg) }
            try store.save(brain.memory)
            if actions.isEmpty, brain.failures.isEmpty {
                idleLooks += 1
                // What could not be seen may be seen in a moment.
                if unseen.isEmpty || idleLooks == 3 { break }
            }
            isLate = SystemClock.monotonicMilliseconds() - begin >= limit
            guard !isLate else { break }
            for action in actions {
                let outcome = await machine.perform(action)
                if case .failed(let reason) = outcome {
                    failures[action.words] = reason
                } else {
                    failures[action.words] = nil
                    say(action.words)
                }
                brain.finished(action, outcome, seconds: 0, now: now)
            }
            try store.save(brain.memory)
            // Those that failed are tried again, but not for ever.
            guard brain.failures.values.allSatisfy({ $0.count < 4 }) else { break }
            try await LoopActor.sleep(for: .milliseconds(actions.isEmpty ? 1000 : 100))
        }
        for (action, reason) in failures.sorted(by: { $0.key < $1.key }) { AgentProgram.complain("\(action): \(reason)") }
        for condition in unseen { AgentProgram.complain(condition.message) }
        if isLate { AgentProgram.complain("not all of it was done within \(limit / 1000) s") }
        guard failures.isEmpty, unseen.isEmpty, !isLate else { return 1 }
        try store.forgetSpec()
        return 0
    }

    private var now: Instant { Instant(milliseconds: SystemClock.wallMilliseconds()) }

    private var nobody: NodeIdentity {
        NodeIdentity(
            cluster: ClusterName(unchecked: "none"), node: NodeID(unchecked: "0000000000000000"), name: NodeName(unchecked: "none"), coordinator: "",
            agentEndpoint: "", serverName: "")
    }

    private func spec(_ identity: NodeIdentity, _ swarm: String?) -> NodeSpec {
        NodeSpec(
            cluster: identity.cluster, node: identity.node, name: identity.name, generation: Generation(0), role: .worker,
            swarm: swarm.map { .leave(swarm: $0) } ?? .undecided)
    }
}
