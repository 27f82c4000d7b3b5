internal import AgentCore
internal import CLinux
internal import Glibc
internal import SkepSystem

/// Hears of files that somebody writes, moves or removes (inotify(7)): daemon.json, the exports and their settings, the shared folders.
@LoopActor final class FileWatch {
    /// What is watched: entries of a folder by their names, or the folder itself.
    private struct Place {
        var path: String
        /// By the name in it; nil for the folder itself.
        var names: [String: Aspect]?
        var aspect: Aspect
        /// One of `CLINUX_FILES`, `CLINUX_ITSELF`, `CLINUX_NAMES`.
        var what: Int32
    }

    private let changed: @LoopActor (Aspect) -> Void
    private var descriptor: Int32 = -1
    private var watch: Watch?
    /// By the kernel's number.
    private var places: [Int32: Place] = [:]

    init(changed: @escaping @LoopActor (Aspect) -> Void) { self.changed = changed }

    func start() {
        guard watch == nil else { return }
        descriptor = clinux_inotify()
        guard descriptor >= 0 else { return Log.warning("changed files are not heard of", ["error": String(cString: strerror(errno))]) }
        do {
            watch = try LoopActor.watch(descriptor, .readable) { [weak self] _ in self?.read() }
        } catch {
            Log.warning("changed files are not heard of", ["error": error])
            stop()
        }
    }

    func stop() {
        watch?.cancel()
        watch = nil
        if descriptor >= 0 { close(descriptor) }
        descriptor = -1
        places = [:]
    }

    /// Watches these files by their folders, and these folders themselves; what is not there yet is tried again at the next call.
    func follow(files: [(path: String, aspect: Aspect)], folders: [(path: String, aspect: Aspect)]) {
        guard descriptor >= 0 else { return }
        var wanted: [String: Place] = [:]
        for (path, aspect) in files { Self.add(path, aspect, Int32(CLINUX_FILES), to: &wanted) }
        // one that somebody still holds open, as an NFS server does, goes without a word of its own: its parent tells
        let shared = Set(folders.map(\.path))
        for (path, aspect) in folders where !shared.contains(Self.parent(path)) { Self.add(path, aspect, Int32(CLINUX_NAMES), to: &wanted) }
        // a folder that is shared and holds such a file as well would need two watches of one: the kernel gives one
        for (path, aspect) in folders where wanted[path] == nil {
            wanted[path] = Place(path: path, names: nil, aspect: aspect, what: Int32(CLINUX_ITSELF))
        }
        for (number, place) in places where wanted[place.path] == nil {
            _ = clinux_inotify_remove(descriptor, number)
            places[number] = nil
        }
        let there = Set(places.values.map(\.path))
        for (path, place) in wanted {
            guard !there.contains(path) else {
                for (number, former) in places where former.path == path {
                    places[number] = place
                    if former.what != place.what { _ = clinux_inotify_add(descriptor, path, place.what) }
                }
                continue
            }
            let number = clinux_inotify_add(descriptor, path, place.what)
            if number >= 0 { places[number] = place }
        }
    }

    private static func parent(_ path: String) -> String {
        guard let slash = path.lastIndex(of: "/") else { return "" }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }

    /// An entry of its folder, beside others there; what more of them needs is heard of all.
    private static func add(_ path: String, _ aspect: Aspect, _ what: Int32, to wanted: inout [String: Place]) {
        guard let slash = path.lastIndex(of: "/") else { return }
        let folder = parent(path)
        var place = wanted[folder] ?? Place(path: folder, names: [:], aspect: aspect, what: what)
        place.names?[String(path[path.index(after: slash)...])] = aspect
        if what == Int32(CLINUX_FILES) { place.what = what }
        wanted[folder] = place
    }

    private func read() {
        // as many as the kernel's answer has room for
        var events = [clinux_file_event](repeating: clinux_file_event(), count: 288)
        for _ in 0..<64 {
            let count = clinux_inotify_read(descriptor, &events, Int32(events.count))
            guard count > 0 else {
                if count < 0 { Log.warning("changed files are not heard of", ["error": String(cString: strerror(errno))]) }
                return
            }
            for event in events.prefix(Int(count)) { note(event) }
        }
    }

    private func note(_ event: clinux_file_event) {
        // some were lost: any of them, and the end of a watch may have been among them
        if event.mask & UInt32(CLINUX_IN_Q_OVERFLOW) != 0 {
            for aspect in Set(places.values.map(\.aspect)) { changed(aspect) }
            for number in places.keys { _ = clinux_inotify_remove(descriptor, number) }
            places = [:]
        }
        guard let place = places[event.watch] else { return }
        // the folder is gone or elsewhere, and what comes in its place is watched from the next complete look on
        if event.mask & UInt32(CLINUX_IN_MOVE_SELF) != 0 { _ = clinux_inotify_remove(descriptor, event.watch) }
        if event.mask & UInt32(CLINUX_IN_IGNORED | CLINUX_IN_MOVE_SELF) != 0 { places[event.watch] = nil }
        let name = withUnsafeBytes(of: event.name) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
        guard let names = place.names else {
            // what happens to a share's files is their users' matter
            return name.isEmpty ? changed(place.aspect) : ()
        }
        if name.isEmpty {
            for aspect in Set(names.values) { changed(aspect) }
        } else if let aspect = names[name] {
            changed(aspect)
        }
    }
}
