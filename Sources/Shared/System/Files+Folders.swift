internal import CLinux
internal import Glibc

extension Files {
    /// The names in a folder, sorted.
    public static func list(_ folder: String) throws(SystemError) -> [String] {
        guard let directory = opendir(folder) else { throw SystemError.last("cannot read the folder \(folder)") }
        defer { closedir(directory) }
        return names(directory)
    }

    /// A folder with its parents; `mode` and `owner` are set on it exactly, new or not. Parents that are made get 0755.
    public static func makeDirectory(_ path: String, mode: UInt32 = 0o755, owner: FileOwner? = nil) throws(SystemError) {
        let parts = path.split(separator: "/")
        var prefix = path.hasPrefix("/") ? "" : "."
        for part in parts {
            prefix += "/\(part)"
            if mkdir(prefix, 0o755) == 0 {
                // whatever the umask: a unit's may keep others out
                try setMode(prefix, 0o755)
                try syncFolder(of: prefix)
            } else if errno != EEXIST {
                throw SystemError.last("cannot make the folder \(prefix)")
            }
        }
        guard let status = try status(path), status.kind == .directory else { throw SystemError(.exists, "\(path) is not a folder", errno: ENOTDIR) }
        if let owner, status.owner != owner { try setOwner(path, owner) }
        if status.mode != mode { try setMode(path, mode) }
    }

    /// Removes a file or a folder with all that is in it, following no link; that it is absent is fine.
    public static func removeTree(_ path: String) throws(SystemError) {
        try removeTree(in: AT_FDCWD, path, path)
        try syncFolder(of: path)
    }

    private static func removeTree(in parent: Int32, _ name: String, _ path: String) throws(SystemError) {
        if unlinkat(parent, name, 0) == 0 || errno == ENOENT { return }
        guard errno == EISDIR || errno == EPERM else { throw SystemError.last("cannot remove \(path)") }
        let descriptor = clinux_openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0)
        guard descriptor >= 0 else { throw SystemError.last("cannot open \(path)") }
        guard let directory = fdopendir(descriptor) else {
            let error = SystemError.last("cannot open \(path)")
            close(descriptor)
            throw error
        }
        defer { closedir(directory) }
        for child in names(directory) { try removeTree(in: descriptor, child, "\(path)/\(child)") }
        guard unlinkat(parent, name, Int32(AT_REMOVEDIR)) == 0 else { throw SystemError.last("cannot remove \(path)") }
    }

    private static func names(_ directory: OpaquePointer) -> [String] {
        var names: [String] = []
        while let name = clinux_next_name(directory) { names.append(String(cString: name)) }
        return names.sorted()
    }
}
