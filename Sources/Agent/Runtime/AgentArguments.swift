/// The words after `skep-agent`, read by hand: the agent takes no package.
public struct AgentArguments: Sendable, Equatable {
    public enum Verb: Sendable, Equatable {
        case run
        case enrol(coordinator: String, token: TokenSource, name: String?)
        case status(json: Bool)
        case forget(leaveSwarm: Bool)
        case retryFirewall
        case probeShare([String])
        case probeOverlay([String])
        case version
        case help
    }

    /// Where the token is; never in the arguments, which every user of the machine can read.
    public enum TokenSource: Sendable, Equatable {
        case standardInput
        case file(String)
    }

    public var verb: Verb
    /// Another root than `/`, for tests.
    public var root = ""
    public var debug = false

    /// Reads them. Throws ``AgentError/Code/usage`` with the fix.
    public init(_ words: [String], environment: [String: String] = [:]) throws(AgentError) {
        root = environment["SKEP_AGENT_ROOT"] ?? ""
        guard let first = words.first else { throw Self.wrong("a command is missing") }
        if first == "probe-share" || first == "probe-overlay" {
            let rest = Array(words.dropFirst())
            verb = first == "probe-share" ? .probeShare(rest) : .probeOverlay(rest)
            return
        }
        var rest = words.dropFirst()[...]
        var flags: Set<String> = []
        var values: [String: String] = [:]
        let valued: Set<String> = ["--coordinator", "--token-file", "--name", "--root"]
        let known: [String: Set<String>] = [
            "run": ["--debug"], "enrol": ["--coordinator", "--token-stdin", "--token-file", "--name"], "status": ["--json"],
            "forget": ["--host", "--leave-swarm"], "retry-firewall": [], "--version": [], "--help": [], "help": [], "-h": [],
        ]
        guard let allowed = known[first] else { throw Self.wrong("there is no command '\(first)'") }
        while let word = rest.popFirst() {
            let parts = word.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
            guard word.hasPrefix("--"), allowed.contains(parts[0]) || parts[0] == "--root" else {
                throw Self.wrong(
                    word.hasPrefix("skep1.") ? "the token may not be an argument, others could read it" : "'\(word)' does not belong to '\(first)'")
            }
            if valued.contains(parts[0]) {
                guard let value = parts.count == 2 ? parts[1] : rest.popFirst(), !value.isEmpty else { throw Self.wrong("\(word) wants a value") }
                values[parts[0]] = value
            } else {
                guard parts.count == 1 else { throw Self.wrong("\(parts[0]) takes no value") }
                flags.insert(word)
            }
        }
        if let other = values["--root"] { root = other }
        debug = flags.contains("--debug")
        switch first {
        case "run": verb = .run
        case "enrol":
            guard let coordinator = values["--coordinator"] else { throw Self.wrong("enrol wants --coordinator https://HOST:7443") }
            let source: TokenSource
            switch (flags.contains("--token-stdin"), values["--token-file"]) {
            case (true, nil): source = .standardInput
            case (false, let path?): source = .file(path)
            default: throw Self.wrong("enrol wants either --token-stdin or --token-file FILE")
            }
            verb = .enrol(coordinator: coordinator, token: source, name: values["--name"])
        case "status": verb = .status(json: flags.contains("--json"))
        case "forget":
            guard flags.contains("--host") else { throw Self.wrong("forget wants --host: it puts this machine back as Skep found it") }
            verb = .forget(leaveSwarm: flags.contains("--leave-swarm"))
        case "retry-firewall": verb = .retryFirewall
        case "--version": verb = .version
        default: verb = .help
        }
    }

    private static func wrong(_ reason: String) -> AgentError { AgentError(.usage, "\(reason); see skep-agent --help") }

    /// What `--help` says.
    public static let help = """
        skep-agent: looks after one node of a Docker Swarm

          skep-agent run                 the service; systemd starts it
          skep-agent enrol --coordinator https://HOST:7443 (--token-stdin | --token-file FILE) [--name NAME]
                                         makes this machine a node, with the token of `skep node invite`
          skep-agent status [--json]     what the service sees and does
          skep-agent retry-firewall      tries rules again that were undone because they were not proven in time
          skep-agent forget --host [--leave-swarm]
                                         puts the machine back as Skep found it, once the service is stopped; packages stay
          skep-agent --version | --help

        Exit status: 0 done, 1 failed, 2 wrong usage.
        """
}
