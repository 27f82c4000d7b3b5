/// What Linux and Docker accept, as far as it can be told without them.
enum Rules {
    private static func isLetter(_ byte: UInt8) -> Bool { (0x61...0x7a).contains(byte | 0x20) }
    private static func isDigit(_ byte: UInt8) -> Bool { (0x30...0x39).contains(byte) }

    /// Why a node label's key is refused; nil when it is fine. Swarm's placement constraints know no other keys
    /// (swarmkit, manager/constraint: `^(?i)[a-z_][a-z0-9\-_.]+$`).
    static func labelKeyProblem(_ key: String) -> String? {
        guard let first = key.utf8.first, isLetter(first) || first == 0x5f, key.utf8.count >= 2, key.utf8.count <= 128,
            key.utf8.allSatisfy({ isLetter($0) || isDigit($0) || [0x2d, 0x2e, 0x5f].contains($0) })
        else { return "first a letter or '_', then letters, digits, '.', '-' and '_', 2 to 128 in all (swarm's constraints know no others)" }
        for reserved in ["com.docker.", "io.docker.", "org.dockerproject."] where key.hasPrefix(reserved) {
            return "'\(reserved)…' is kept by Docker for itself"
        }
        if key == "skep" || key.hasPrefix("skep.") { return "'skep.…' is kept by Skep for itself" }
        return nil
    }

    /// Why a label's value is refused (swarmkit's `^(?i)[a-z0-9:\-_\s\.\*\(\)\?\+\[\]\\\^\$\|\/]+$`).
    static func labelValueProblem(_ value: String) -> String? {
        let others = Set(":-_ .*()?+[]\\^$|/".utf8)
        guard value.utf8.count <= 256, value.utf8.allSatisfy({ isLetter($0) || isDigit($0) || others.contains($0) }) else {
            return "letters, digits, spaces and : - _ . / are what swarm's constraints can compare, at most 256"
        }
        return nil
    }

    /// Why a sysctl's name is refused.
    static func sysctlProblem(_ name: String) -> String? {
        let parts = name.split(whereSeparator: { $0 == "." || $0 == "/" })
        let plain = name.utf8.allSatisfy { isLetter($0) || isDigit($0) || [0x2d, 0x2e, 0x2f, 0x5f].contains($0) }
        guard plain, parts.count >= 2, name.utf8.count <= 128, parts.joined(separator: ".").count == name.count,
            ["abi", "dev", "fs", "kernel", "net", "user", "vm", "crypto", "sunrpc"].contains(parts[0])
        else { return "Linux names them like vm.max_map_count or net.core.somaxconn" }
        let programs = ["kernel.core_pattern", "kernel.modprobe", "kernel.hotplug", "kernel.poweroff_cmd", "kernel.usermodehelper"]
        let dotted = parts.joined(separator: ".")
        if programs.contains(where: { dotted == $0 || dotted.hasPrefix($0 + ".") }) {
            return "it names a program that the kernel runs as root, and a cluster file cannot run programs"
        }
        return nil
    }

    /// Why a sysctl's value is refused.
    static func sysctlValueProblem(_ name: String, _ value: String) -> String? {
        guard !value.isEmpty, value.utf8.count <= 256, value.utf8.allSatisfy({ (0x20...0x7e).contains($0) || $0 == 0x09 }) else {
            return "one line of printable ASCII, at most 256 characters"
        }
        if ["net.ipv4.ip_forward", "net/ipv4/ip_forward"].contains(name), value != "1" { return "Docker needs it to be 1" }
        return nil
    }

    /// Why a path on a node is refused, with the fix.
    static func pathProblem(_ path: String) -> (message: String, fix: String)? {
        guard path.hasPrefix("/") else { return ("is not absolute", "begin it with '/'") }
        guard !path.split(separator: "/", omittingEmptySubsequences: false).contains("..") else {
            return ("contains '..'", "write where it leads to")
        }
        guard path != "/" else { return ("is the whole file system", "name a folder of its own, such as /nfs-root") }
        guard !path.contains("//"), !path.hasSuffix("/"), !path.split(separator: "/").contains(".") else {
            let clean = "/" + path.split(separator: "/").filter { $0 != "." }.joined(separator: "/")
            return ("has needless parts", "write \(clean)")
        }
        guard path.utf8.count <= 255, path.utf8.allSatisfy({ isLetter($0) || isDigit($0) || [0x2d, 0x2e, 0x2f, 0x5f].contains($0) }) else {
            return ("has characters that exports and mounts cannot carry", "use letters, digits, '.', '_' and '-', at most 255")
        }
        let whole = ["/home", "/media", "/mnt", "/opt", "/srv", "/tmp", "/var", "/var/lib", "/var/log"]
        let trees = [
            "/bin", "/boot", "/dev", "/etc", "/lib", "/lib32", "/lib64", "/proc", "/root", "/run", "/sbin", "/sys", "/usr", "/var/run",
            "/var/lib/docker", "/var/lib/containerd", "/var/lib/nfs", "/var/lib/dpkg", "/var/lib/systemd", "/var/lib/skep",
            "/var/lib/skep-agent", "/var/lib/skep-coordinator",
        ]
        guard !whole.contains(path), !trees.contains(where: { path == $0 || path.hasPrefix($0 + "/") }) else {
            return ("belongs to the system", "name a folder of its own, such as /nfs-root or /srv/data")
        }
        return nil
    }

    /// Whether one path lies in the other or they are the same.
    static func overlap(_ one: String, _ two: String) -> Bool {
        one == two || one.hasPrefix(two + "/") || two.hasPrefix(one + "/")
    }

    /// Why a path beside the cluster file is refused, with the fix.
    static func relativePathProblem(_ path: String) -> (message: String, fix: String)? {
        let parts = path.split(separator: "/", omittingEmptySubsequences: false)
        guard !path.isEmpty, !path.hasPrefix("/") else { return ("is absolute", "name it relative to the cluster file") }
        guard !parts.contains("..") else { return ("contains '..'", "put the stack's folder beside the cluster file") }
        guard path.utf8.count <= 255, path.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7f && $0 != 0x5c }) else {
            return ("has characters that are not for file names", "rename the file")
        }
        return nil
    }

    /// Whether a text names an environment variable.
    static func isVariable(_ name: String) -> Bool {
        guard let first = name.utf8.first, isLetter(first) || first == 0x5f else { return false }
        return name.utf8.count <= 128 && name.utf8.allSatisfy { isLetter($0) || isDigit($0) || $0 == 0x5f }
    }

    /// Whether a text is a host name: labels of letters, digits and inner hyphens.
    static func isHostName(_ text: String) -> Bool {
        let labels = text.split(separator: ".", omittingEmptySubsequences: false)
        return text.utf8.count <= 253
            && labels.allSatisfy { label in
                (1...63).contains(label.utf8.count) && !label.hasPrefix("-") && !label.hasSuffix("-")
                    && label.utf8.allSatisfy { isLetter($0) || isDigit($0) || $0 == 0x2d }
            }
    }

    /// Whether a text is a host name or an address with an optional port.
    static func isHostPort(_ text: String) -> Bool {
        var host = Substring(text)
        if let colon = text.lastIndex(of: ":"), !text.hasSuffix("]") {
            let port = text[text.index(after: colon)...]
            guard port.utf8.allSatisfy(isDigit), let number = Int(port), (1...65535).contains(number) else { return false }
            host = text[..<colon]
        }
        if host.hasPrefix("["), host.hasSuffix("]") { host = host.dropFirst().dropLast() }
        return !host.isEmpty && host.utf8.count <= 253
            && host.utf8.allSatisfy { isLetter($0) || isDigit($0) || [0x2d, 0x2e, 0x3a].contains($0) }
    }
}
