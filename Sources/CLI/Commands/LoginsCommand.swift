import ArgumentParser
import SkepCrypto

/// `skep logins …`.
struct LoginsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "logins", abstract: "Shows where one is logged in, and forgets it.", subcommands: [List.self, Forget.self],
        defaultSubcommand: List.self)

    struct List: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Shows the logins of this user, without their tokens.")
        @OptionGroup var output: JSONFlag

        /// What `--json` prints of a login.
        struct Row: Encodable {
            let coordinator: String
            let current: Bool
            let `operator`: String
            let role: String
            let authority: String
        }

        func run() throws {
            let credentials = try Credentials.load()
            let rows = credentials.coordinators.sorted { $0.key < $1.key }.map { url, entry in
                let root = try? Certificate.all(pem: entry.authority).first
                return Row(
                    coordinator: url, current: url == credentials.current, operator: entry.operatorName, role: entry.role,
                    authority: root.map { Bytes.hex($0.publicKeySHA256) } ?? "unreadable")
            }
            if output.json { return try JSONOutput.show(rows) }
            var table = Table("COORDINATOR", "OPERATOR", "ROLE", "AUTHORITY")
            for row in rows { table.add(row.coordinator + (row.current ? " *" : ""), row.operator, row.role, row.authority) }
            table.show()
        }
    }

    struct Forget: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Removes a login from this machine.")
        @Argument(help: "The coordinator, https://HOST:7443.") var url: String

        func run() throws {
            var credentials = try Credentials.load()
            let address = try CoordinatorAddress(url)
            guard credentials.coordinators.removeValue(forKey: address.url) != nil else {
                throw CommandFailure(.failed, "nobody is logged in at \(address.url)")
            }
            if credentials.current == address.url { credentials.current = credentials.coordinators.keys.min() }
            try credentials.save()
            Output.line("forgot \(address.url)")
        }
    }
}
