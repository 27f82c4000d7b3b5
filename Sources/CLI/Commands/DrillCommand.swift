import ArgumentParser
import Glibc
import SkepModel
import SkepSystem
import SkepWire

/// `skep drill`.
struct DrillCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "drill", abstract: "Breaks something on a node on purpose, and measures how long it takes to be noticed and mended.",
        discussion: """
            The cluster must be ready, and its file must say 'policy: {drills: allowed}'. Drills are done one after the other; between them, and at the
            end, the cluster is waited for until it is ready again. The exit code is 1 if one of them failed.

            \(DrillName.allCases.map { "  \($0.rawValue): \($0.summary)" }.joined(separator: "\n"))
            """)

    @Argument(help: "Which, one or more: see above; or 'all' that can be done on the node.") var drills: [String]
    @Option(help: "The node.") var node: String
    @Option(help: "For address-change: an address in the node's network that nobody has.") var address: String?
    @Option(help: "How long to wait for the cluster to be ready again after each: 90s, 10m.") var timeout = "10m"
    @Flag(help: "Do not ask.") var yes = false
    @OptionGroup var session: Session
    @OptionGroup var output: JSONFlag

    func validate() throws {
        for drill in drills where drill != "all" && DrillName(rawValue: drill) == nil {
            throw ValidationError("there is no drill '\(drill)': \(DrillName.allCases.map(\.rawValue).joined(separator: ", ")), or all")
        }
        guard NodeName(rawValue: node) != nil else { throw ValidationError("'\(node)' is no node's name") }
        if let address, IPAddress(address) == nil { throw ValidationError("'\(address)' is no address") }
        guard let seconds = Words.seconds(timeout), seconds > 0 else { throw ValidationError("--timeout takes a time like 90s or 10m") }
    }

    /// A drill as it is printed.
    struct Result: Encodable {
        var drill: String
        var node: String
        var passed: Bool
        /// Left out, as it cannot be done there: `why` says it.
        var skipped = false
        var detectedMilliseconds: Int64?
        var repairedMilliseconds: Int64?
        var why: String?
        enum CodingKeys: String, CodingKey {
            case drill, node, passed, skipped, why
            case detectedMilliseconds = "detected_milliseconds"
            case repairedMilliseconds = "repaired_milliseconds"
        }
    }

    func run() throws {
        let client = try session.client()
        let path = try session.clusterPath(client)
        let isAll = drills.contains("all")
        let names = isAll ? DrillName.allCases : drills.compactMap(DrillName.init)
        guard yes || SecretInput.confirms("Break \(names.map(\.rawValue).joined(separator: ", ")) on \(node)?") else {
            throw CommandFailure(.refused, "nothing was done: say --yes to break \(node) on purpose")
        }
        var results: [Result] = []
        for name in names {
            let result = try drill(name, client, path, mayBeSkipped: isAll)
            results.append(result)
            if !output.json { Output.line(Self.words(result)) }
            if !result.skipped { try untilReady(client, path) }
        }
        if output.json {
            try JSONOutput.show(results)
        } else {
            var table = Table("DRILL", "NODE", "RESULT", "NOTICED", "MENDED", "WHY")
            for result in results {
                table.add(
                    result.drill, result.node, result.skipped ? "skipped" : result.passed ? "passed" : "failed",
                    result.detectedMilliseconds.map(Self.span) ?? "–", result.repairedMilliseconds.map(Self.span) ?? "–", result.why ?? "")
            }
            Output.line("")
            table.show()
        }
        let failed = results.filter { !$0.passed && !$0.skipped }
        guard failed.isEmpty else { throw CommandFailure(.failed, "\(failed.count) of \(results.count { !$0.skipped }) drills failed") }
    }

    private func drill(_ name: DrillName, _ client: CoordinatorClient, _ path: String, mayBeSkipped: Bool) throws -> Result {
        var result = Result(drill: name.rawValue, node: node, passed: false)
        let begun: DrillAnswer
        do {
            begun = try client.post(
                "\(path)/drill", DrillRequest(drill: name.rawValue, node: NodeName(unchecked: node), address: address.flatMap { IPAddress($0) }))
        } catch let failure as CommandFailure where failure.outcome == .refused && mayBeSkipped {
            result.skipped = true
            result.why = failure.lines.first
            return result
        }
        if !output.json { Output.line("\(name.rawValue) on \(node): \(name.summary)") }
        let run = try watch(begun.run, client, path)
        result.passed = run.passed
        result.detectedMilliseconds = run.report?.detected
        result.repairedMilliseconds = run.report?.repaired
        result.why = run.failure
        return result
    }

    /// Until the drill is over; a coordinator that does not answer may be what was stopped.
    private func watch(_ run: DrillRun, _ client: CoordinatorClient, _ path: String) throws -> DrillRun {
        let end = SystemClock.monotonicMilliseconds() + 700_000
        while true {
            sleepOneSecond()
            var last: DrillRun?
            do {
                last = try client.get("\(path)/drill", DrillAnswer.self).run
            } catch let failure as CommandFailure {
                guard failure.outcome == .failed, SystemClock.monotonicMilliseconds() < end else { throw failure }
            }
            if let last, last.id != run.id { throw CommandFailure(.failed, "another drill was begun meanwhile") }
            if let last, last.ended != nil { return last }
            guard SystemClock.monotonicMilliseconds() < end else { throw CommandFailure(.notConverged, "the drill is not over after 700 s") }
        }
    }

    private func untilReady(_ client: CoordinatorClient, _ path: String) throws {
        let end = SystemClock.monotonicMilliseconds() + Int64(Words.seconds(timeout) ?? 600) * 1000
        var why = "the coordinator does not answer"
        while SystemClock.monotonicMilliseconds() < end {
            do {
                let status: StatusAnswer = try client.get("\(path)/status")
                if status.cluster.ready { return }
                why = status.cluster.waits.first.map { "\($0.what) waits for \($0.waitsFor)" } ?? status.cluster.phase
            } catch let failure as CommandFailure where failure.outcome == .failed {
                why = failure.lines.first ?? why
            }
            sleepOneSecond()
        }
        throw CommandFailure(.notConverged, "the cluster is not ready \(timeout) after the drill: \(why)")
    }

    static func span(_ milliseconds: Int64) -> String { RepairsCommand.words(Double(milliseconds) / 1000) }

    private static func words(_ result: Result) -> String {
        if result.skipped { return "\(result.drill): skipped: \(result.why ?? "")" }
        guard result.passed else { return "\(result.drill): FAILED: \(result.why ?? "")" }
        return "\(result.drill): passed: noticed after \(result.detectedMilliseconds.map(span) ?? "?"), mended after "
            + (result.repairedMilliseconds.map(span) ?? "?")
    }
}
