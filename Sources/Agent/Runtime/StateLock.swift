internal import CLinux
internal import Glibc
internal import SkepSystem

/// The agent's folder, held by one process at a time: the service, or the command that undoes its work.
///
/// It is a lock of the kernel's, which ends with the process.
struct StateLock {
    private let descriptor: Int32

    /// Takes the folder, which must be there. Throws ``AgentError/Code/busy`` when another process has it.
    init(_ paths: AgentPaths) throws {
        descriptor = clinux_open(paths.state, O_RDONLY | O_DIRECTORY, 0)
        guard descriptor >= 0 else { throw SystemError.last("cannot open \(paths.state)") }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            let error = SystemError.last("cannot lock \(paths.state)")
            close(descriptor)
            guard error.code == .unavailable else { throw error }
            throw AgentError(.busy, "another skep-agent is at work on this machine; end it first: systemctl stop skep-agent")
        }
    }

    func release() { close(descriptor) }
}
