internal import CLinux
internal import Glibc

/// Files that are replaced whole: a reader, or a machine that lost power, sees the old one or the new one.
public enum AtomicFile {
    /// Writes a temporary beside, syncs it, renames it over `path` and syncs the folder.
    public static func write(_ path: String, _ bytes: [UInt8], mode: UInt32 = 0o644, owner: FileOwner? = nil) throws(SystemError) {
        let temporary = temporary(beside: path)
        let descriptor = clinux_open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0o600)
        guard descriptor >= 0 else { throw SystemError.last("cannot write beside \(path)") }
        do throws(SystemError) {
            defer { close(descriptor) }
            try Files.fill(descriptor, path, bytes, mode: mode, owner: owner)
            guard rename(temporary, path) == 0 else { throw SystemError.last("cannot replace \(path)") }
        } catch {
            unlink(temporary)
            throw error
        }
        try Files.syncFolder(of: path)
    }

    /// The same for text.
    public static func write(_ path: String, _ text: String, mode: UInt32 = 0o644, owner: FileOwner? = nil) throws(SystemError) {
        try write(path, Array(text.utf8), mode: mode, owner: owner)
    }

    /// Writes unless the file has these bytes, this mode and this owner already; true when it wrote.
    public static func writeIfChanged(_ path: String, _ bytes: [UInt8], mode: UInt32 = 0o644, owner: FileOwner? = nil) throws(SystemError) -> Bool {
        if let status = try Files.status(path, followLinks: false), status.kind == .file, status.mode == mode, status.size == bytes.count,
            owner == nil || status.owner == owner, try Files.readIfPresent(path, limit: max(bytes.count, 1)) == bytes
        {
            return false
        }
        try write(path, bytes, mode: mode, owner: owner)
        return true
    }

    /// The same for text.
    public static func writeIfChanged(_ path: String, _ text: String, mode: UInt32 = 0o644, owner: FileOwner? = nil) throws(SystemError) -> Bool {
        try writeIfChanged(path, Array(text.utf8), mode: mode, owner: owner)
    }

    /// A name beside `path` that nobody uses.
    static func temporary(beside path: String) -> String {
        let name = path.lastIndex(of: "/").map { path[path.index(after: $0)...] } ?? path[...]
        return "\(Files.folder(of: path))/.\(name).\(SystemRandom.hex(6)).tmp"
    }
}
