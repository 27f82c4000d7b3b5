import CoordinatorAuthority
import Foundation
import SkepSystem

/// The folder that holds all that a coordinator must not lose; one process at a time.
struct StateFolder {
    let path: String
    /// Tells this coordinator from another; the same after a restart, so that it takes its own leases at once.
    let instance: String
    private let lock: Int32

    init(_ path: String) throws {
        self.path = path
        try Files.makeDirectory(path, mode: 0o700)
        lock = open(path + "/lock", O_CREAT | O_RDWR | O_CLOEXEC, 0o600)
        guard lock >= 0 else { throw SystemError.last("open \(path)/lock") }
        guard flock(lock, LOCK_EX | LOCK_NB) == 0 else {
            close(lock)
            throw SystemError(.exists, "another coordinator runs on \(path): stop it first")
        }
        let file = path + "/instance"
        if let bytes = try Files.readIfPresent(file) {
            instance = String(decoding: bytes, as: UTF8.self)
        } else {
            let fresh = Secret.hash(Secret.bytes(32)).prefix(16).description
            try AtomicFile.write(file, fresh, mode: 0o600)
            instance = fresh
        }
    }

    func release() { close(lock) }

    static func database(_ path: String) -> String { path + "/skep.sqlite" }
}
