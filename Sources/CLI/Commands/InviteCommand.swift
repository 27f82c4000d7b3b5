import ArgumentParser
import SkepHTTP
import SkepModel
import SkepWire

/// `skep node invite`.
struct InviteCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "invite", abstract: "Prints a command that makes a machine a node: once, and for ten minutes unless said otherwise.",
        discussion: """
            Run the command on the machine as root or as somebody who may use sudo. It holds a token: paste it, or send it by standard input,
            as in 'skep node invite n1 | ssh n1 sh'; as an argument of ssh it could be read by others on the machine.
            """)

    @Argument(help: "The name in the cluster file that the machine is to bear.")
    var node: String?

    @Option(name: .customLong("name"), help: ArgumentHelp("The same as the argument.", visibility: .hidden))
    var named: String?

    @Option(
        help: ArgumentHelp(
            "How long it is good; more than ten minutes needs a name or approval, and seven days are the most.", valueName: "10m|24h|7d"))
    var valid: String?

    @Flag(help: "Print user data for cloud-init instead.")
    var cloudInit = false

    @Flag(help: "Print the token alone, for a machine that has the agent already: 'skep-agent enrol --token-stdin' takes it.")
    var token = false

    @OptionGroup var session: Session
    @OptionGroup var output: JSONFlag

    private var name: String? { node ?? named }

    func validate() throws {
        if let valid, Words.seconds(valid) == nil { throw ValidationError("'\(valid)' is no time: write 10m, 24h or 7d") }
        if let name, NodeName(rawValue: name) == nil { throw ValidationError("'\(name)' cannot be the name of a node: \(NodeName.rule)") }
    }

    func run() throws {
        let client = try session.client()
        let sums = output.json || token ? [] : try packages(client)
        let seconds = valid.flatMap(Words.seconds) ?? (cloudInit && name != nil ? 86_400 : nil)
        let request = InviteRequest(name: name.flatMap(NodeName.init(rawValue:)), seconds: seconds)
        let answer: InviteAnswer = try client.post("\(session.clusterPath(client))/invitations", request)
        if output.json { return try JSONOutput.show(answer) }
        if token { return Output.line(answer.token) }
        let script = InvitationScript(answer, sums: sums)
        Output.line(cloudInit ? script.cloudInit : script.line)
        Output.error("good once, until \(Words.time(answer.expires))")
    }

    /// SHA-256 of the agent's packages that the coordinator has; without one there is nothing to invite with.
    private func packages(_ client: CoordinatorClient) throws -> [(architecture: String, sum: String)] {
        var sums: [(architecture: String, sum: String)] = []
        for architecture in ["amd64", "arm64"] {
            guard let text = try client.text("/v1/packages/agent/\(architecture)/sha256")?.text else { continue }
            let sum = String(text.prefix { $0.isHexDigit })
            guard sum.count == 64 else { throw CommandFailure(.failed, "the coordinator gave no SHA-256 of the agent's package for \(architecture)") }
            sums.append((architecture, sum))
        }
        guard !sums.isEmpty else {
            throw CommandFailure(
                .failed, "the coordinator has no package of the agent",
                "put skep-agent_*.deb into its packages folder; or install it by hand on the machine, and take a token with --token")
        }
        return sums
    }
}
