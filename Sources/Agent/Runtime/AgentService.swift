internal import AgentCore
internal import Glibc
internal import SkepHTTP
internal import SkepModel
internal import SkepSystem

/// `skep-agent run`: waits until the machine is enrolled, and then looks after it until SIGTERM.
@LoopActor final class AgentService {
    private let paths: AgentPaths
    private let makeMachine: @LoopActor (NodeIdentity, IdentityStore) -> any Machine
    private var isStopping = false
    private var agent: Agent?

    init(paths: AgentPaths, machine: (@LoopActor (NodeIdentity, IdentityStore) -> any Machine)? = nil) {
        self.paths = paths
        makeMachine = machine ?? { identity, store in LocalMachine(paths: paths, identity: identity, store: store) }
    }

    func run() async throws -> Int32 {
        let signals = try Signals([SIGTERM, SIGINT, SIGHUP]) { [weak self] signal in self?.received(signal) }
        defer { signals.cancel() }
        Notify.startWatchdog()
        EventLoop.shared.onStall(over: .seconds(1)) { span in Log.warning("a turn of the loop took long", ["seconds": "\(span)"]) }
        let store = try IdentityStore(paths)
        let lock = try StateLock(paths)
        defer { lock.release() }
        try Files.makeDirectory(paths.run, mode: 0o750)
        while !isStopping {
            guard let (identity, mark) = try await enrolled(store) else { break }
            Log.info("looking after this node", ["node": identity.node, "name": identity.name, "cluster": identity.cluster])
            let agent = try makeAgent(identity, store)
            self.agent = agent
            let settled = LoopActor.schedule(after: .seconds(20)) { Footprint.trim() }
            let watcher = Task { await self.restartWhenEnrolledAnew(agent, mark) }
            await agent.run()
            watcher.cancel()
            settled.cancel()
            self.agent = nil
        }
        Notify.stopping()
        Log.info("stopped; rules, mounts and swarm stay")
        return 0
    }

    private func makeAgent(_ identity: NodeIdentity, _ store: IdentityStore) throws -> Agent {
        let link = CoordinatorLink(
            identity: identity, credentials: try store.credentials(), store: store, client: CoordinatorClient(http: HTTPClient(idleConnections: 1)))
        let bootID = (try? Files.readText("/proc/sys/kernel/random/boot_id", limit: 100)) ?? ""
        return Agent(
            machine: makeMachine(identity, store), store: StateStore(paths), paths: paths, identity: identity, link: link,
            version: AgentProgram.version, bootID: String(bootID.prefix { !$0.isWhitespace }))
    }

    /// The identity, as soon as there is one that can be used; nil when the service ends first.
    private func enrolled(_ store: IdentityStore) async throws -> (NodeIdentity, FileStatus?)? {
        var said = ""
        while !isStopping {
            var words = "not enrolled: run the line that `skep node invite` prints"
            do {
                if let identity = try store.identity() {
                    _ = try store.credentials()
                    return (identity, try Files.status(paths.identity))
                }
            } catch { words = "\(error)" }
            if words != said {
                Log.warning("waiting for an identity", ["reason": words])
                Notify.ready(status: words)
                said = words
            }
            try await LoopActor.sleep(for: .seconds(2))
        }
        return nil
    }

    /// A new enrolment replaces the identity's file; the agent then starts over with it.
    private func restartWhenEnrolledAnew(_ agent: Agent, _ mark: FileStatus?) async {
        while !Task.isCancelled {
            do { try await LoopActor.sleep(for: .seconds(5)) } catch { return }
            guard let status = try? Files.status(paths.identity), status.inode != mark?.inode || status.modified != mark?.modified else { continue }
            Log.notice("this node was enrolled anew")
            agent.stop()
            return
        }
    }

    private func received(_ signal: Int32) {
        if signal == SIGHUP { return agent?.wake() ?? () }
        isStopping = true
        agent?.stop()
    }
}
