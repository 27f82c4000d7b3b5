internal import CLinux
internal import Glibc
internal import SkepSystem

/// Hears of every change that somebody makes to the table `inet skep` (nfnetlink's group for nftables).
///
/// Others change their own tables all the time, Docker with each container; that is no news here.
@LoopActor final class RulesetWatch {
    private let changed: @LoopActor () -> Void
    private var descriptor: Int32 = -1
    private var watch: Watch?
    private var change = RulesetWatch.nothing
    /// The newest changes of the table, with the generation that each made.
    private var changes: [(generation: Int64, who: String)] = []
    /// Generations up to this one are our own doing, or older than it.
    private var ownGeneration: Int64 = -1

    private static let table = "skep"
    private static var nothing: clinux_nft_change {
        var change = clinux_nft_change()
        change.generation = -1
        return change
    }

    init(changed: @escaping @LoopActor () -> Void) { self.changed = changed }

    /// Begins; where it cannot, the slow looks go on alone, and the log says so.
    func start(_ layout: HostLayout) {
        // nft that is run in another network namespace changes another ruleset than this process would hear of
        guard watch == nil, layout.nft.arguments.isEmpty else { return }
        descriptor = clinux_nft_watch()
        guard descriptor >= 0 else { return Log.warning("changes of the firewall are not heard of", ["error": String(cString: strerror(errno))]) }
        do {
            watch = try LoopActor.watch(descriptor, .readable) { [weak self] _ in self?.read() }
        } catch {
            Log.warning("changes of the firewall are not heard of", ["error": error])
            stop()
        }
    }

    func stop() {
        watch?.cancel()
        watch = nil
        if descriptor >= 0 { close(descriptor) }
        descriptor = -1
    }

    /// The table was just installed by this agent, in that generation.
    func installed(generation: Int64?) {
        if let generation { ownGeneration = generation }
    }

    /// Who changed the table last, after our own last doing.
    var changedBy: String? { changes.last { $0.generation > ownGeneration }?.who }

    private func read() {
        var areLost = false
        // the last of a transaction may be what was lost: nothing is waited for
        defer { if areLost { changed() } }
        // as many as there are, but for a storm: then the loop has its turn in between
        for _ in 0..<256 {
            switch clinux_nft_watch_read(descriptor, Self.table, &change) {
            case 1: if change.generation >= 0 { note() }
            case 0: return
            default:
                guard errno == ENOBUFS else {
                    Log.warning("changes of the firewall are not heard of any more", ["error": String(cString: strerror(errno))])
                    return stop()
                }
                // whose they were is not known
                areLost = true
                change = Self.nothing
                changes = []
            }
        }
    }

    /// One transaction is complete.
    private func note() {
        defer { change = Self.nothing }
        guard change.touches != 0 else { return }
        let name = withUnsafeBytes(of: change.name) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
        changes.append((change.generation, "\(name.isEmpty ? "somebody" : name), process \(change.process)"))
        if changes.count > 8 { changes.removeFirst() }
        changed()
    }
}
