internal import CLinux
internal import Glibc
internal import SkepSystem

/// Hears of mounts that come and go (proc(5): /proc/<pid>/mountinfo wakes a poll), and speaks of those at the paths of shares alone: containers
/// mount all the time.
@LoopActor final class MountWatch {
    private let changed: @LoopActor () -> Void
    private var file: Int32 = -1
    private var watch: Watch?
    private var layout: HostLayout?
    private var paths: Set<String> = []
    private var last: [String: [MountTable.Entry]] = [:]

    init(changed: @escaping @LoopActor () -> Void) { self.changed = changed }

    func start(_ layout: HostLayout) {
        guard watch == nil else { return }
        self.layout = layout
        for path in layout.mountTables {
            let opened = clinux_open(path, O_RDONLY, 0)
            guard opened >= 0 else { continue }
            file = opened
            do {
                watch = try LoopActor.watch(opened, .priority) { [weak self] _ in self?.look() }
                return
            } catch {
                close(opened)
                file = -1
            }
        }
        Log.warning("mounts that come and go are not heard of")
    }

    func stop() {
        watch?.cancel()
        watch = nil
        if file >= 0 { close(file) }
        file = -1
    }

    /// From now on these are the paths of shares.
    func follow(_ paths: Set<String>) {
        guard paths != self.paths else { return }
        self.paths = paths
        last = now()
    }

    private func look() {
        guard !paths.isEmpty else { return }
        let now = now()
        guard now != last else { return }
        last = now
        changed()
    }

    /// What is mounted at each path, on what leads there, and over it.
    private func now() -> [String: [MountTable.Entry]] {
        guard let layout, !paths.isEmpty, let table = try? MountObserver.table(layout) else { return [:] }
        return Dictionary(
            uniqueKeysWithValues: paths.map { path in (path, table.all(at: path) + [table.containing(path)].compactMap { $0 }) })
    }
}
