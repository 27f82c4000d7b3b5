import ArgumentParser
import SkepCrypto
import SkepSystem
import SkepWire

/// `skep credentials …`.
struct CredentialsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "credentials", abstract: "Who may use the managers' Docker API over TLS.",
        discussion: "The file must say 'docker: {tls-api: true}'. Logins at coordinators are shown by 'skep logins'.",
        subcommands: [Create.self, List.self, Revoke.self], defaultSubcommand: List.self)

    struct Create: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Makes ca.pem, cert.pem and key.pem for DOCKER_CERT_PATH.",
            discussion:
                "The key is made here and goes nowhere. Whoever holds it can do all that Docker can, on every node: keep it like a root password.")
        @Argument(help: "Whose it is; by this name it is listed and revoked.") var name: String
        @Option(help: "How long it is good: 90d, 12h, 30m.") var ttl = Span(seconds: 90 * 86_400)
        @Option(help: "The folder for the three files; a new one with the credential's name by default.") var out: String?
        @OptionGroup var session: Session
        @OptionGroup var output: JSONFlag

        /// What `--json` prints.
        struct Row: Encodable {
            let name: String
            let folder: String
            let ends: String
            let endpoints: [String]
        }

        func run() throws {
            let client = try session.client()
            let folder = out ?? name
            for file in ["ca.pem", "cert.pem", "key.pem"] where Files.exists("\(folder)/\(file)") {
                throw CommandFailure(.usage, "\(folder)/\(file) is there already: name another folder with --out")
            }
            let credential = try DockerCredential.make(name, seconds: ttl.seconds, path: try session.clusterPath(client), client)
            do {
                try credential.write(to: folder)
            } catch {
                // nobody has its key
                let _: DoneAnswer? = try? client.delete("\(try session.clusterPath(client))/credentials/\(name)")
                throw error
            }
            if output.json {
                return try JSONOutput.show(
                    Row(name: name, folder: folder, ends: Words.time(credential.answer.ends), endpoints: credential.answer.endpoints))
            }
            Output.line("\(folder): ca.pem, cert.pem and key.pem, good until \(Words.time(credential.answer.ends)). For Docker's command line:")
            for endpoint in credential.answer.endpoints {
                Output.line("  export DOCKER_HOST=\(endpoint) DOCKER_TLS_VERIFY=1 DOCKER_CERT_PATH=\(folder)")
            }
        }
    }

    struct List: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Shows the credentials, those that ended lately among them.")
        @OptionGroup var session: Session
        @OptionGroup var output: JSONFlag

        func run() throws {
            let client = try session.client()
            let answer: CredentialsAnswer = try client.get("\(try session.clusterPath(client))/credentials")
            if output.json { return try JSONOutput.show(answer.credentials) }
            var table = Table("NAME", "MADE", "BY", "ENDS", "REVOKED")
            for row in answer.credentials {
                table.add(row.name, Words.time(row.made), row.maker, Words.time(row.ends), row.revoked.map(Words.time) ?? "–")
            }
            table.show()
        }
    }

    struct Revoke: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Ends a credential: managers refuse it within seconds, and cut the connections that it has open.")
        @Argument var name: String
        @OptionGroup var session: Session

        func run() throws {
            let client = try session.client()
            let path = "\(try session.clusterPath(client))/credentials/\(try PathSegment.checked(name, "credential"))"
            let answer: DoneAnswer = try client.delete(path)
            Output.line(answer.done)
        }
    }
}
