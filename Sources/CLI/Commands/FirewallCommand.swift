import ArgumentParser
import Glibc
import SkepModel
import SkepSystem
import SkepWire

/// `skep firewall …`.
struct FirewallCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "firewall", abstract: "Shows a node's rules, and proves them.", subcommands: [Show.self, Confirm.self])

    struct Show: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Shows what a node lets in, and from whom.")
        @Argument(help: "The node's name.") var node: String
        @OptionGroup var session: Session
        @OptionGroup var output: JSONFlag

        func run() throws {
            let client = try session.client()
            let spec: FirewallSpec = try client.get("\(session.clusterPath(client))/firewall/\(PathSegment.checked(node, "node"))")
            if output.json { return try JSONOutput.show(spec) }
            var table = Table("PORTS", "FROM", "FOR")
            for rule in spec.rules {
                let from = rule.audiences.map(\.rawValue) + (rule.nodesToo ? ["nodes themselves"] : [])
                table.add(
                    "\(rule.ports)/\(rule.transport.rawValue)", from.isEmpty ? "nobody" : from.joined(separator: ", "),
                    rule.service + (rule.publishedOnly ? " (published ports only)" : ""))
            }
            table.show()
            Output.line("")
            for (audience, ranges) in spec.audiences.sorted(by: { $0.key < $1.key }) {
                Output.line("\(audience.rawValue): \(ranges.isEmpty ? "nobody" : ranges.map(\.description).joined(separator: ", "))")
            }
        }
    }

    struct Confirm: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Proves a node's new rules by a new connection from here.",
            discussion: "Run it from an address of the audience 'management'. Rules that were taken back are tried again first.")
        @Argument(help: "The node's name.") var node: String
        @Option(help: ArgumentHelp("Where the node is reached from here, when not on its own addresses at port 22.", valueName: "host:port"))
        var reach: String?
        @Option(help: ArgumentHelp("How long to try.", valueName: "90s")) var timeout = "120s"
        @OptionGroup var session: Session

        func validate() throws {
            guard Words.seconds(timeout) != nil else { throw ValidationError("'\(timeout)' is no time: write 90s or 2m") }
            if let reach, ConnectionOpener.endpoint(reach) == nil { throw ValidationError("'\(reach)' is no place: write HOST:PORT") }
        }

        func run() throws {
            let client = try session.client()
            let path = try session.clusterPath(client)
            let name = try PathSegment.checked(node, "node")
            let places = try Reach(reach.map { ["\(name)=\($0)"] } ?? [])
            var connections = ConnectionOpener()
            defer { connections.close() }
            let end = SystemClock.monotonicMilliseconds() + Int64(Words.seconds(timeout) ?? 120) * 1000
            var tried = false
            while true {
                let status: StatusAnswer = try client.get("\(path)/status")
                let found = try NodeCommand.find(name, status)
                let condition = FirewallTrial.condition(found)
                if condition?.status == .true {
                    return Output.line("\(name): \(condition?.message ?? "the rules are proven")")
                }
                if FirewallTrial.isUndone(found), !tried {
                    let answer: DoneAnswer = try client.post("\(path)/nodes/\(name)/retry-firewall")
                    Output.line(answer.done)
                    tried = true
                }
                connections.round(places.endpoints(found))
                guard SystemClock.monotonicMilliseconds() < end else {
                    throw CommandFailure(.notConverged, "\(name): \(condition?.message ?? "it has said nothing of its rules yet")")
                }
                sleepOneSecond()
            }
        }
    }
}
