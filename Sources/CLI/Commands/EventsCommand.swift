import ArgumentParser
import FoundationEssentials
import SkepModel
import SkepWire

/// `skep events`.
struct EventsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(commandName: "events", abstract: "Shows the ledger: transitions, repairs, acts.")

    @Flag(help: "Go on as they come.") var follow = false
    @Option(help: "How many of the last ones.") var limit = 50
    @OptionGroup var session: Session
    @OptionGroup var output: JSONFlag

    func validate() throws {
        guard (1...1000).contains(limit) else { throw ValidationError("--limit goes from 1 to 1000") }
    }

    func run() throws {
        let client = try session.client()
        let path = "\(try session.clusterPath(client))/events"
        let answer: EventsAnswer = try client.get("\(path)?limit=\(limit)")
        if output.json, !follow { return try JSONOutput.show(answer.events) }
        for event in answer.events { try show(event) }
        guard follow else { return }
        let json = output.json
        var last = answer.events.map(\.id).max() ?? 0
        // What came between two streams is asked for.
        try Self.keepFollowing { heard in
            try client.events("\(path)/stream?after=\(last)") { data in
                guard let event = try? JSONDecoder().decode(Event.self, from: Data(data.utf8)), event.id > last else { return }
                last = event.id
                heard()
                if json { try? JSONOutput.showLine(event) } else { Output.line(Self.line(event)) }
            }
        }
    }

    /// Runs one stream after another: each ends when it is old, or when the coordinator restarts. Only failures count, 30 in a row without anything
    /// heard between them mean that the coordinator is gone.
    static func keepFollowing(_ stream: (_ heard: @escaping () -> Void) throws -> Void, pause: () -> Void = sleepOneSecond) throws {
        var failures = 0
        while failures < 30 {
            do {
                try stream { failures = 0 }
                failures = 0
            } catch let failure as CommandFailure where failure.outcome != .failed || failure.lines.contains(where: { $0.hasPrefix("log in:") }) {
                throw failure
            } catch {
                failures += 1
            }
            pause()
        }
        throw CommandFailure(.failed, "the coordinator does not answer any more")
    }

    private func show(_ event: Event) throws {
        if output.json { try JSONOutput.showLine(event) } else { Output.line(Self.line(event)) }
    }

    private static func line(_ event: Event) -> String {
        let who = [event.node?.rawValue, event.actor.map { "by \($0)" }].compactMap(\.self).joined(separator: " ")
        let seconds = event.seconds.map { " (\(($0 * 10).rounded() / 10) s)" } ?? ""
        return "\(Words.time(event.at))  \(event.kind.rawValue)\(who.isEmpty ? "" : "  \(who)")  \(event.message)\(seconds)"
    }
}
