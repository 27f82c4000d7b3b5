import ArgumentParser
import SkepModel
import SkepWire

/// `skep node …`.
struct NodeCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "node", abstract: "Looks at nodes, invites machines, approves and evicts.",
        subcommands: [List.self, Show.self, InviteCommand.self, Approve.self, Defer.self, Undefer.self, Evict.self])

    struct List: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Lists the nodes.")
        @OptionGroup var session: Session
        @OptionGroup var output: JSONFlag

        func run() throws {
            let nodes = try session.status(session.client()).nodes
            if output.json { return try JSONOutput.show(nodes) }
            var table = Table("NODE", "ID", "ROLE", "LIVENESS", "SEEN", "READY", "ADDRESSES")
            for node in nodes {
                table.add(
                    node.name.rawValue, node.id?.rawValue ?? "–", node.role.rawValue, node.liveness, Words.age(node.seenSecondsAgo),
                    node.ready ? "yes" : "no",
                    node.addresses.joined(separator: " "))
            }
            table.show()
        }
    }

    struct Show: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Shows all that is known of a node.")
        @Argument(help: "The node's name.") var name: String
        @OptionGroup var session: Session
        @OptionGroup var output: JSONFlag

        func run() throws {
            let client = try session.client()
            let status = try session.status(client)
            let node = try NodeCommand.find(name, status)
            if output.json { return try JSONOutput.show(node) }
            let facts: [(String, String?)] = [
                ("name", node.name.rawValue), ("id", node.id?.rawValue), ("role", node.role.rawValue), ("liveness", node.liveness),
                ("seen", Words.age(node.seenSecondsAgo)), ("addresses", node.addresses.joined(separator: " ")), ("advertised", node.advertised),
                ("swarm", node.swarm), ("docker", node.docker), ("system", node.system),
                ("labels", node.labels.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }.joined(separator: " ")),
                ("clock", node.clockOffsetMilliseconds.map { "\($0) ms off" }),
                ("certificate", node.certificateExpires.map { "until \(Words.time($0))" }),
                ("doing", node.progress),
            ]
            for (key, value) in facts { if let value, !value.isEmpty { Output.line("\(key): \(value)") } }
            var table = Table("CONDITION", "STATUS", "SINCE", "REASON", "MESSAGE")
            for condition in node.conditions {
                table.add(
                    condition.type.rawValue, condition.status.rawValue, Words.age(Double(status.now.since(condition.since)) / 1000), condition.reason,
                    condition.message)
            }
            Output.line("")
            table.show()
        }
    }

    struct Approve: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Lets a machine in that has enrolled and waits for it.")
        @Argument(help: "The node's name.") var name: String
        @OptionGroup var session: Session
        func run() throws { try NodeCommand.act("approve", name, session) }
    }

    struct Defer: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Lets the cluster come up without a node whose machine is not there yet.")
        @Argument(help: "The node's name.") var name: String
        @OptionGroup var session: Session
        func run() throws { try NodeCommand.act("defer", name, session) }
    }

    struct Undefer: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Waits for a deferred node again.")
        @Argument(help: "The node's name.") var name: String
        @OptionGroup var session: Session
        func run() throws { try NodeCommand.act("undefer", name, session) }
    }

    struct Evict: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Throws a machine out: its certificate and its connections end.")
        @Argument(help: "The node's name.") var name: String
        @Flag(help: "Do not ask.") var yes = false
        @Flag(help: "Even if the swarm loses the majority of its managers.") var force = false
        @OptionGroup var session: Session
        func run() throws {
            guard yes || SecretInput.confirms("Throw \(name) out of the cluster?") else {
                throw CommandFailure(.refused, "nothing was done: say --yes to throw \(name) out")
            }
            try NodeCommand.act(force ? "evict?force=true" : "evict", name, session)
        }
    }

    static func find(_ name: String, _ status: StatusAnswer) throws -> StatusAnswer.Node {
        guard let node = status.nodes.first(where: { $0.name.rawValue == name || $0.id?.rawValue == name }) else {
            throw CommandFailure(.failed, "there is no node '\(name)': skep node list")
        }
        return node
    }

    private static func act(_ verb: String, _ name: String, _ session: Session) throws {
        let client = try session.client()
        let answer: DoneAnswer = try client.post("\(session.clusterPath(client))/nodes/\(PathSegment.checked(name, "node"))/\(verb)")
        Output.line(answer.done)
    }
}
