internal import SkepSystem

/// dpkg's own account of the packages on this machine.
struct PackageDatabase: Equatable, Sendable {
    struct Entry: Equatable, Sendable {
        /// dpkg's `want`: install, hold, deinstall, purge, unknown.
        var want: String
        /// dpkg's `status`: installed, unpacked, half-configured, config-files, …
        var status: String
    }

    var entries: [String: Entry]
    /// Whether dpkg was killed with changes of its database pending (dpkg(1): /var/lib/dpkg/updates).
    var hasPendingUpdates: Bool

    private static let unfinished = ["half-installed", "unpacked", "half-configured", "triggers-awaited", "triggers-pending"]

    func isInstalled(_ name: String) -> Bool { entries[name]?.status == "installed" }
    func isHeld(_ name: String) -> Bool { entries[name]?.want == "hold" }
    /// Whether more of it is there than its configuration.
    func isPresent(_ name: String) -> Bool { entries[name].map { !["not-installed", "config-files"].contains($0.status) } ?? false }

    /// Whether work on one of those packages was begun and not ended.
    func isInterrupted(_ names: some Sequence<String>) -> Bool {
        hasPendingUpdates || names.contains { Self.unfinished.contains(entries[$0]?.status ?? "") }
    }

    @LoopActor static func read(_ layout: HostLayout) async throws -> PackageDatabase {
        let format = "${Package} ${db:Status-Want} ${db:Status-Status}\\n"
        let result = try await run(layout.dpkgQuery("--show", "--showformat", format)).orFail("dpkg-query cannot list the packages")
        return PackageDatabase(entries: parse(result.output), hasPendingUpdates: pendingUpdates(layout))
    }

    static func parse(_ text: String) -> [String: Entry] {
        var entries: [String: Entry] = [:]
        for line in text.split(separator: "\n") {
            let parts = line.split(separator: " ")
            guard parts.count == 3 else { continue }
            let entry = Entry(want: String(parts[1]), status: String(parts[2]))
            // A foreign architecture's package has the same name: the one that is installed counts.
            if entries[String(parts[0])]?.status == "installed", entry.status != "installed" { continue }
            entries[String(parts[0])] = entry
        }
        return entries
    }

    /// Files named by numbers are changes that dpkg has not yet merged into its database.
    static func pendingUpdates(_ layout: HostLayout) -> Bool {
        ((try? Files.list(layout.dpkgUpdates)) ?? []).contains { $0.allSatisfy(\.isNumber) }
    }
}
