import AgentHost
import SkepSystem

/// A machine of a test's own: a folder as its root, no systemd, and small programs in the place of Debian's.
struct TemporaryMachine {
    let root: String
    var layout: HostLayout

    init() throws {
        EventLoop.runInBackground()
        root = "/tmp/skep-host-\(SystemRandom.hex(6))"
        layout = HostLayout(root: root, hasSystemd: false)
        layout.mountTables = ["/proc/self/mountinfo"]
        layout.kernelSettings = root + "/proc/sys"
        layout.nfsThreads = root + "/proc/fs/nfsd/threads"
        layout.nfsServed = root + "/proc/fs/nfsd/served"
        for folder in [
            "/etc/docker", "/etc/sysctl.d", "/etc/systemd/system", "/run", "/proc/sys/vm", "/proc/fs/nfsd", "/var/lib/dpkg/updates", "/bin",
        ] {
            try Files.makeDirectory(root + folder)
        }
        for program in [\HostLayout.dockerd, \.exportfs, \.nft, \.dpkg, \.dpkgQuery, \.aptGet, \.aptMark, \.systemctl, \.systemdRun, \.journalctl] {
            layout[keyPath: program] = Program(root + "/bin/absent")
        }
    }

    func remove() { try? Files.removeTree(root) }

    /// A shell script as a program; `$ROOT` in it is the machine's root.
    func script(_ name: String, _ body: String) throws -> Program {
        let path = "\(root)/bin/\(name)"
        try AtomicFile.write(path, "#!/bin/sh\nROOT=\(root)\n\(body)\n", mode: 0o755)
        return Program(path)
    }

    func write(_ path: String, _ text: String) throws {
        let path = root + path
        try Files.makeDirectory(String(path.prefix(upTo: path.lastIndex(of: "/") ?? path.startIndex)))
        try AtomicFile.write(path, text)
    }

    func read(_ path: String) -> String? { try? Files.readText(root + path) }
}
