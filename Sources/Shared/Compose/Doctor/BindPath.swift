import SkepModel

/// Paths of the nodes themselves that services bind.
enum BindPath {
    /// Whether every machine has it by itself.
    static func isEverywhere(_ path: String) -> Bool {
        let plain = plain(path)
        return exactly.contains(plain) || everywhere.contains { plain == $0 || plain.hasPrefix($0 + "/") }
    }

    /// The folder that is to be made where it is not there; nil for what is not ours to make: what machines have, what lies in the system's own folders or on
    /// a share, and what looks like a file.
    static func folder(_ path: String, shares: [ClusterSpec.Share]) -> String? {
        let plain = plain(path)
        let parts = plain.split(separator: "/", omittingEmptySubsequences: false)
        guard plain.hasPrefix("/"), parts.count > 1, parts.dropFirst().allSatisfy({ !$0.isEmpty && $0 != "." && $0 != ".." }), !isEverywhere(plain),
            !plain.contains("{{"), !system.contains(String(parts[1])), !links.contains(where: { plain.hasPrefix($0 + "/") }), let last = parts.last,
            !last.contains("."), !last.hasSuffix("sock"),
            !shares.flatMap({ [$0.mount, $0.path] }).contains(where: { plain == $0 || plain.hasPrefix($0 + "/") })
        else { return nil }
        return plain
    }

    private static func plain(_ path: String) -> String { path.utf8.count > 1 && path.hasSuffix("/") ? String(path.dropLast()) : path }

    private static let system: Set<String> = ["bin", "boot", "dev", "etc", "lib", "lib32", "lib64", "proc", "run", "sbin", "sys", "usr"]
    /// Names of /run, which is empty after each start of the machine.
    private static let links = ["/var/run", "/var/lock"]
    /// What every node has, and what lies below it.
    private static let everywhere = ["/etc/ssl", "/proc", "/sys", "/var/lib/docker", "/usr/share/zoneinfo", "/lib/modules"]
    /// What every node has, by itself.
    private static let exactly: Set<String> = [
        "/", "/var/run/docker.sock", "/run/docker.sock", "/etc/localtime", "/etc/timezone", "/run/skep-agent/metrics", "/etc/hostname", "/etc/hosts",
        "/etc/os-release",
        "/etc/machine-id", "/etc/resolv.conf", "/etc/passwd", "/etc/group", "/etc", "/usr", "/dev", "/dev/shm", "/dev/disk", "/dev/null", "/var/log",
        "/var/run", "/run", "/lib", "/tmp", "/boot", "/home", "/root", "/mnt", "/media", "/srv", "/opt", "/var/lib", "/var/log/journal",
        "/run/systemd",
        "/run/log/journal", "/var/run/dbus", "/run/dbus", "/run/udev", "/usr/bin", "/usr/lib", "/run/containerd", "/run/containerd/containerd.sock",
    ]
}
