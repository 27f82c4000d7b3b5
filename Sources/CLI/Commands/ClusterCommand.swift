import ArgumentParser
import SkepModel
import SkepWire

/// `skep cluster …`.
struct ClusterCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "cluster", abstract: "Lists clusters, and takes one down.", subcommands: [List.self, Generations.self, File.self, Down.self])

    struct List: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Lists the clusters.")
        @OptionGroup var session: Session
        @OptionGroup var output: JSONFlag

        func run() throws {
            let clusters = try session.client().get("/v1/clusters", ClustersAnswer.self).clusters
            if output.json { return try JSONOutput.show(clusters) }
            var table = Table("CLUSTER", "KIND", "GENERATION", "READY", "PHASE")
            for cluster in clusters {
                table.add(cluster.name.rawValue, cluster.kind.rawValue, cluster.generation.description, cluster.ready ? "yes" : "no", cluster.phase)
            }
            table.show()
        }
    }

    struct Generations: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Lists the files that were accepted.")
        @OptionGroup var session: Session
        @OptionGroup var output: JSONFlag

        func run() throws {
            let client = try session.client()
            let list = try client.get("\(session.clusterPath(client))/generations", GenerationsAnswer.self).generations
            if output.json { return try JSONOutput.show(list) }
            var table = Table("GENERATION", "AT", "BY", "FILE")
            for item in list { table.add(item.generation.description, Words.time(item.at), item.actor, item.fileName) }
            table.show()
        }
    }

    struct File: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Prints the file of a generation.")
        @Option(help: "The generation; the last one when there is none.") var generation: Int?
        @OptionGroup var session: Session
        @OptionGroup var output: JSONFlag

        func run() throws {
            let client = try session.client()
            let query = generation.map { "?generation=\($0)" } ?? ""
            let answer: SpecAnswer = try client.get("\(session.clusterPath(client))/spec\(query)")
            if output.json { return try JSONOutput.show(answer) }
            Output.line(answer.file.hasSuffix("\n") ? String(answer.file.dropLast()) : answer.file)
        }
    }

    struct Down: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Takes a cluster down and puts its machines back as they were found.",
            discussion: "Volumes, images and the shares' data are never removed; packages stay, unless --purge.")
        @Flag(help: "Remove the packages that Skep installed as well; their configuration and data stay.") var purge = false
        @Flag(help: "Wait until all is gone.") var wait = false
        @Flag(help: "Do not ask.") var yes = false
        @Option(help: ArgumentHelp("How long to wait.", valueName: "30m")) var timeout = "30m"
        @OptionGroup var session: Session

        func validate() throws {
            guard Words.seconds(timeout) != nil else { throw ValidationError("'\(timeout)' is no time: write 90s, 30m or 2h") }
        }

        func run() throws {
            let client = try session.client()
            let text = try session.clusterName(client)
            guard let name = ClusterName(rawValue: text) else { throw CommandFailure(.usage, "'\(text)' cannot be the name of a cluster") }
            guard yes || SecretInput.confirms("Take \(name) down, with all of its stacks?") else {
                throw CommandFailure(.refused, "nothing was done: say --yes to take \(name) down")
            }
            let answer: DoneAnswer = try client.post("/v1/clusters/\(name)/down", DownRequest(purge: purge))
            Output.line(answer.done)
            guard wait else { return }
            let waiting = Convergence(
                client: client, cluster: name, generation: Generation(0), limit: .seconds(Words.seconds(timeout) ?? 1800), reach: try Reach([]),
                quiet: false)
            try waiting.untilDown()
        }
    }
}
