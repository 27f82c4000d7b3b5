internal import AgentCore
internal import SkepSystem

/// Kernel settings: read and written in /proc/sys, and kept for the next start in a file of ours.
@LoopActor struct SysctlActions {
    let layout: HostLayout

    private static let heading = "# Written by skep-agent; a change here is put back.\n"

    init(_ layout: HostLayout) { self.layout = layout }

    /// Current values with single blanks between numbers; a key that this kernel lacks is left out.
    func look(_ keys: Set<String>) throws -> [String: String] {
        var values: [String: String] = [:]
        for key in keys.sorted() {
            if let value = try value(key) { values[key] = value.singleSpaced }
        }
        return values
    }

    /// Keeps the values and sets them; answers with what was there before.
    ///
    /// The file decides at the next start, so it comes first: a power cut between the two loses nothing. A value that the kernel refuses is
    /// not kept.
    func set(_ wanted: [String: String]) throws -> ActionOutcome {
        let before = try look(Set(wanted.keys))
        if let unknown = wanted.keys.sorted().first(where: { before[$0] == nil }) { throw HostFailure("this kernel has no setting \(unknown)") }
        let former = try kept()
        try keep(former.merging(wanted.mapValues(\.singleSpaced)) { _, new in new })
        do {
            for (key, value) in wanted.sorted(by: { $0.key < $1.key }) where before[key] != value.singleSpaced { try write(key, value) }
        } catch {
            try keep(former)
            throw error
        }
        return .originals(.init(sysctls: before))
    }

    /// Puts values back, and forgets the keys.
    func restore(_ originals: [String: String]) throws {
        try keep(try kept().filter { originals[$0.key] == nil })
        let present = try look(Set(originals.keys))
        for (key, value) in originals.sorted(by: { $0.key < $1.key }) where present[key] != nil && present[key] != value { try write(key, value) }
    }

    /// `vm.max_map_count` or `net/ipv4/conf/eth0.100/forwarding`: the first separator is the one that counts (sysctl(8)).
    static func path(_ key: String) -> String? {
        guard let first = key.first(where: { $0 == "." || $0 == "/" }) else { return nil }
        let other: Character = first == "." ? "/" : "."
        let parts = key.split(separator: first, omittingEmptySubsequences: false).map { part in
            String(part.map { $0 == other ? (first == "." ? "." : other) : $0 })
        }
        guard parts.allSatisfy({ !$0.isEmpty && $0 != "." && $0 != ".." && !$0.contains("/") && !$0.contains("\0") }) else { return nil }
        return parts.joined(separator: "/")
    }

    /// nil where there is no such key, or one that can only be written.
    private func value(_ key: String) throws -> String? {
        guard let path = Self.path(key) else { return nil }
        let file = "\(layout.kernelSettings)/\(path)"
        guard let status = try Files.status(file), status.kind == .file, status.mode & 0o444 != 0 else { return nil }
        return try Files.readText(file, limit: 1 << 16)
    }

    private func write(_ key: String, _ value: String) throws {
        guard let path = Self.path(key) else { throw HostFailure("\(key) is not the name of a kernel setting") }
        do {
            try KernelFile.write("\(layout.kernelSettings)/\(path)", value.singleSpaced)
        } catch {
            throw HostFailure("the kernel does not take \(key) = \(value): \(words(error))")
        }
    }

    /// What the file says.
    private func kept() throws -> [String: String] {
        let text = try Files.readIfPresent(layout.sysctls).map { String(decoding: $0, as: UTF8.self) } ?? ""
        var kept: [String: String] = [:]
        for line in text.split(separator: "\n") where !line.hasPrefix("#") {
            guard let sign = line.firstIndex(of: "=") else { continue }
            kept[line[..<sign].trimmed] = line[line.index(after: sign)...].trimmed
        }
        return kept
    }

    private func keep(_ kept: [String: String]) throws {
        guard !kept.isEmpty else { return try Files.remove(layout.sysctls) }
        let lines = kept.sorted { $0.key < $1.key }.map { "\($0.key) = \($0.value)\n" }
        _ = try AtomicFile.writeIfChanged(layout.sysctls, Self.heading + lines.joined())
    }
}
