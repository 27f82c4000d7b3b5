internal import Glibc

/// POSIX record locks (fcntl(2)), as dpkg and apt hold them while they are at work.
public enum RecordLock {
    /// Whether another process holds a lock on the file; false where there is no such file, or it cannot be read.
    public static func isHeld(_ path: String) -> Bool {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return false }
        defer { close(descriptor) }
        var lock = flock()
        lock.l_type = Int16(F_WRLCK)
        lock.l_whence = Int16(SEEK_SET)
        guard fcntl(descriptor, F_GETLK, &lock) == 0 else { return false }
        return lock.l_type != Int16(F_UNLCK)
    }
}
