import CoordinatorAuthority
import CoordinatorCore
import CoordinatorStore
import Foundation
import Logging
import SkepModel
import SkepWire

/// Docker's API over TLS: the authority, the managers' certificates, and who is let in.
extension ClusterRuntime {
    private static let yearsLimit: Int64 = 10 * 366 * 86_400
    private static let keepFor: Int64 = 90 * 86_400_000

    /// The same, for a pass: what fails here stops nothing else.
    func tendDockerAPIOrSay() async {
        do {
            try await tendDockerAPI()
            apiTrouble = nil
        } catch {
            let trouble = "\(error)"
            guard trouble != apiTrouble else { return }
            apiTrouble = trouble
            tools.logger.error("certificates of Docker's API are not tended", metadata: ["cluster": "\(name)", "problem": "\(trouble)"])
        }
    }

    /// Signs what managers ask for, and forgets what has long ended. Call it under the lock.
    func tendDockerAPI() async throws {
        guard spec.docker.tlsAPI, case .up = record.lifecycle else { return }
        let now = tools.clock.now()
        var authority: DockerAuthority?
        var api = record.api ?? ClusterRecord.DockerAPI(authority: "")
        var signed: [String] = []
        for (id, names) in Planner().apiNames(snapshot(), now: now) {
            guard let node = nodes[id], !node.evicted, let request = node.status?.facts.apiRequest else { continue }
            if let server = api.servers[id], server.request == request, server.names == names,
                !DockerAuthority.isDue(notBefore: server.notBefore, notAfter: server.notAfter, now: now)
            {
                continue
            }
            let signer: DockerAuthority
            if let authority { signer = authority } else { signer = try await dockerAuthority(for: &api, now) }
            authority = signer
            do {
                let issued = try signer.issueServer(request: request, names: names, now: now)
                api.servers[id] = .init(
                    request: request, names: names, certificate: issued.certificate, notBefore: issued.notBefore, notAfter: issued.notAfter)
                signed.append(node.name.rawValue)
            } catch let error as AuthorityError {
                tools.logger.warning(
                    "ignoring a request for a certificate of Docker's API", metadata: ["node": "\(node.name)", "problem": "\(error)"])
            }
        }
        if api.authority.isEmpty { _ = try await dockerAuthority(for: &api, now) }
        api.servers = api.servers.filter { nodes[$0.key]?.evicted == false }
        // one that was revoked is kept for as long as its certificate would be good: nobody is given another for its key
        api.credentials.removeAll { now.since($0.ends) > Self.keepFor }
        guard api != record.api else { return }
        var new = record
        new.api = api
        let words =
            signed.isEmpty
            ? "Docker's API over TLS has its authority" : "signed the certificate of Docker's API for \(signed.sorted().joined(separator: ", "))"
        try await store(record: new, event: Event(at: now, cluster: name, kind: .action, message: words))
    }

    /// The same. Where it is not the one that the record speaks of, nothing that was signed before is good any more.
    private func dockerAuthority(for api: inout ClusterRecord.DockerAPI, _ now: Instant) async throws -> DockerAuthority {
        let authority = try await dockerAuthority()
        guard api.authority != authority.certificate else { return authority }
        if !api.authority.isEmpty {
            tools.logger.warning(
                "Docker's API has another authority: credentials that were given out before are refused", metadata: ["cluster": "\(name)"])
        }
        api.authority = authority.certificate
        api.servers = [:]
        for index in api.credentials.indices where api.credentials[index].isGood(at: now) { api.credentials[index].revoked = now }
        return authority
    }

    /// The one that is kept, or one that is made now.
    private func dockerAuthority() async throws -> DockerAuthority {
        let (key, context) = ("docker-api/authority", "\(name)/docker-api/authority")
        if let sealed = try await tools.store.generated(key, of: name) {
            return try JSONDecoder().decode(DockerAuthority.self, from: Data(try tools.authority.dataKey.open(sealed, context: context)))
        }
        let made = try DockerAuthority(cluster: name, now: tools.clock.now())
        try await tools.store.saveGenerated(
            try tools.authority.dataKey.seal(Array(try JSONEncoder().encode(made)), context: context), name: key, of: name)
        return made
    }

    // MARK: What operators do

    func credentials() -> CredentialsAnswer {
        CredentialsAnswer(
            credentials: (record.api?.credentials ?? []).map {
                .init(name: $0.name, made: $0.made, ends: $0.ends, maker: $0.maker, revoked: $0.revoked)
            })
    }

    /// Signs a certificate for whoever is to use the API; managers let it in within seconds.
    func createCredential(_ request: CredentialRequest, actor: String) async throws -> CredentialAnswer {
        guard spec.docker.tlsAPI else {
            throw Refusal(
                .conflict, "NotServed",
                "the managers of \(name) do not serve Docker's API over TLS: write 'docker: {tls-api: true}' and apply the file")
        }
        let isName = (1...40).contains(request.name.utf8.count) && NodeName(rawValue: request.name) != nil
        guard isName else {
            throw Refusal(.unprocessableContent, "BadName", "'\(request.name.prefix(40))' cannot be a credential's name: \(NodeName.rule)")
        }
        guard (300...Self.yearsLimit).contains(request.seconds) else {
            throw Refusal(.unprocessableContent, "BadTime", "a credential is good for 5 minutes to 10 years, not \(request.seconds) s")
        }
        let answer = try await sign(request, actor: actor)
        await settle()
        return answer
    }

    private func sign(_ request: CredentialRequest, actor: String) async throws -> CredentialAnswer {
        await lock()
        defer { wish() }
        defer { unlock() }
        try await tendDockerAPI()
        let now = tools.clock.now()
        var new = record
        guard var api = new.api else { throw Refusal(.conflict, "NotServed", "\(name) is being taken down") }
        guard !api.credentials.contains(where: { $0.name == request.name && $0.isGood(at: now) }) else {
            throw Refusal(
                .conflict, "NameTaken",
                "a credential '\(request.name)' is good already: choose another name, or revoke it (skep credentials revoke \(request.name))")
        }
        let issued: DockerAuthority.Issued
        do {
            // a server that goes by keys would let in the former holder of this one
            guard try !api.credentials.contains(where: { try DockerAuthority.isSameKey(request: request.request, certificate: $0.certificate) })
            else {
                throw Refusal(.conflict, "KeyUsedBefore", "a credential was made for this key before: make another key")
            }
            issued = try await dockerAuthority(for: &api, now).issueClient(
                request: request.request, name: request.name, cluster: name, seconds: request.seconds, now: now)
        } catch let error as AuthorityError {
            throw Refusal(.unprocessableContent, "BadRequest", "\(error)")
        }
        api.credentials.append(
            .init(name: request.name, certificate: issued.certificate, made: now, ends: issued.notAfter, maker: actor))
        new.api = api
        try await store(record: new, event: event("the credential \(request.name) for Docker's API was made", node: nil, actor: actor))
        let managers = Planner().apiNames(snapshot(), now: now).values.compactMap { $0.dropFirst().first }.sorted()
        return CredentialAnswer(
            certificate: issued.certificate, authority: api.authority, ends: issued.notAfter,
            endpoints: managers.map { "tcp://\($0.contains(":") ? "[\($0)]" : $0):\(DockerAPISpec.port)" })
    }

    /// Ends it: managers refuse it within seconds, and cut what it has open.
    func revokeCredential(_ credential: String, actor: String) async throws -> String {
        let now = tools.clock.now()
        guard record.api?.credentials.contains(where: { $0.name == credential && $0.isGood(at: now) }) == true else {
            throw Refusal.notFound("\(name) has no good credential '\(credential.prefix(40))': skep credentials list")
        }
        try await change(record: event("the credential \(credential) for Docker's API was revoked", node: nil, actor: actor)) { record in
            guard let index = record.api?.credentials.firstIndex(where: { $0.name == credential && $0.isGood(at: now) }) else { return }
            record.api?.credentials[index].revoked = now
        }
        await settle()
        return "the credential \(credential) is revoked: managers refuse it as soon as they hear of it, which takes them seconds"
    }
}
