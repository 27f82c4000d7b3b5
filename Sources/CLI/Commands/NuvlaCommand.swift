import ArgumentParser
import SkepModel
import SkepSystem
import SkepWire

/// `skep nuvla …`.
struct NuvlaCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "nuvla", abstract: "Registers the cluster at a Nuvla server, and takes it back.", subcommands: [Register.self, Unregister.self])

    /// Where the server is, and as whom one comes.
    struct Server: ParsableArguments {
        @Argument(help: "The Nuvla server, https://HOST.") var url: String
        @Option(help: "The API key's id, credential/UUID; its secret is read from standard input.") var key: String
        /// What Skep calls the swarm's credential at that server: one for each.
        var credentialName: String {
            let host = url.split(separator: "/", omittingEmptySubsequences: true).dropFirst().first ?? "nuvla"
            let plain = "nuvla-" + host.lowercased().map { $0.isASCII && ($0.isLetter || $0.isNumber) ? $0 : "-" }
            return String(plain.prefix(40).reversed().drop { $0 == "-" }.reversed())
        }

        @Option(help: "A file with the authority of the server's certificate, if it is not a public one.") var authority: String?

        func login() throws -> NuvlaClient {
            guard key.hasPrefix("credential/") else { throw CommandFailure(.usage, "--key '\(key)' is no API key's id: it begins with credential/") }
            let trusted = try authority.map { try StackInput.text($0, limit: 1 << 20) }
            let client = try NuvlaClient(url: url, authority: trusted)
            let secret = try SecretInput.read(prompt: "the API key's secret:")
            try client.login(key: key, secret: String(secret.filter { !$0.isWhitespace }))
            return client
        }
    }

    struct Register: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Makes the infrastructure services of the swarm and its S3, each with a credential.",
            discussion: """
                What is there already stays; what this call has made goes again when it cannot be ended. The swarm's credential is one of Skep's \
                ('skep credentials list' shows it as nuvla-HOST). The keys of the catalogue's S3 are shown once: where they were shown before, give them by files, or \
                rotate them.
                """)
        @OptionGroup var server: Server
        @Option(
            help: "Where Nuvla reaches Docker's API: https://HOST:2376; by default the first of the file's tls-api names, or the manager's address.")
        var endpoint: String?
        @Option(help: "How long the credential is good.") var ttl = Span(seconds: 365 * 86_400)
        @Option(help: "Where Nuvla reaches S3: https://HOST; by default S3_HOST of the stack s3, if there is one.") var s3: String?
        @Option(help: "A file with the access key of S3.") var s3AccessKey: String?
        @Option(help: "A file with the secret key of S3.") var s3SecretKey: String?
        @OptionGroup var session: Session

        func run() throws {
            let client = try session.client()
            let path = try session.clusterPath(client)
            let spec = try client.get("\(path)/spec", SpecAnswer.self).spec
            let credentials: CredentialsAnswer = try client.get("\(path)/credentials")
            guard spec.docker.tlsAPI else {
                throw CommandFailure(.failed, "\(spec.name) does not serve Docker's API over TLS: write 'docker: {tls-api: true}' and apply the file")
            }
            let keys = try s3(client, spec)
            let nuvla = try server.login()
            let name = server.credentialName
            let good = credentials.hasGood(name)
            var made = false
            let registration = NuvlaRegistration(nuvla: nuvla, cluster: spec.name.rawValue, say: Output.line)
            do {
                try registration.register(endpoint: try swarmEndpoint(spec, client, path), s3: keys?.keys, isGood: good) {
                    // one whose key nobody has any more is in the way
                    if good { let _: DoneAnswer? = try? client.delete("\(path)/credentials/\(name)") }
                    let credential = try DockerCredential.make(name, seconds: ttl.seconds, path: path, client)
                    made = true
                    return credential
                }
            } catch {
                if made { let _: DoneAnswer? = try? client.delete("\(path)/credentials/\(name)") }
                if let shown = keys?.shown, !shown().isEmpty {
                    let rotate = shown().map { "skep stack secret rotate s3 \($0)" }.joined(separator: "; ")
                    Output.error("the keys of S3 were shown for this, and are shown once: before the next try, \(rotate)")
                }
                throw error
            }
            Output.line("\(spec.name) is registered at \(server.url)")
        }

        private func swarmEndpoint(_ spec: ClusterSpec, _ client: CoordinatorClient, _ path: String) throws -> String {
            if let endpoint {
                guard endpoint.hasPrefix("https://") else { throw CommandFailure(.usage, "--endpoint '\(endpoint)' is no https://HOST:2376") }
                return endpoint
            }
            if let name = spec.docker.tlsNames?.first { return "https://\(name.contains(":") ? "[\(name)]" : name):\(DockerAPISpec.port)" }
            let status: StatusAnswer = try client.get("\(path)/status")
            guard let address = status.nodes.first(where: { $0.role == Role.manager && $0.advertised != nil })?.advertised else {
                throw CommandFailure(.failed, "no manager of \(spec.name) has an address yet: wait until the swarm stands, or give --endpoint")
            }
            return "https://\(address.contains(":") ? "[\(address)]" : address):\(DockerAPISpec.port)"
        }

        /// The keys of S3: those that were given, or those that Skep made.
        private func s3(_ client: CoordinatorClient, _ spec: ClusterSpec) throws -> (keys: NuvlaRegistration.S3, shown: () -> [String])? {
            let stack = spec.stacks.first { $0.name.rawValue == "s3" && $0.source == .catalogue }
            let host = stack?.environment["S3_HOST"].flatMap { $0.isEmpty ? nil : "https://\($0)" }
            guard let endpoint = s3 ?? host else {
                if stack != nil {
                    Output.error("S3 is not registered: it answers on every name that begins with s3.; give one with --s3 https://s3.HOST")
                }
                return nil
            }
            if let s3AccessKey, let s3SecretKey {
                func content(_ file: String) throws -> String { String(try StackInput.text(file, limit: 4096).filter { !$0.isWhitespace }) }
                let keys = (try content(s3AccessKey), try content(s3SecretKey))
                return (.init(endpoint: endpoint) { keys }, { [] })
            }
            guard stack != nil else { throw CommandFailure(.usage, "give the keys of S3: --s3-access-key FILE --s3-secret-key FILE") }
            var names: [String] = []
            func shown(_ name: String) throws -> String {
                let answer: SecretAnswer = try client.post("\(try session.stackPath("s3", client))/secrets/\(name)/show")
                names.append(name)
                return answer.content
            }
            return (.init(endpoint: endpoint) { (try shown("access-key"), try shown("secret-key")) }, { names })
        }
    }

    struct Unregister: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Removes from Nuvla what was registered there, and revokes the credential.")
        @OptionGroup var server: Server
        @OptionGroup var session: Session

        func run() throws {
            let client = try session.client()
            let cluster = try session.clusterName(client)
            let registration = NuvlaRegistration(nuvla: try server.login(), cluster: cluster, say: Output.line)
            let was = try registration.unregister()
            let (path, name) = ("/v1/clusters/\(cluster)/credentials", server.credentialName)
            let credentials: CredentialsAnswer = try client.get(path)
            if credentials.hasGood(name) {
                let answer: DoneAnswer = try client.delete("\(path)/\(name)")
                Output.line(answer.done)
            }
            Output.line(was ? "\(cluster) is not registered at \(server.url) any more" : "\(cluster) was not registered at \(server.url)")
        }
    }
}

extension CredentialsAnswer {
    fileprivate func hasGood(_ name: String) -> Bool {
        credentials.contains { $0.name == name && $0.isGood(at: Instant(milliseconds: SystemClock.wallMilliseconds())) }
    }
}
