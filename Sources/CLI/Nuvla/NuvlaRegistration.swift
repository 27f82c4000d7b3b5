import SkepWire

/// A cluster as a Nuvla server knows it: a group of its name with the swarm and its S3, each with a credential.
struct NuvlaRegistration {
    /// An S3 server. Its keys are asked for when they are about to be sent, as Skep shows its own only once.
    struct S3 {
        var endpoint: String
        var keys: () throws -> (access: String, secret: String)
    }

    let nuvla: NuvlaClient
    let cluster: String
    /// What is done, in words, as it is done.
    let say: (String) -> Void

    /// By which our group is found again.
    private var groupName: String { "skep-\(cluster)" }
    private var description: String { "the swarm \(cluster), which Skep keeps" }

    /// Makes what is not there yet; the swarm's credential also where the one that is there `isGood` no more. What this call has made goes again when it
    /// cannot be ended.
    func register(endpoint: String, s3: S3?, isGood: Bool, credential: () throws -> DockerCredential) throws {
        var made: [String] = []
        do {
            let group =
                try the("infrastructure-service-group", where: "name", is: groupName) { $0.name == groupName }
                ?? {
                    let id = try nuvla.add("infrastructure-service-group", NuvlaResources.Group(name: groupName, description: description))
                    made.append(id)
                    return id
                }()
            let swarm = try service("swarm", endpoint, in: group, &made)
            try self.credential(of: swarm, isGood: isGood, &made) {
                let given = try credential()
                return NuvlaResources.SwarmCredential(
                    name: cluster, description: "Docker's API of \(description)",
                    template: .init(parent: swarm, ca: given.answer.authority, cert: given.answer.certificate, key: given.key))
            }
            if let s3 {
                let service = try service("s3", s3.endpoint, in: group, &made)
                try self.credential(of: service, isGood: true, &made) {
                    let keys = try s3.keys()
                    return NuvlaResources.S3Credential(
                        name: "\(cluster) S3", description: "S3 of \(description)",
                        template: .init(parent: service, accessKey: keys.access, secretKey: keys.secret))
                }
            }
        } catch {
            for id in made.reversed() {
                do {
                    try nuvla.remove(id)
                    say("removed \(id) again")
                } catch let failure as CommandFailure {
                    say("\(id) stays at Nuvla: \(failure.lines.joined(separator: "; "))")
                }
            }
            throw error
        }
    }

    /// Removes what Skep made, what is below first; what others put beside it stays, and so does what it is in. False when nothing was there.
    func unregister() throws -> Bool {
        guard let group = try the("infrastructure-service-group", where: "name", is: groupName, { $0.name == groupName }) else { return false }
        var others: [String] = []
        for service in try nuvla.find("infrastructure-service", where: "parent", is: group) where service.parent == group {
            guard service.description?.contains(description) == true else {
                others.append(service.id)
                continue
            }
            var isFree = true
            for credential in try nuvla.find("credential", where: "parent", is: service.id) where credential.parent == service.id {
                if credential.description?.contains(description) == true {
                    try remove(credential.id)
                } else {
                    others.append(credential.id)
                    isFree = false
                }
            }
            if isFree { try remove(service.id) }
        }
        if others.isEmpty {
            try remove(group)
        } else {
            say("what Skep did not make stays at Nuvla, with what it is in: \(others.joined(separator: ", "))")
        }
        return true
    }

    private func remove(_ id: String) throws {
        try nuvla.remove(id)
        say("removed \(id)")
    }

    private func the(_ resource: String, where key: String, is value: String, _ fits: (NuvlaClient.Found) -> Bool) throws -> String? {
        let found = try nuvla.find(resource, where: key, is: value).filter(fits)
        guard found.count <= 1 else {
            let ids = found.map(\.id).joined(separator: ", ")
            throw CommandFailure(.failed, "Nuvla has several that could be meant (\(ids)): remove all but one there")
        }
        return found.first?.id
    }

    private func service(_ subtype: String, _ endpoint: String, in group: String, _ made: inout [String]) throws -> String {
        let found = try nuvla.find("infrastructure-service", where: "parent", is: group).filter { $0.parent == group && $0.subtype == subtype }
        if let service = found.first {
            guard service.endpoint == endpoint else {
                throw CommandFailure(
                    .failed,
                    "\(service.id) of \(cluster) is at \(service.endpoint ?? "no endpoint"), not at \(endpoint): skep nuvla unregister, then register again"
                )
            }
            say("\(service.id) is there already (\(subtype), \(endpoint))")
            return service.id
        }
        let id = try nuvla.add(
            "infrastructure-service",
            NuvlaResources.Service(
                template: .init(
                    subtype: subtype, endpoint: endpoint, name: subtype == "swarm" ? cluster : "\(cluster) S3", description: description,
                    parent: group)))
        made.append(id)
        say("made \(id) (\(subtype), \(endpoint))")
        return id
    }

    private func credential(of service: String, isGood: Bool, _ made: inout [String], _ body: () throws -> some Encodable) throws {
        let known = try nuvla.find("credential", where: "parent", is: service).filter {
            $0.parent == service && $0.description?.contains(description) == true
        }
        if isGood, let first = known.first { return say("\(first.id) is there already") }
        let id = try nuvla.add("credential", try body())
        made.append(id)
        say("made \(id)")
        for former in known { try remove(former.id) }
    }
}
