internal import CLinux
internal import Glibc
internal import SkepSystem

/// Files of /proc and /sys: written in place, in one go.
enum KernelFile {
    static func write(_ path: String, _ text: String) throws(SystemError) {
        let descriptor = clinux_open(path, O_WRONLY | O_NOFOLLOW, 0)
        guard descriptor >= 0 else { throw SystemError.last("cannot open \(path)") }
        defer { close(descriptor) }
        let bytes = Array((text + "\n").utf8)
        guard Glibc.write(descriptor, bytes, bytes.count) == bytes.count else { throw SystemError.last("cannot write \(path)") }
    }

    /// Removes a folder if it is empty; anything else is left alone.
    static func removeEmptyFolder(_ path: String) {
        rmdir(path)
    }
}
