internal import CLinux
internal import Glibc

/// Whose a file is.
public struct FileOwner: Sendable, Equatable, Hashable {
    /// The user's number.
    public var uid: UInt32
    /// The group's number.
    public var gid: UInt32

    /// A user and a group.
    public init(uid: UInt32, gid: UInt32) {
        self.uid = uid
        self.gid = gid
    }
}

/// What stat(2) says, as far as it is used.
public struct FileStatus: Sendable, Equatable {
    /// What a path names.
    public enum Kind: Sendable { case file, directory, link, socket, other }

    /// What the path names.
    public var kind: Kind
    /// The permission bits, with set-id and sticky.
    public var mode: UInt32
    /// Whose it is.
    public var owner: FileOwner
    /// Bytes.
    public var size: Int64
    /// Milliseconds since 1970.
    public var modified: Int64
    /// When it was last written, renamed or given another owner or mode, which nobody can set: milliseconds since 1970.
    public var changed: Int64
    /// The file system's number.
    public var device: UInt64
    /// The file's number in it.
    public var inode: UInt64

    init(_ status: stat) {
        switch status.st_mode & S_IFMT {
        case S_IFREG: kind = .file
        case S_IFDIR: kind = .directory
        case S_IFLNK: kind = .link
        case S_IFSOCK: kind = .socket
        default: kind = .other
        }
        mode = status.st_mode & 0o7777
        owner = FileOwner(uid: status.st_uid, gid: status.st_gid)
        size = Int64(status.st_size)
        modified = Int64(status.st_mtim.tv_sec) * 1000 + Int64(status.st_mtim.tv_nsec) / 1_000_000
        changed = Int64(status.st_ctim.tv_sec) * 1000 + Int64(status.st_ctim.tv_nsec) / 1_000_000
        device = UInt64(status.st_dev)
        inode = UInt64(status.st_ino)
    }
}

/// How full a file system is.
public struct DiskSpace: Sendable, Equatable {
    /// Bytes in all.
    public var total: Int64
    /// Bytes that an unprivileged user may still write.
    public var free: Int64
    /// Inodes in all; 0 where the file system has no such number.
    public var inodes: Int64
    /// Inodes left.
    public var freeInodes: Int64
}

/// Files of the local disk. Calls wait for the disk and nothing else: never use them on a network mount from the loop.
public enum Files {
    /// The whole file; ``SystemError/Code/tooLarge`` past `limit` bytes.
    public static func read(_ path: String, limit: Int = 4 << 20) throws(SystemError) -> [UInt8] {
        let descriptor = clinux_open(path, O_RDONLY | O_NOCTTY | O_NONBLOCK, 0)
        guard descriptor >= 0 else { throw SystemError.last("cannot open \(path)") }
        defer { close(descriptor) }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 65536)
        while true {
            let count = Glibc.read(descriptor, &chunk, chunk.count)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw SystemError.last("cannot read \(path)") }
            guard count > 0 else { return bytes }
            bytes += chunk[..<count]
            guard bytes.count <= limit else { throw SystemError(.tooLarge, "\(path) is larger than \(limit) bytes") }
        }
    }

    /// The whole file as UTF-8, repaired.
    public static func readText(_ path: String, limit: Int = 4 << 20) throws(SystemError) -> String {
        String(decoding: try read(path, limit: limit), as: UTF8.self)
    }

    /// The whole file, nil when there is none.
    public static func readIfPresent(_ path: String, limit: Int = 4 << 20) throws(SystemError) -> [UInt8]? {
        do { return try read(path, limit: limit) } catch {
            guard error.code == .notFound else { throw error }
            return nil
        }
    }

    /// A new file that must not have been there (``SystemError/Code/exists``), on disk when this returns.
    public static func createExclusive(_ path: String, _ bytes: [UInt8], mode: UInt32) throws(SystemError) {
        let descriptor = clinux_open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, mode)
        guard descriptor >= 0 else { throw SystemError.last("cannot create \(path)") }
        do throws(SystemError) {
            defer { close(descriptor) }
            try fill(descriptor, path, bytes, mode: mode, owner: nil)
        } catch {
            unlink(path)
            throw error
        }
        try syncFolder(of: path)
    }

    /// Removes a file or link; that it is absent is fine.
    public static func remove(_ path: String) throws(SystemError) {
        guard unlink(path) == 0 else {
            if errno == ENOENT { return }
            throw SystemError.last("cannot remove \(path)")
        }
        try syncFolder(of: path)
    }

    /// Whether the path names something, links followed.
    public static func exists(_ path: String) -> Bool {
        access(path, F_OK) == 0
    }

    /// What stat(2) says, nil when there is nothing.
    public static func status(_ path: String, followLinks: Bool = true) throws(SystemError) -> FileStatus? {
        var status = stat()
        guard (followLinks ? stat(path, &status) : lstat(path, &status)) == 0 else {
            if errno == ENOENT || errno == ENOTDIR { return nil }
            throw SystemError.last("cannot look at \(path)")
        }
        return FileStatus(status)
    }

    /// Sets the permission bits.
    public static func setMode(_ path: String, _ mode: UInt32) throws(SystemError) {
        guard chmod(path, mode) == 0 else { throw SystemError.last("cannot set the mode of \(path)") }
    }

    /// Gives the file, or the link itself, to `owner`.
    public static func setOwner(_ path: String, _ owner: FileOwner) throws(SystemError) {
        guard lchown(path, owner.uid, owner.gid) == 0 else { throw SystemError.last("cannot set the owner of \(path)") }
    }

    /// A symbolic link at `path` that says `target`, put in the place of what was there.
    public static func link(_ path: String, to target: String) throws(SystemError) {
        let temporary = AtomicFile.temporary(beside: path)
        guard symlink(target, temporary) == 0 else { throw SystemError.last("cannot link \(path)") }
        guard rename(temporary, path) == 0 else {
            let error = SystemError.last("cannot link \(path)")
            unlink(temporary)
            throw error
        }
        try syncFolder(of: path)
    }

    /// What a symbolic link says.
    public static func readLink(_ path: String) throws(SystemError) -> String {
        var buffer = [CChar](repeating: 0, count: Int(PATH_MAX))
        let count = readlink(path, &buffer, buffer.count)
        guard count >= 0 else { throw SystemError.last("cannot read the link \(path)") }
        return String(decoding: buffer[..<count].map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    /// How full the file system of `path` is.
    public static func space(_ path: String) throws(SystemError) -> DiskSpace {
        var status = statvfs()
        guard statvfs(path, &status) == 0 else { throw SystemError.last("cannot ask for the space of \(path)") }
        let unit = Int64(status.f_frsize)
        return DiskSpace(
            total: Int64(status.f_blocks) * unit, free: Int64(status.f_bavail) * unit,
            inodes: Int64(status.f_files), freeInodes: Int64(status.f_favail))
    }

    // MARK: Shared with AtomicFile

    static func fill(_ descriptor: Int32, _ path: String, _ bytes: [UInt8], mode: UInt32, owner: FileOwner?) throws(SystemError) {
        if let owner, fchown(descriptor, owner.uid, owner.gid) != 0 { throw SystemError.last("cannot set the owner of \(path)") }
        // The umask had its say when the file was made; and a change of owner clears set-id bits.
        guard fchmod(descriptor, mode) == 0 else { throw SystemError.last("cannot set the mode of \(path)") }
        var offset = 0
        while offset < bytes.count {
            let count = bytes[offset...].withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw SystemError.last("cannot write \(path)") }
            offset += count
        }
        guard fsync(descriptor) == 0 else { throw SystemError.last("cannot write \(path)") }
    }

    static func folder(of path: String) -> String {
        guard let slash = path.lastIndex(of: "/") else { return "." }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }

    static func syncFolder(of path: String) throws(SystemError) {
        let folder = folder(of: path)
        let descriptor = clinux_open(folder, O_RDONLY | O_DIRECTORY, 0)
        guard descriptor >= 0 else { throw SystemError.last("cannot open \(folder)") }
        defer { close(descriptor) }
        // Some file systems cannot, and then there is nothing to do.
        guard fsync(descriptor) == 0 || errno == EINVAL else { throw SystemError.last("cannot write \(folder)") }
    }
}
