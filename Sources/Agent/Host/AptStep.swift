internal import SkepSystem

/// One run of apt or dpkg, under a fixed name by which it is found again.
enum AptStep: String, CaseIterable, Sendable {
    case configure, update, install, remove

    var unit: String { "skep-apt-\(rawValue).service" }

    func log(_ layout: HostLayout) -> String { "\(layout.state)/apt-\(rawValue).log" }

    var description: String {
        switch self {
        case .configure: "Skep finishes what dpkg was interrupted at"
        case .update: "Skep reads the lists of packages"
        case .install: "Skep installs packages"
        case .remove: "Skep removes packages that it had installed"
        }
    }

    func program(_ layout: HostLayout) -> Program {
        self == .configure ? layout.dpkg : layout.aptGet
    }

    /// Nobody is asked anything: changed configuration files stay as they are (dpkg(1)), and apt waits for its lock (apt.conf(5)).
    ///
    /// An installation removes nothing: docker.io conflicts with docker-ce, and apt would take that away with its containers.
    /// Nothing is ever purged: docker.io's postrm then runs nuke-graph-directory.sh, which wipes /var/lib/docker, volumes and images with it.
    func arguments(_ packages: [String]) -> [String] {
        let quiet = ["--yes", "--quiet", "--option", "DPkg::Lock::Timeout=600", "--option", "Dpkg::Use-Pty=0"]
        let keep = ["--option", "Dpkg::Options::=--force-confdef", "--option", "Dpkg::Options::=--force-confold"]
        return switch self {
        case .configure: ["--force-confdef", "--force-confold", "--configure", "--pending"]
        case .update: quiet + ["--option", "Acquire::Retries=3", "update"]
        case .install: quiet + keep + ["--option", "Acquire::Retries=3", "--no-install-recommends", "--no-remove", "install"] + packages
        case .remove: quiet + ["--allow-change-held-packages", "remove"] + packages
        }
    }

    static let environment = [
        "DEBIAN_FRONTEND": "noninteractive", "DEBIAN_PRIORITY": "critical", "APT_LISTCHANGES_FRONTEND": "none", "LC_ALL": "C",
        "NEEDRESTART_MODE": "l", "NEEDRESTART_SUSPEND": "1", "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    ]

    /// The last line of a run's output, for a progress display.
    static func lastLine(_ text: some StringProtocol) -> String {
        let line = text.split(whereSeparator: { $0.isNewline || $0 == "\r" }).last { !$0.allSatisfy(\.isWhitespace) }
        return String(line.map { $0.trimmed }?.prefix(200) ?? "")
    }

    /// What a run does now, in an operator's words: the package that is fetched, unpacked or set up; nil before the first.
    static func progress(_ text: some StringProtocol) -> String? {
        let lines = text.split(whereSeparator: { $0.isNewline || $0 == "\r" }).reversed()
        return lines.lazy.compactMap { line -> String? in
            let line = line.trimmed
            let words = line.split(separator: " ")
            // "Get:8 http://deb.debian.org/debian bookworm/main amd64 docker.io amd64 20.10.24 [36.3 MB]", or of a list: "… amd64 Packages [8789 kB]"
            if line.hasPrefix("Get:"), words.count > 4, let size = line.firstIndex(of: "[") { return "fetching \(words[4]) \(line[size...])" }
            guard ["Preparing to unpack", "Unpacking", "Setting up", "Processing triggers", "Removing"].contains(where: line.hasPrefix) else {
                return nil
            }
            return String(line.prefix(200))
        }.first
    }

    /// Why a run failed: apt's and dpkg's own error lines, or the last lines where they gave none.
    static func failure(_ text: String) -> String {
        let lines = text.split(whereSeparator: { $0.isNewline || $0 == "\r" }).map { $0.trimmed }.filter { !$0.isEmpty }
        let errors = lines.filter { line in ["E: ", "Err:", "dpkg: error", "dpkg: unrecoverable"].contains { line.hasPrefix($0) } }
        let chosen = errors.isEmpty ? lines.suffix(3) : errors.suffix(4)
        return String(chosen.joined(separator: "; ").prefix(800))
    }

    /// Another dpkg or apt is at work: dpkg's own lock and that of the lists are not waited for by themselves.
    static func isLocked(_ text: String) -> Bool {
        ["Could not get lock", "dpkg frontend lock", "is locked by another process", "Unable to acquire the dpkg"].contains { text.contains($0) }
    }

    /// Who holds the lock, as apt or dpkg says it.
    static func lockLine(_ text: String) -> String {
        text.split(whereSeparator: \.isNewline).map { $0.trimmed }.first { isLocked(String($0)) }.map { String($0.prefix(200)) } ?? lastLine(text)
    }

    /// The lists are missing or too old for what was asked.
    static func wantsUpdate(_ text: String) -> Bool {
        [
            "Unable to locate package", "has no installation candidate", "404  Not Found", "404 Not Found", "maybe run apt-get update",
            "Hash Sum mismatch", "File has unexpected size",
        ].contains { text.contains($0) }
    }
}
