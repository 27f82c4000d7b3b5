import ArgumentParser
import FoundationEssentials
import SkepClusterFile
import SkepCompose
import SkepSystem
import SkepModel
import SkepWire

/// `skep apply -f FILE`.
struct ApplyCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "apply", abstract: "Makes a cluster be what its file says.",
        discussion: """
            The file and the stacks' files are checked here first; when anything is wrong, all of it is shown with its place, and nothing is sent.
            With --wait a new connection to each node is opened while its new firewall rules are on trial, as they demand.
            """)

    @Option(name: [.customShort("f"), .long], help: "The cluster file.")
    var file: String

    @Flag(help: "Show what would change, and change nothing.")
    var plan = false

    @Flag(help: "Wait until the cluster is ready, and show how it comes there.")
    var wait = false

    @Option(help: ArgumentHelp("How long to wait.", valueName: "90s|30m|2h"))
    var timeout = "30m"

    @Option(help: ArgumentHelp("Where a node is reached from here, when not on its own addresses at port 22.", valueName: "node=host:port"))
    var reach: [String] = []

    @OptionGroup var session: Session
    @OptionGroup var output: JSONFlag

    func validate() throws {
        guard Words.seconds(timeout) != nil else { throw ValidationError("'\(timeout)' is no time: write 90s, 30m or 2h") }
        _ = try Reach(reach)
    }

    func run() throws {
        let request = try prepared()
        let client = try session.client()
        let answer: ApplyAnswer = try client.post("/v1/apply", request, deadline: .seconds(120))
        for warning in answer.warnings { Output.error("note: \(warning)") }
        if output.json {
            try JSONOutput.show(answer)
        } else {
            show(answer)
        }
        guard wait, !plan else { return }
        let waiting = Convergence(
            client: client, cluster: answer.cluster, generation: answer.generation, limit: .seconds(Words.seconds(timeout) ?? 1800),
            reach: try Reach(reach), quiet: output.json)
        try waiting.untilReady()
    }

    /// Reads and checks everything on this machine.
    private func prepared() throws -> ApplyRequest {
        let text: String
        do {
            let bytes = try Files.read(file, limit: ClusterFile.sizeLimit + 1)
            guard let valid = String(validating: bytes, as: UTF8.self) else { throw CommandFailure(.usage, "\(file): the file is not UTF-8") }
            text = valid
        } catch let error as SystemError {
            throw CommandFailure(.usage, "\(file): \(error.message)")
        }
        let parsed: ParsedClusterFile
        do { parsed = try ClusterFile.read(text: text, file: file) } catch { throw CommandFailure(error.diagnostics) }
        let folder = ClusterFolder(of: file)
        let stacks: StackBundles
        do {
            stacks = try BundleMaker.makeAll(
                spec: parsed.spec, clusterFile: parsed, clusterFileName: file, facts: .ofThisMachine(), read: folder.read)
        } catch {
            throw CommandFailure(error.diagnostics)
        }
        for warning in stacks.warnings { Output.error("note: \(warning)") }
        var files: [String: String] = [:]
        for path in stacks.paths { files[path] = folder.read(path).map { Data($0).base64EncodedString() } }
        let request = ApplyRequest(name: file, file: text, files: files, planOnly: plan)
        guard files.values.reduce(text.utf8.count, { $0 + $1.utf8.count }) < WireProtocol.bodyLimit - 4096 else {
            throw CommandFailure(.usage, "the stacks' files are larger than \(WireProtocol.bodyLimit / 1_048_576) MiB together: make configs smaller")
        }
        return request
    }

    private func show(_ answer: ApplyAnswer) {
        for change in answer.changes { Output.line(change) }
        switch (answer.changed, plan) {
        case (false, _): Output.line("nothing changes: generation \(answer.generation) says the same")
        case (true, true): Output.line("\(answer.changes.count) changes to \(answer.cluster); nothing was changed")
        case (true, false): Output.line("accepted as generation \(answer.generation) of \(answer.cluster)")
        }
    }
}

/// Where nodes are reached from here.
struct Reach {
    let places: [String: (host: String, port: Int)]

    init(_ options: [String]) throws {
        var places: [String: (host: String, port: Int)] = [:]
        for option in options {
            let parts = option.split(separator: "=", maxSplits: 1)
            guard parts.count == 2, let endpoint = ConnectionOpener.endpoint(String(parts[1])) else {
                throw ValidationError("'\(option)' is no place of a node: write --reach n1=HOST:PORT")
            }
            places[String(parts[0])] = endpoint
        }
        self.places = places
    }

    /// All that may lead to the node.
    func endpoints(_ node: StatusAnswer.Node) -> [(host: String, port: Int)] {
        if let place = places[node.name.rawValue] { return [place] }
        return node.addresses.compactMap { text in
            let address = String(text.prefix { $0 != "/" && $0 != "%" })
            guard !address.hasPrefix("127."), address != "::1", !address.lowercased().hasPrefix("fe80") else { return nil }
            return (address, 22)
        }
    }
}
