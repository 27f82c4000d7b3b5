import ArgumentParser
import FoundationEssentials
import SkepCrypto
import SkepHTTP
import SkepWire

/// `skep login URL`.
struct LoginCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "login", abstract: "Logs in to a coordinator; the code or token comes by standard input, never in the command.",
        discussion: "The first code is what 'sudo skep-coordinator first-login' prints on the coordinator's machine.")

    @Argument(help: "The coordinator, https://HOST:7443.")
    var url: String

    @Option(help: "The operator's name, at the first login.")
    var name: String?

    @Option(help: ArgumentHelp("SHA-256 of the authority's public key in hexadecimal: nobody else is believed.", valueName: "hex"))
    var fingerprint: String?

    @Flag(help: "Believe the authority that is met, without asking.")
    var acceptNew = false

    func run() throws {
        let address = try CoordinatorAddress(url)
        var credentials = try Credentials.load()
        let secret = try SecretInput.read(prompt: "Code or token:").trimmedASCII()
        let (code, known) = Self.split(secret)
        let authority = try meet(address, expected: known ?? fingerprint, earlier: credentials.coordinators[address.url]?.authority)
        let client = CoordinatorClient(address: address, authority: authority, token: nil)
        let answer: LoginAnswer = try client.post("/v1/login", LoginRequest(code: code, name: name))
        credentials.coordinators[address.url] = .init(
            operatorName: answer.operatorName, role: answer.role, token: answer.token, authority: authority)
        credentials.current = address.url
        try credentials.save()
        Output.line("logged in to \(address.url) as \(answer.operatorName) (\(answer.role))")
    }

    /// A code may carry the authority's fingerprint behind a dot.
    static func split(_ secret: String) -> (code: String, fingerprint: String?) {
        guard let dot = secret.lastIndex(of: ".") else { return (secret, nil) }
        let last = secret[secret.index(after: dot)...]
        guard last.utf8.count == 64, Bytes.fromHex(String(last)) != nil else { return (secret, nil) }
        return (String(secret[..<dot]), String(last))
    }

    /// The authority's roots: known by their fingerprint, from before, or accepted by the operator.
    private func meet(_ address: CoordinatorAddress, expected: String?, earlier: String?) throws -> String {
        var request = HTTPRequest(.get, "https://\(CoordinatorAddress.serverName):\(address.port)/v1/authority")
        request.connectTo = address.endpoint
        request.tls = TLSOptions(trust: .nobody)
        let response: HTTPResponse
        do {
            response = try BlockingHTTPClient().perform(request)
        } catch {
            throw CommandFailure(.failed, "\(address.url): \(error.message)", "look whether the coordinator runs and 7443 is open to you")
        }
        guard response.isSuccess, let roots = try? Certificate.all(pem: response.text), let root = roots.first else {
            throw CommandFailure(.failed, "\(address.url) is no coordinator of Skep: it shows no authority")
        }
        let found = Bytes.hex(root.publicKeySHA256)
        if let expected {
            guard expected.lowercased().filter({ $0 != ":" }) == found else {
                throw CommandFailure(
                    .refused, "\(address.url) shows the authority \(found)", "that is not \(expected): somebody else answers there; nothing was sent")
            }
            return response.text
        }
        if let earlier, let known = try? Certificate.all(pem: earlier) {
            if known.contains(where: { $0.publicKeySHA256 == root.publicKeySHA256 }) { return response.text }
            Output.error("the authority of \(address.url) is not the one of the last login")
        }
        if acceptNew { return response.text }
        Output.error("the authority of \(address.url) has the fingerprint\n  \(found)")
        guard SecretInput.confirms("Is it the coordinator's own?") else {
            throw CommandFailure(
                .refused, "the authority was not accepted; nothing was sent", "say --fingerprint \(found) when you know it, or --accept-new")
        }
        return response.text
    }
}

extension String {
    fileprivate func trimmedASCII() -> String { filter { !$0.isWhitespace } }
}
