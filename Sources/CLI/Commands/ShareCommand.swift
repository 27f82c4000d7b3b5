import ArgumentParser
import SkepModel
import SkepWire

/// `skep share …`.
struct ShareCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "share", abstract: "Looks at NFS shares.", subcommands: [List.self], defaultSubcommand: List.self)

    struct List: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Lists the shares, and the nodes where they are not good.")
        @OptionGroup var session: Session
        @OptionGroup var output: JSONFlag

        /// What `--json` prints of a share.
        struct Row: Encodable {
            let name: String
            let server: String
            let path: String
            let mount: String
            let write: [String]
            /// Nodes whose own condition says that the share is not good, or does not say which is, with their words.
            let problems: [String: String]
        }

        func run() throws {
            let client = try session.client()
            let path = try session.clusterPath(client)
            let spec: SpecAnswer = try client.get("\(path)/spec")
            let status: StatusAnswer = try client.get("\(path)/status")
            let shares = spec.spec.nfs?.shares ?? []
            let server = spec.spec.nfs?.server.rawValue ?? ""
            let problems = ShareProblems(shares, status.nodes)
            if output.json {
                return try JSONOutput.show(
                    shares.map { share in
                        Row(
                            name: share.name.rawValue, server: server, path: share.path, mount: share.mount, write: share.write.map(\.rawValue),
                            problems: problems.all(share.name))
                    })
            }
            var table = Table("SHARE", "SERVER", "PATH", "MOUNT", "WRITTEN BY", "PROBLEMS")
            for share in shares {
                let words = ShareProblems.lines(problems.named[share.name] ?? [:]).joined(separator: "; ")
                table.add(
                    share.name.rawValue, server, share.path, share.mount, share.write.map(\.rawValue).joined(separator: ", "),
                    words.isEmpty ? "–" : words)
            }
            table.show()
            if !problems.others.isEmpty { Output.line("") }
            for line in ShareProblems.lines(problems.others) { Output.line(line) }
        }
    }
}
