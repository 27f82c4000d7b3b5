import ArgumentParser
import Glibc
import SkepWire

/// `skep status`.
struct StatusCommand: ParsableCommand {
    static let configuration = CommandConfiguration(commandName: "status", abstract: "Shows a cluster: its phase, nodes, stacks and operations.")

    @Flag(help: "Show it again and again.")
    var watch = false

    @Flag(help: "Show what passes between the nodes: the overlay and the published ports, each with its age.")
    var traffic = false

    @OptionGroup var session: Session
    @OptionGroup var output: JSONFlag

    func run() throws {
        let client = try session.client()
        let path = "\(try session.clusterPath(client))/status"
        var screen = Screen()
        var journal = ProgressJournal()
        repeat {
            let status: StatusAnswer = try client.get(path)
            if output.json {
                if watch { try JSONOutput.showLine(status) } else { try JSONOutput.show(status) }
            } else if watch, Output.isTerminal {
                screen.paint(lines(status))
            } else if watch {
                for line in journal.news(status) { Output.line(line) }
            } else {
                for line in lines(status) { Output.line(line) }
            }
            if watch { usleep(2_000_000) }
        } while watch
    }

    private func lines(_ status: StatusAnswer) -> [String] {
        StatusView(status).lines + (traffic ? [""] + TrafficLines(status).lines : [])
    }
}
