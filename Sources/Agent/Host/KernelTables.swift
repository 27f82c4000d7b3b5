/// The table that exportfs keeps of what it has given to the kernel: `path<tab>client(options)`.
enum ExportTable {
    static func paths(_ text: String) -> Set<String> {
        Set(text.split(separator: "\n").compactMap { line in line.split(separator: "\t").first.map { OctalEscape.decode($0) } })
    }

    /// Paths that the kernel's server keeps for folders which were removed, by its cache of exports (`/proc/net/rpc/nfsd.export/content`): what is made
    /// anew in their place is not served until the cache is emptied, and all handles are stale.
    static func removed(_ kernels: String) -> Set<String> {
        let mark = " (deleted)"
        return Set(paths(kernels).compactMap { $0.hasSuffix(mark) ? String($0.dropLast(mark.count)) : nil })
    }
}

/// Blanks and the like as the kernel writes them in its tables: `\040`.
enum OctalEscape {
    static func decode(_ text: some StringProtocol) -> String {
        var bytes: [UInt8] = []
        let source = Array(text.utf8)
        var index = 0
        while index < source.count {
            if source[index] == UInt8(ascii: "\\"), index + 3 < source.count,
                let byte = UInt8(String(decoding: source[(index + 1)...(index + 3)], as: UTF8.self), radix: 8)
            {
                bytes.append(byte)
                index += 4
            } else {
                bytes.append(source[index])
                index += 1
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}

/// The mounts of a namespace, as /proc/<pid>/mountinfo tells them (proc(5)).
struct MountTable: Sendable, Equatable {
    struct Entry: Sendable, Equatable {
        var id: Int
        var parent: Int
        /// The file system's own `major:minor`: a mount that was made anew has another, unless the kernel kept the former one in use.
        var device: String
        /// The folder within the file system that is mounted.
        var root: String
        var path: String
        var isReadOnly: Bool
        var type: String
        var source: String

        /// Whether this entry shows something that is in another one. Where in it does not matter: a folder or file may have been renamed or replaced since,
        /// which the kernel tells by another place in the same file system, and is its users' matter.
        func isWithin(_ other: Entry) -> Bool {
            device == other.device && (other.root == "/" || root == other.root || root.hasPrefix(other.root + "/"))
        }

        /// A look into it may hang for as long as a server is away.
        var isRemote: Bool { ["nfs", "nfs4", "cifs", "smb3", "ceph", "9p", "autofs"].contains(type) || type.hasPrefix("fuse.") }
    }

    var entries: [Entry]

    init(_ text: String) {
        entries = text.split(separator: "\n").compactMap { line in
            let fields = line.split(separator: " ")
            guard let dash = fields.firstIndex(of: "-"), dash >= 6, fields.count > dash + 2, let id = Int(fields[0]), let parent = Int(fields[1])
            else { return nil }
            let options = fields[5].split(separator: ",") + (fields.count > dash + 3 ? fields[dash + 3].split(separator: ",") : [])
            return Entry(
                id: id, parent: parent, device: String(fields[2]), root: OctalEscape.decode(fields[3]), path: OctalEscape.decode(fields[4]),
                isReadOnly: options.contains("ro"), type: String(fields[dash + 1]), source: OctalEscape.decode(fields[dash + 2]))
        }
    }

    /// The mount that a path leads into, found as the kernel does: from the root, crossing each mount point on the way.
    func containing(_ path: String) -> Entry? {
        let ids = Set(entries.map(\.id))
        guard var current = entries.first(where: { $0.path == "/" && (!ids.contains($0.parent) || $0.parent == $0.id) }) else { return nil }
        while let next = entries.filter({ $0.parent == current.id && $0.id != current.id && Self.leads($0.path, to: path) })
            .min(by: { $0.path.utf8.count < $1.path.utf8.count })
        {
            current = next
        }
        return current
    }

    /// What a look at that very path sees, when something is mounted there.
    func mounted(at path: String) -> Entry? {
        guard let entry = containing(path), entry.path == path else { return nil }
        return entry
    }

    /// All that is mounted there, whether it can be seen or not.
    func all(at path: String) -> [Entry] { entries.filter { $0.path == path } }

    /// Whether an entry binds that folder, as far as the table tells: the same file system, and the folder's own place in it.
    func binds(_ entry: Entry, _ folder: String) -> Bool {
        entries.contains { home in
            guard home.id != entry.id, home.type == entry.type, home.source == entry.source, Self.leads(home.path, to: folder) else { return false }
            let inside = home.path == "/" ? folder : String(folder.dropFirst(home.path.count))
            let place = home.root == "/" ? inside : home.root + inside
            // The kernel goes on showing a folder that was removed since.
            return entry.root == (place.isEmpty ? "/" : place) || entry.root == place + "//deleted"
        }
    }

    private static func leads(_ point: String, to path: String) -> Bool {
        point == "/" || path == point || path.hasPrefix(point + "/")
    }
}
