public import AgentCore
internal import CLinux
internal import Glibc
public import SkepSystem

/// All that wakes the agent from the host's side. Each may fail to begin, or miss something: the slow complete looks are what correctness rests on.
@LoopActor public final class HostWatches {
    private let state: HostState
    private let told: @LoopActor (Movement) -> Void
    private let mounts: MountWatch
    private let files: FileWatch
    private var open: [(descriptor: Int32, watch: Watch)] = []

    /// `told` is called in the loop's own turn, often several times for one thing.
    public init(_ state: HostState, told: @escaping @LoopActor @Sendable (Movement) -> Void) {
        self.state = state
        self.told = told
        state.rulesetWatch = RulesetWatch { told(.part(.firewall)) }
        mounts = MountWatch { told(.part(.mounts)) }
        files = FileWatch { told(.part($0)) }
    }

    public func start() {
        state.rulesetWatch?.start(state.layout)
        mounts.start(state.layout)
        files.start()
        // in the network namespace of this process, which is the machine's
        var addresses = KnownAddresses()
        watch(clinux_address_watch(), "addresses") { descriptor in
            var change = clinux_address_change()
            let found = clinux_address_watch_read(descriptor, &change)
            return found == 1 && !addresses.isNews(change) ? 2 : found
        } tell: { [told] in
            told(.anything)
        }
        watch(clinux_clock_watch(), "the clock", clinux_clock_watch_read) { [told] in told(.clock) }
    }

    public func stop() {
        state.rulesetWatch?.stop()
        mounts.stop()
        files.stop()
        for (descriptor, watch) in open {
            watch.cancel()
            close(descriptor)
        }
        open = []
    }

    /// What the agent looks after now: asked at each complete look, as folders come and go.
    public func follow(_ scope: HostScope) {
        mounts.follow(Set(scope.mounts.keys))
        let layout = state.layout
        var watched: [(path: String, aspect: Aspect)] = []
        if scope.docker != nil { watched.append((layout.daemonConfig, .engine)) }
        if !scope.folders.isEmpty { watched += [layout.exports, layout.nfsSettings, layout.exportTable].map { ($0, .server) } }
        files.follow(files: watched, folders: scope.folders.map { ($0, .server) })
    }

    /// `read` answers 1 for news, 2 for none, 0 for nothing left.
    private func watch(
        _ descriptor: Int32, _ what: String, _ read: @escaping @LoopActor (Int32) -> Int32, tell: @escaping @LoopActor () -> Void
    ) {
        guard descriptor >= 0 else { return Log.warning("changes are not heard of", ["of": what, "error": String(cString: strerror(errno))]) }
        do {
            let watch = try LoopActor.watch(descriptor, .readable) { _ in
                var isNews = false
                for _ in 0..<256 {
                    let found = read(descriptor)
                    // lost messages are news as well
                    if found == 1 || (found < 0 && errno == ENOBUFS) { isNews = true }
                    if found == 0 || (found < 0 && errno != ENOBUFS) { break }
                }
                if isNews { tell() }
            }
            open.append((descriptor, watch))
        } catch {
            Log.warning("changes are not heard of", ["of": what, "error": error])
            close(descriptor)
        }
    }
}
