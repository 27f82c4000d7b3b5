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
            /// Nodes whose own condition says that the share is not good, with their words.
            let problems: [String: String]
        }

        func run() throws {
            let client = try session.client()
            let path = try session.clusterPath(client)
            let spec: SpecAnswer = try client.get("\(path)/spec")
            let status: StatusAnswer = try client.get("\(path)/status")
            var problems: [String: String] = [:]
            for node in status.nodes {
                for condition in node.conditions where [.mounts, .exports].contains(condition.type) && condition.status != .true {
                    problems[node.name.rawValue] = condition.message
                }
            }
            let rows = (spec.spec.nfs?.shares ?? []).map { share in
                Row(
                    name: share.name.rawValue, server: spec.spec.nfs?.server.rawValue ?? "", path: share.path, mount: share.mount,
                    write: share.write.map(\.rawValue), problems: problems)
            }
            if output.json { return try JSONOutput.show(rows) }
            var table = Table("SHARE", "SERVER", "PATH", "MOUNT", "WRITTEN BY", "PROBLEMS")
            for row in rows {
                let words = row.problems.sorted { $0.key < $1.key }.map { "\($0.key): \($0.value)" }.joined(separator: "; ")
                table.add(row.name, row.server, row.path, row.mount, row.write.joined(separator: ", "), words.isEmpty ? "–" : words)
            }
            table.show()
        }
    }
}
