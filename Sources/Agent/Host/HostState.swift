internal import FoundationEssentials
public import SkepSystem

/// What observer and actuator of one machine share: the record on disk, and what is under way.
@LoopActor public final class HostState {
    public nonisolated let layout: HostLayout
    private(set) var record: HostRecord
    /// The last line of an apt run that this process started itself, where there is no systemd.
    var aptLine: String?
    var aptFailure: String?
    let ruleset = RulesetCache()
    /// The start of the engine for which Docker's chains were seen.
    var chainsSeen: Int64?
    /// Set once somebody watches.
    var rulesetWatch: RulesetWatch?
    /// Probes that outlived their kill, by mount path.
    var stuckProbes: [String: Int] = [:]
    /// Mount paths whose last probe was cut off at its deadline.
    var lateProbes: Set<String> = []
    /// How long a probe of a share may take.
    var probeDeadline = Duration.seconds(10)
    /// Mounts that were made anew, by path.
    var remounts: [String: RepairPause] = [:]

    /// Reads the record; one that cannot be read is as good as none.
    public init(_ layout: HostLayout) {
        self.layout = layout
        do {
            record = try Files.readIfPresent(layout.record).map { try JSONDecoder().decode(HostRecord.self, from: Data($0)) } ?? HostRecord()
        } catch {
            Log.error("the host's record cannot be read; ignoring it", ["file": layout.record, "error": "\(error)"])
            record = HostRecord()
        }
    }

    /// Changes the record, on disk first.
    func update(_ change: (inout HostRecord) -> Void) throws {
        var next = record
        change(&next)
        guard next != record else { return }
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        try Files.makeDirectory(layout.state, mode: 0o700)
        try AtomicFile.write(layout.record, Array(try encoder.encode(next)), mode: 0o600)
        record = next
    }
}
