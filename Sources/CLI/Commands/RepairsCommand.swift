import ArgumentParser
import SkepModel
import SkepWire

/// `skep repairs`.
struct RepairsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "repairs", abstract: "Counts what the agents put back, by class of fault.",
        discussion: "Seconds go from the moment when a fault was noticed until it was seen to be mended. 'skep events' shows each of them.")

    @Option(help: "How far back: 90s, 10m, 2h, 7d.") var since = "1d"
    @OptionGroup var session: Session
    @OptionGroup var output: JSONFlag

    func validate() throws {
        guard let seconds = Words.seconds(since), seconds > 0 else { throw ValidationError("--since takes a time like 90s, 10m, 2h or 7d") }
    }

    func run() throws {
        let client = try session.client()
        let seconds = Words.seconds(since) ?? Int(RepairsAnswer.day)
        let answer: RepairsAnswer = try client.get("\(try session.clusterPath(client))/repairs?seconds=\(seconds)")
        if output.json { return try JSONOutput.show(answer) }
        guard !answer.repairs.isEmpty else { return Output.line("no repairs in the last \(Words.span(answer.seconds))") }
        var table = Table("FAULT", "REPAIRS", "NODES", "FAILED", "MEDIAN", "LONGEST", "LAST", "HOW LONG")
        for one in answer.repairs {
            table.add(
                one.fault.rawValue, "\(one.count)", "\(one.nodes)", "\(one.failures)", Self.words(one.median), Self.words(one.longest),
                Words.time(one.last), Self.words(one.histogram))
        }
        table.show()
    }

    static func words(_ seconds: Double) -> String {
        if seconds < 1 { return "\(Int((seconds * 1000).rounded())) ms" }
        return seconds < 20 ? "\((seconds * 10).rounded() / 10) s" : "\(Int(seconds.rounded())) s"
    }

    /// The buckets that are not empty: `12 ≤ 50 ms, 1 > 300 s`.
    static func words(_ histogram: [RepairSummary.Bucket]) -> String {
        histogram.filter { $0.count > 0 }.map { bucket in
            bucket.seconds.map { "\(bucket.count) ≤ \(words($0))" } ?? "\(bucket.count) > \(words(RepairSummary.bounds.last ?? 0))"
        }.joined(separator: ", ")
    }
}
