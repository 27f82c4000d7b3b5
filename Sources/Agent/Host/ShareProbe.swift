internal import CLinux
internal import Glibc

/// Tries a share, in a process of its own that may hang and be killed: `skep-agent probe-share PATH NODE [write]`.
///
/// It writes its own number first, so that one that cannot be killed can be watched for, then `ok` or the kernel's error number.
public enum ShareProbe {
    /// Runs with the arguments after `probe-share` and answers with the exit status.
    public static func main(_ arguments: [String]) -> Int32 {
        guard arguments.count >= 2 else { return 2 }
        say("pid \(getpid())\n")
        let failure = attempt(arguments[0], node: arguments[1], write: arguments.dropFirst(2).contains("write"))
        say(failure == 0 ? "ok\n" : "errno \(failure)\n")
        return failure == 0 ? 0 : 1
    }

    /// 0, or the error number. A file is made and removed where the node may write; else the server is asked and the folder opened.
    static func attempt(_ path: String, node: String, write: Bool) -> Int32 {
        // statfs(2) is never answered from NFS's caches.
        var space = statvfs()
        guard statvfs(path, &space) == 0 else { return errno }
        let folder = clinux_open(path, O_RDONLY | O_DIRECTORY, 0)
        guard folder >= 0 else { return write || errno != EACCES ? errno : 0 }
        defer { close(folder) }
        guard write else { return 0 }
        let name = ".skep-probe-\(node)"
        unlinkat(folder, name, 0)
        let file = clinux_openat(folder, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0o600)
        guard file >= 0 else { return errno }
        var failure: Int32 = Glibc.write(file, "\n", 1) == 1 && fsync(file) == 0 ? 0 : errno
        if close(file) != 0, failure == 0 { failure = errno }
        if unlinkat(folder, name, 0) != 0, failure == 0 { failure = errno }
        return failure
    }

    private static func say(_ text: String) {
        let bytes = Array(text.utf8)
        _ = Glibc.write(1, bytes, bytes.count)
    }
}
