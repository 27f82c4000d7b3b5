public import SkepModel
internal import SkepSystem

/// Stacks: deployed by the Docker CLI, removed through the API.
extension DockerActuator {
    private struct Entry: Decodable, Sendable {
        struct Spec: Decodable, Sendable {
            var Name: String
            var Labels: [String: String]?
        }
        var ID: String
        var Version: ObjectVersion
        var Spec: Spec
    }

    private struct Container: Decodable, Sendable { var Id: String }

    func deploy(_ bundle: StackBundle) async throws {
        tidied[bundle.name.rawValue] = nil
        handed[bundle.name.rawValue] = nil
        do {
            try await handOver(bundle)
            failures[bundle.name.rawValue] = nil
            handed[bundle.name.rawValue] = bundle.attempt
        } catch {
            if !(error is CancellationError) { failures[bundle.name.rawValue] = DockerError.words(error) }
            throw error
        }
    }

    private func handOver(_ bundle: StackBundle) async throws {
        let name = bundle.name.rawValue
        guard let program = settings.programs.first(where: Files.exists) else {
            throw DockerError(.failed, "the Docker CLI is not installed (\(settings.programs.joined(separator: ", ")))")
        }
        // beside each other, as each asks another program
        async let services = services(of: name)
        async let nodes: [NodeEntry] = client.get("/nodes")
        async let lookup = checkImages(of: bundle)
        async let turn: Void = waitForTurn(of: bundle.name)
        try await checkOwner(of: name, services)
        let images = ImagePins(bundle, try await lookup, platforms: Set(try await nodes.compactMap(\.platform)))
        try await turn
        deploying.insert(name)
        defer { deploying.remove(name) }
        var handed = bundle
        handed.pins = images.pins
        let folder = try StackFolder(handed, under: settings.stackFolder)
        // an agent that ends leaves it to the unit that goes on; the next one sweeps it
        defer { if !Task.isCancelled { folder.remove() } }
        let command = StackCommand(
            program: program, socket: client.socket, folder: folder, stack: bundle.name, resolvesImages: images.resolves && settings.resolvesImages,
            deadline: settings.deployDeadline)
        if let failure = try await command.run(withSystemd: settings.usesSystemd) { throw DockerError(.refused, failure) }
    }

    /// Until an earlier deployment of the stack, which an agent before this one may have begun, has ended. Such a one has its bundle on disk: without
    /// one no program need be asked.
    private func waitForTurn(of name: StackName) async throws {
        guard settings.usesSystemd, Files.exists("\(settings.stackFolder)/\(name)") else { return }
        let isFree = try await wait(settings.deployDeadline, pause: .seconds(1)) { try await !StackCommand.isUnderWay(name) }
        guard isFree else { throw DockerError(.timeout, "an earlier deployment of \(name) does not end") }
    }

    /// Removes a stack of ours and waits until nothing of it runs, before its networks go.
    func removeStack(_ name: String) async throws {
        tidied[name] = nil
        handed[name] = nil
        try await removeFolder(of: name)
        let services = try await services(of: name)
        try await checkOwner(of: name, services)
        for service in services {
            do { try await client.delete("/services/\(service.ID)") } catch let error as DockerError where error.code == .notFound { continue }
        }
        func isOurs(_ labels: [String: String]?) -> Bool { !services.isEmpty || SkepLabel.isOurs(labels) }
        // with the services: were the wait below in vain, no later look would find them
        for kind in ["/configs", "/secrets"] {
            for entry in try await attachments(kind, of: name) where isOurs(entry.Spec.Labels) { try await removeUnused(kind, entry) }
        }
        try await waitForTasks(of: name)
        for network in try await networks() where network.stack == name && isOurs(network.Labels) { try await remove(network) }
        failures[name] = nil
    }

    /// Removes the bundles that an agent which was killed has left on disk, as they may hold secrets: at once, or when their deployment ends.
    /// Called at the start.
    public func sweep() async {
        for name in (try? Files.list(settings.stackFolder)) ?? [] {
            guard let stack = StackName(rawValue: name) else { continue }
            do {
                if settings.usesSystemd {
                    _ = try await wait(settings.deployDeadline, pause: .seconds(5)) { try await !StackCommand.isUnderWay(stack) }
                }
                try await removeFolder(of: name)
            } catch is CancellationError {
                return
            } catch {
                Log.warning("ignoring that a bundle remains on disk", ["stack": name, "error": DockerError.words(error)])
            }
        }
    }

    /// Removes the stack's bundle from disk, unless a deployment still reads it.
    private func removeFolder(of name: String) async throws {
        // Services may carry any name of a stack, one that leads elsewhere too.
        guard let stack = StackName(rawValue: name) else { return }
        let folder = "\(settings.stackFolder)/\(stack)"
        guard Files.exists(folder) else { return }
        if settings.usesSystemd, try await StackCommand.isUnderWay(stack) { return }
        guard !deploying.contains(name) else { return }
        try Files.removeTree(folder)
    }

    /// Removes the configs and secrets that a bundle has superseded, once it has converged, whoever deployed it: that agent may have died since. Called after
    /// a look; nearly always there is nothing to do.
    public func tidy(_ view: ManagerView) async {
        // a look and a glance may end together
        guard !isTidying else { return }
        isTidying = true
        defer { isTidying = false }
        for stack in view.stacks where stack.ours {
            guard let bundle = stack.services.first?.bundle, tidied[stack.name] != bundle,
                stack.services.allSatisfy({ $0.bundle == bundle && $0.running == $0.desired && !$0.updating })
            else { continue }
            do {
                let (used, newest) = try await usedAttachments(of: stack.name)
                for kind in ["/configs", "/secrets"] {
                    // One that is newer than the services may be for a deployment that another manager has just begun.
                    for entry in try await attachments(kind, of: stack.name)
                    where SkepLabel.isOurs(entry.Spec.Labels) && !used.contains(entry.ID) && entry.Version.Index < newest {
                        try await removeUnused(kind, entry)
                    }
                }
            } catch {
                Log.warning("ignoring that superseded configs remain", ["stack": stack.name, "error": DockerError.words(error)])
            }
            tidied[stack.name] = bundle
        }
    }

    /// An update that changes nothing but a counter: the swarm makes the service's tasks anew, and looks for nodes for them.
    func nudge(_ name: String) async throws {
        struct Service: Decodable, Sendable {
            var ID: String
            var Version: ObjectVersion
            var Spec: JSONValue
        }
        for attempt in 1... {
            let service: Service = try await client.get("/services/\(DockerClient.escaped(name))")
            var spec = service.Spec
            var template = spec["TaskTemplate"] ?? .object([:])
            var count: Int64 = 0
            if case .integer(let former)? = template["ForceUpdate"] { count = former }
            template["ForceUpdate"] = .integer(count + 1)
            spec["TaskTemplate"] = template
            do {
                try await client.post("/services/\(service.ID)/update", ["version": "\(service.Version.Index)"], body: spec)
                return
            } catch let error as DockerError where error.isOutOfSequence && attempt < 8 {
                continue
            }
        }
    }

    // MARK: Parts

    /// What the registries say of its images. Throws what a node could not pull, before anything is touched.
    private func checkImages(of bundle: StackBundle) async throws -> [String: ImageFinding] {
        guard settings.resolvesImages, let images = bundle.handedImages, !images.isEmpty else { return [:] }
        let findings = await ImageLookup(client: client).find(images, logins: bundle.logins ?? [:])
        let operators = try? Files.readIfPresent(RegistryConfig.operators)
        // under the name by which it is handed over
        let places = Dictionary((bundle.imagePlaces ?? [:]).map { (bundle.pins?[$0.key] ?? $0.key, $0.value) }) { first, _ in first }
        let problems = images.compactMap { image -> String? in
            // the Docker CLI may have a login that an operator made by hand, which is not looked into
            if case .denied? = findings[image], RegistryConfig.knows(ImageRegistry.host(of: image), operators) { return nil }
            return findings[image]?.problem(of: image).map { problem in
                "\(places[image].map { "\($0): " } ?? "")\(problem.words); \(image.contains("@") ? "skep stack deploy \(bundle.name) takes what its tag names now" : problem.fix)"
            }
        }
        guard problems.isEmpty else {
            throw DockerError(.refused, "nothing was deployed, as \(problems.joined(separator: "; "))")
        }
        return findings
    }

    private func filter(_ name: String) throws -> String { try DockerClient.filters(["label": ["\(SkepLabel.stack)=\(name)"]]) }

    private func services(of name: String) async throws -> [ServiceEntry] {
        try await client.get("/services", ["filters": try filter(name)])
    }

    private func attachments(_ kind: String, of name: String) async throws -> [Entry] {
        try await client.get(kind, ["filters": try filter(name)])
    }

    private func checkOwner(of name: String, _ services: [ServiceEntry]) async throws {
        let foreign = services.filter { !$0.isOurs }.map(\.Spec.Name).sorted()
        guard foreign.isEmpty else {
            throw DockerError(
                .conflict,
                "a stack \(name) exists with services that Skep did not make (\(foreign.joined(separator: ", "))): remove it with `docker stack rm \(name)`, or give ours another name"
            )
        }
    }

    /// Until no task of the stack lives on a member that answers, and no container of it is left on this node.
    private func waitForTasks(of name: String) async throws {
        let filter = try filter(name)
        var remaining = 0
        let areGone = try await wait(settings.removalDeadline, pause: .milliseconds(500)) {
            let tasks: [TaskEntry] = try await client.get("/tasks", ["filters": filter])
            let containers: [Container] = try await client.get("/containers/json", ["all": "true", "filters": filter])
            guard !tasks.isEmpty || !containers.isEmpty else { return true }
            let nodes: [NodeEntry] = try await client.get("/nodes")
            let down = Set(nodes.filter { $0.state != "ready" }.map(\.ID))
            // A task on a member that is gone ends when it comes back; nobody waits for that.
            remaining = tasks.count { !down.contains($0.NodeID ?? "") } + containers.count
            return remaining == 0
        }
        guard areGone else {
            throw DockerError(.failed, "\(remaining) tasks of \(name) have not ended after \(settings.removalDeadline.components.seconds) s")
        }
    }

    /// The configs and secrets that the stack's services name, and the raft index of the newest service.
    private func usedAttachments(of name: String) async throws -> (used: Set<String>, newest: UInt64) {
        struct Reference: Decodable, Sendable {
            var ConfigID: String?
            var SecretID: String?
        }
        struct ContainerSpec: Decodable, Sendable {
            var Configs: [Reference]?
            var Secrets: [Reference]?
        }
        struct Template: Decodable, Sendable { var ContainerSpec: ContainerSpec? }
        struct Spec: Decodable, Sendable { var TaskTemplate: Template? }
        struct Service: Decodable, Sendable {
            var Version: ObjectVersion
            var Spec: Spec
        }
        let services: [Service] = try await client.get("/services", ["filters": try filter(name)])
        let used = services.flatMap { service in
            let container = service.Spec.TaskTemplate?.ContainerSpec
            return ((container?.Configs ?? []) + (container?.Secrets ?? [])).compactMap { $0.ConfigID ?? $0.SecretID }
        }
        return (Set(used), services.map(\.Version.Index).max() ?? 0)
    }

    /// One that a service still uses stays: Docker refuses, and is right.
    private func removeUnused(_ kind: String, _ entry: Entry) async throws {
        do {
            try await client.delete("\(kind)/\(entry.ID)")
        } catch let error as DockerError where error.code == .notFound || error.message.contains("in use by") {
            return
        }
    }
}
