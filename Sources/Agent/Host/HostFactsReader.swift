internal import FoundationEssentials
internal import SkepModel
internal import SkepSystem

/// Reads the facts about the machine; one that cannot be read is left empty, as the coordinator decides nothing without it.
struct HostFactsReader {
    let layout: HostLayout
    let scope: HostScope
    let chains: FirewallChains?

    @LoopActor func read() async -> NodeFacts {
        async let network = NetworkFacts.read(layout, bridges: scope.bridges)
        var facts = NodeFacts(machineID: text(layout.machineID).trimmed, hostname: text("/proc/sys/kernel/hostname").trimmed)
        facts.system = Self.prettyName(text(layout.osRelease))
        facts.kernel = text("/proc/sys/kernel/osrelease").trimmed
        facts.architecture = Self.architecture
        facts.memoryBytes = Self.totalMemory(text(layout.memory))
        if let space = Self.space(layout.dockerData) {
            facts.diskFreeBytes = space.free
            facts.diskTotalBytes = space.total
        }
        facts.localPorts = Self.range(text(layout.kernelSettings + "/net/ipv4/ip_local_port_range"))
        (facts.addresses, facts.routes) = await network
        facts.otherFirewalls = OtherFirewalls.read(layout, chains)
        return facts
    }

    private func text(_ path: String) -> String {
        (try? Files.readText(path, limit: 1 << 16)) ?? ""
    }

    /// Debian's word for what this program was built for; a foreign one is not in Debian's reach.
    static var architecture: String {
        #if arch(x86_64)
        "amd64"
        #elseif arch(arm64)
        "arm64"
        #else
        "unknown"
        #endif
    }

    /// os-release(5): `PRETTY_NAME="…"`.
    static func prettyName(_ text: String) -> String {
        guard let line = text.split(separator: "\n").first(where: { $0.hasPrefix("PRETTY_NAME=") }) else { return "" }
        return line.dropFirst("PRETTY_NAME=".count).filter { $0 != "\"" }
    }

    /// proc(5): `MemTotal:  2048 kB`.
    static func totalMemory(_ text: String) -> Int64 {
        guard let line = text.split(separator: "\n").first(where: { $0.hasPrefix("MemTotal:") }) else { return 0 }
        return line.split(whereSeparator: \.isWhitespace).dropFirst().first.flatMap { Int64($0) }.map { $0 * 1024 } ?? 0
    }

    static func range(_ text: String) -> PortRange? {
        let numbers = text.split(whereSeparator: \.isWhitespace).compactMap { Int($0) }
        return numbers.count == 2 ? PortRange(numbers[0], numbers[1]) : nil
    }

    /// The space of the folder, or of the nearest one above that is there.
    static func space(_ folder: String) -> DiskSpace? {
        var path = folder
        while !Files.exists(path), let slash = path.lastIndex(of: "/"), slash != path.startIndex { path = String(path[..<slash]) }
        return try? Files.space(Files.exists(path) ? path : "/")
    }
}
