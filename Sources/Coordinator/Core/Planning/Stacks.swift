import SkepModel

/// Stacks in the order of their graph: each is deployed when what it needs is healthy, one operation at a time.
extension Planning {
    mutating func stacks() {
        guard let view else {
            plan.stacks = spec.stacks.map { StackView(name: $0.name.rawValue, ready: false, services: [], reason: "the swarm cannot be read now") }
            return
        }
        followDeployment(view)
        for stack in spec.stacks {
            let reason = whyNotHealthy(stack.name, view)
            if reason == nil { learnPins(of: stack.name, view) }
            plan.stacks.append(
                StackView(
                    name: stack.name.rawValue, ready: reason == nil, services: view.stacks.first { $0.name == stack.name.rawValue }?.services ?? [],
                    reason: reason))
            guard let bundle = bundle(of: stack.name), !isDeployed(bundle, view), open?.stack != stack.name else { continue }
            if let gate = gate(stack, view) {
                wait("stack \(stack.name)", for: gate.reason, command: gate.command)
            } else if let failure = wasTakenBack(bundle, view) {
                wait("stack \(stack.name)", for: "other files, or to be asked for again: \(failure)", command: "skep stack deploy \(stack.name)")
            } else if let failure = recentFailure(of: stack.name) {
                wait("stack \(stack.name)", for: "another try, because \(failure)")
            } else if open == nil {
                begin(.deploy, stack: stack.name, "stack \(stack.name) is deployed (\(bundle.digest.prefix(12)))")
                amend { $0.attempt = bundle.attempt }
            } else {
                wait("stack \(stack.name)", for: "the operation that is open to end")
            }
        }
    }

    /// What the stack needs that is not there; nil when it may be deployed.
    private func gate(_ stack: ClusterSpec.Stack, _ view: ManagerView) -> (reason: String, command: String?)? {
        whatMisses(stack, view).map { ($0, nil) } ?? missingFolders(of: stack.name)
    }

    /// A folder that its services bind and a node does not have. Nodes that are not heard have no task placed on them by us: they are not waited for.
    private func missingFolders(of stack: StackName) -> (reason: String, command: String?)? {
        for participant in participants where participant.isHeard {
            let wanted = folders(of: stack, on: participant)
            guard !wanted.isEmpty else { continue }
            guard let there = participant.status?.folders else {
                return (
                    "\(wanted.joined(separator: ", ")) on \(participant.entry.name), whose agent does not tell of folders: is it of this release?",
                    "skep node show \(participant.entry.name)"
                )
            }
            let missing = wanted.filter { !there.contains($0) }
            if !missing.isEmpty {
                let words = participant.status?.condition(.folders).flatMap { $0.status == .true ? nil : ": \($0.message)" } ?? ""
                return (
                    "\(missing.joined(separator: ", ")) on \(participant.entry.name), which its services bind\(words)",
                    "skep node show \(participant.entry.name)"
                )
            }
        }
        return nil
    }

    private func whatMisses(_ stack: ClusterSpec.Stack, _ view: ManagerView) -> String? {
        for needed in stack.after {
            if let reason = whyNotHealthy(needed, view) { return "\(needed), which is not healthy: \(reason)" }
        }
        if let bundle = snapshot.bundles[stack.name] {
            let names = Set(view.networks.map(\.name))
            let missing = bundle.networks.filter { !names.contains($0.rawValue) }
            if !missing.isEmpty { return "the networks \(missing.map(\.rawValue).joined(separator: ", "))" }
        }
        if let share = stack.share, let nfs = spec.nfs, let entry = nfs.shares.first(where: { $0.name == share }) {
            for writer in entry.write {
                guard let participant = participants.first(where: { $0.entry.name == writer }), isMember(participant) else {
                    return "\(writer), which writes to the share \(share), to be in the swarm"
                }
                let type: Condition.Kind = writer == nfs.server ? .exports : .mounts
                if participant.status?.condition(type)?.status != .true { return "the share \(share) on \(writer)" }
            }
        }
        return nil
    }

    /// What the stack should be, with the number of times that it was asked for.
    func bundle(of name: StackName) -> StackBundle? {
        guard var bundle = snapshot.bundles[name] else { return nil }
        bundle.number = record.stackAttempts?[name]
        bundle.pins = record.pins?[name]?.last { $0.bundle == bundle.digest }?.images
        return bundle
    }

    /// Why the swarm took the bundle back, or an earlier deployment of it was; nil when it may be tried.
    private func wasTakenBack(_ bundle: StackBundle, _ view: ManagerView) -> String? {
        let stack = view.stacks.first { $0.name == bundle.name.rawValue }
        if stack?.takenBack == bundle.attempt { return stack?.failure ?? "the swarm took it back" }
        // an agent that was exchanged since does not know it any more
        guard record.takenBack?[bundle.name] == bundle.attempt else { return nil }
        guard let last = operations.last(where: { $0.stack == bundle.name && $0.kind == .deploy }), case .failed(_, let why) = last.state else {
            return "the swarm took it back"
        }
        return why
    }

    /// Bundles whose digests are kept for each stack.
    private static let pinLimit = 30

    /// What runs is what a later deployment of the same bundle is made of.
    private mutating func learnPins(of name: StackName, _ view: ManagerView) {
        guard let bundle = snapshot.bundles[name], let images = bundle.images, let stack = view.stacks.first(where: { $0.name == name.rawValue })
        else {
            return
        }
        var pins: [String: String] = [:]
        for running in stack.services.compactMap(\.image) {
            guard let at = running.firstIndex(of: "@"), let image = images.first(where: { $0 == running || $0 == running[..<at] }), image != running
            else {
                continue
            }
            pins[image] = running
        }
        var kept = record.pins?[name] ?? []
        guard !pins.isEmpty, kept.last(where: { $0.bundle == bundle.digest })?.images != pins else { return }
        kept.removeAll { $0.bundle == bundle.digest }
        kept.append(.init(bundle: bundle.digest, images: pins))
        record.pins = (record.pins ?? [:]).merging([name: Array(kept.suffix(Self.pinLimit))]) { $1 }
    }

    func isDeployed(_ bundle: StackBundle, _ view: ManagerView) -> Bool {
        guard let stack = view.stacks.first(where: { $0.name == bundle.name.rawValue }) else { return false }
        let wanted = Set(bundle.services.map { "\(bundle.name)_\($0)" })
        let number = record.stackAttempts?[bundle.name] ?? 0
        return Set(stack.services.map(\.name)) == wanted && stack.services.allSatisfy { $0.bundle == bundle.digest && $0.attempt ?? 0 == number }
    }

    /// Why a stack is not running as its bundle says; nil when it is.
    func whyNotHealthy(_ name: StackName, _ view: ManagerView) -> String? {
        guard let bundle = snapshot.bundles[name] else { return "its compose file could not be read" }
        let stack = view.stacks.first { $0.name == name.rawValue }
        if let stack, let failure = stack.failure, stack.takenBack == nil || stack.takenBack?.digest == bundle.digest { return failure }
        guard isDeployed(bundle, view), let stack else { return stack == nil ? "not deployed yet" : "its new version is not deployed yet" }
        for service in stack.services.sorted(by: { $0.name < $1.name }) {
            if service.updating { return "\(service.name) is being updated" }
            // nothing is wanted of a global service that fits nowhere, and of one that somebody scaled to nothing
            let isIdle = service.desired == 0 && bundle.idle?.contains { service.name == "\(name)_\($0)" } == true
            if !isIdle, service.desired == 0 || service.running < service.desired {
                let error = service.error.map { error in ": \(error)\(TaskAdvice.next(for: error, of: service.name).map { "; \($0)" } ?? "")" } ?? ""
                return "\(service.name) runs \(service.running) of \(service.desired)\(error)"
            }
        }
        return nil
    }

    private mutating func followDeployment(_ view: ManagerView) {
        guard let operation = open, operation.kind == .deploy, let name = operation.stack else { return }
        guard let bundle = snapshot.bundles[name], spec.stacks.contains(where: { $0.name == name }) else {
            end("deployment of \(name)", failed: "the stack is not in the file any more")
            return
        }
        // files that came while it was under way are what is deployed now
        let attempt = self.bundle(of: name)?.attempt
        if operation.attempt != attempt { amend { $0.attempt = attempt } }
        if let stack = view.stacks.first(where: { $0.name == name.rawValue }), let attempt, stack.takenBack == attempt {
            let why = stack.failure ?? "the swarm took it back"
            step("taken back", why)
            record.takenBack = (record.takenBack ?? [:]).merging([name: attempt]) { $1 }
            return end("deployment of \(name)", failed: why)
        }
        if isDeployed(bundle, view) { step("handed", "Docker has the stack \(name)") }
        guard let reason = whyNotHealthy(name, view) else {
            step("converged", "every task of \(name) runs")
            end("stack \(name) runs")
            return
        }
        if now.since(operation.started) > snapshot.settings.deployDeadline {
            end("deployment of \(name)", failed: "not converged in \(snapshot.settings.deployDeadline / 1000) s: \(reason)")
        } else {
            amend { $0.waitsFor = "its tasks: \(reason)" }
        }
    }

    /// Why the last deployment of the same generation failed, while it is too early for another.
    private func recentFailure(of name: StackName) -> String? {
        guard let last = operations.last(where: { $0.stack == name && $0.kind == .deploy }), case .failed(let at, let why) = last.state,
            last.generation == snapshot.generation, last.attempt == bundle(of: name)?.attempt,
            now.since(at) < snapshot.settings.deployDeadline / 4
        else { return nil }
        return why
    }

    /// Stacks that the acting manager should have, and those that it should leave as they are.
    func allowedStacks() -> (stacks: [StackBundle], keep: [StackName]) {
        guard let view else { return ([], spec.stacks.map(\.name)) }
        var allowed: [StackBundle] = []
        var keep: [StackName] = []
        for stack in spec.stacks {
            if let bundle = bundle(of: stack.name), isDeployed(bundle, view) || open?.stack == stack.name {
                allowed.append(bundle)
            } else {
                keep.append(stack.name)
            }
        }
        return (allowed, keep)
    }

    /// Ports that stacks publish and that no table opens: they stay closed, and are shown.
    func unnamedPorts() -> [String] {
        let rules = ports.rules(servesShares: true, coordinates: true, servesAPI: true)
        return spec.stacks.flatMap { stack in
            (snapshot.bundles[stack.name]?.publications ?? []).filter { publication in
                !rules.contains {
                    $0.transport == publication.transport && $0.ports.first <= publication.port.first && $0.ports.last >= publication.port.last
                }
            }.map { "\(stack.name)_\($0.service): \($0.port)/\($0.transport.rawValue)" }
        }
    }
}
