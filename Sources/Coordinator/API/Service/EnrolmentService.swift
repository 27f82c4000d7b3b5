import CoordinatorAuthority
import CoordinatorCore
import CoordinatorStore
import Foundation
import SkepModel
import SkepWire
import Synchronization

/// Lets machines in that hold an invitation, each under one identity.
struct EnrolmentService: Sendable {
    /// Seconds that an invitation is good by default, and at most.
    static let defaultSeconds = 600
    static let maximumSeconds = 7 * 24 * 3600

    let store: any Store
    let authority: Authority
    let registry: ClusterRegistry
    let clock: WallClock
    let settings: Settings
    let endpoints: @Sendable () -> (operators: String, agents: String)
    /// One at a time: two machines must not get the same name.
    let gate = Gate()
    private let noted = Remembered()

    init(
        store: any Store, authority: Authority, registry: ClusterRegistry, clock: WallClock, settings: Settings,
        endpoints: @escaping @Sendable () -> (operators: String, agents: String)
    ) {
        self.store = store
        self.authority = authority
        self.registry = registry
        self.clock = clock
        self.settings = settings
        self.endpoints = endpoints
    }

    // MARK: Invitations

    func invite(_ request: InviteRequest, to runtime: ClusterRuntime, actor: String) async throws -> InviteAnswer {
        let spec = await runtime.spec
        let seconds = request.seconds ?? Self.defaultSeconds
        guard (1...Self.maximumSeconds).contains(seconds) else {
            throw Refusal(.badRequest, "BadDuration", "an invitation may last from one second to 7 days (\(Self.maximumSeconds) s)")
        }
        guard seconds <= Self.defaultSeconds || request.name != nil || spec.policy.approval else {
            throw Refusal(
                .conflict, "LongNeedsName",
                "an invitation of more than ten minutes must be bound to a name (--name), or the cluster must ask for approval")
        }
        if let name = request.name, spec.node(name) == nil { throw Self.unknown(name, runtime.name) }
        let now = clock.now()
        let token = InvitationToken(cluster: runtime.name, fingerprint: authority.fingerprint)
        let expires = now.advanced(by: Int64(seconds) * 1000)
        let whom = request.name.map { "for \($0)" } ?? "for any name of the file"
        let events = try await store.add(
            Invitation(hash: token.hash, cluster: runtime.name, name: request.name, expires: expires, actor: actor),
            event: Event(
                at: now, cluster: runtime.name, node: request.name, kind: .act, message: "invitation made \(whom), good \(seconds) s",
                actor: actor))
        await runtime.grown(events)
        return InviteAnswer(
            token: token.text, expires: expires, fingerprint: authority.fingerprint, url: "https://\(endpoints().operators)",
            pin: authority.serverPin)
    }

    // MARK: Enrolment

    func enrol(_ request: EnrolRequest) async throws -> EnrolAnswer {
        try Refusal.check(version: request.version)
        guard let token = InvitationToken(request.token) else {
            throw Refusal(.unauthorized, "TokenUnknown", "this is no invitation: make one with `skep node invite`")
        }
        let machine = try Self.machineID(request.machineID)
        let key: String
        do {
            key = try Authority.keyHash(ofRequest: request.csr)
        } catch let error as AuthorityError {
            throw Self.refused(error)
        }
        await gate.enter()
        do {
            let answer = try await enrol(request, token, machine: machine, key: key)
            await gate.leave()
            return answer
        } catch {
            await gate.leave()
            if let refusal = error as? Refusal, refusal.status == .conflict { await note(refusal, request, token) }
            throw error
        }
    }

    /// Whoever holds an invitation and is refused, is worth a line in the ledger; an agent that keeps asking, only one.
    private func note(_ refusal: Refusal, _ request: EnrolRequest, _ token: InvitationToken) async {
        let now = clock.now()
        guard noted.isNews("\(token.hash) \(refusal.wire.code)", now: now), let runtime = await registry.runtime(token.cluster) else { return }
        let event = Event(
            at: now, cluster: runtime.name, kind: .refusal,
            message: "enrolment of '\(request.hostname.prefix(64))' refused (\(refusal.wire.code)): \(refusal.wire.message)")
        // The refusal stands, whether it was written down or not.
        if let recorded = try? await store.append([event]) { await runtime.grown(recorded) }
    }

    private func enrol(_ request: EnrolRequest, _ token: InvitationToken, machine: String, key: String) async throws -> EnrolAnswer {
        let now = clock.now()
        guard var invitation = try await store.invitation(hash: token.hash), let runtime = await registry.runtime(invitation.cluster) else {
            throw Refusal(.unauthorized, "TokenUnknown", "this invitation is not known here: make one with `skep node invite`")
        }
        guard invitation.cluster == token.cluster else {
            throw Refusal(.unauthorized, "WrongCluster", "the invitation is for another cluster")
        }
        if let used = invitation.usedKey {
            guard used == key else {
                throw Refusal(.unauthorized, "TokenUsed", "this invitation was used already: make another with `skep node invite`")
            }
            // The same machine asks again: its answer was lost, or it waits for approval.
            guard let usedAt = invitation.usedAt, now.since(usedAt) < Int64(Self.maximumSeconds) * 1000 else {
                throw Refusal(.unauthorized, "TokenExpired", "this invitation has run out: make another with `skep node invite`")
            }
        } else if now > invitation.expires {
            throw Refusal(.unauthorized, "TokenExpired", "this invitation has run out: make another with `skep node invite`")
        }
        let name = try await Self.name(request, invitation, runtime)
        let isFirstUse = invitation.usedKey == nil
        invitation.usedAt = now
        invitation.usedKey = key
        // An approval or an eviction of this moment waits, and is not written over.
        await runtime.lock()
        do {
            let answer = try await admit(
                request, name, machine: machine, key: key, invitation: invitation, isFirstUse: isFirstUse, to: runtime, now: now)
            await runtime.unlock()
            return answer
        } catch {
            await runtime.unlock()
            throw error
        }
    }

    private func admit(
        _ request: EnrolRequest, _ name: NodeName, machine: String, key: String, invitation: Invitation, isFirstUse: Bool,
        to runtime: ClusterRuntime, now: Instant
    ) async throws -> EnrolAnswer {
        let nodes = await runtime.nodes
        let spec = await runtime.spec
        let known = nodes.values.first { $0.machineID == machine }
        // A used invitation repeats its answer to the node that it made, and does nothing else.
        guard isFirstUse || known.map({ $0.key == key && !$0.evicted }) ?? false else {
            throw Refusal(.unauthorized, "TokenUsed", "this invitation was used already: make another with `skep node invite`")
        }
        if let other = nodes.values.first(where: { $0.name == name && !$0.evicted && $0.machineID != machine }) {
            throw Refusal(
                .conflict, "NameTaken",
                "another machine is \(name) already (\(other.id)); if it is gone for good: skep node evict \(name)")
        }
        var node =
            known
            ?? Snapshot.Node(
                id: Self.newID(), name: name, machineID: machine, certificate: "", key: key, enrolment: 1,
                approved: !spec.policy.approval)
        var words = "enrolled as \(node.id) (\(request.hostname))"
        let comesAnew = known.map { $0.key != key || $0.evicted } ?? false
        if let known {
            if comesAnew { try refuseClone(known, now: now, listening: now.since(await runtime.began)) }
            guard known.evicted || known.name == name else {
                throw Refusal(
                    .conflict, "MachineKnown",
                    "this machine is \(known.name) already: enrol it under that name, or first: skep node evict \(known.name)")
            }
        }
        if comesAnew {
            node.enrolment += 1
            node.evicted = false
            node.name = name
            node.approved = !spec.policy.approval
            node.certificate = ""
            node.key = key
            words = "enrolled again as \(node.id), for the \(node.enrolment). time"
        }
        if !node.approved { words += "; awaits approval: skep node approve \(name)" }
        let issued = node.approved ? try await issue(request.csr, node.id, runtime.name, now) : nil
        if let issued { node.certificate = issued.pem }
        let isNews = known == nil || comesAnew || known?.certificate.isEmpty == true && issued != nil
        let events = try await store.enrol(
            node, cluster: runtime.name, invitation: invitation, certificate: issued, revokeOthers: comesAnew,
            events: isNews ? [Event(at: now, cluster: runtime.name, node: name, kind: .enrolment, message: words)] : [])
        if comesAnew {
            await runtime.forgetSequence(of: node.id)
            await runtime.cut(node.id)
        }
        await runtime.enrolled(node, events: events)
        return EnrolAnswer(
            cluster: runtime.name, node: node.id, name: name, certificate: issued?.pem, roots: authority.roots,
            agentEndpoint: endpoints().agents, serverName: Authority.serverName)
    }

    /// A machine-id that still reports with another key belongs to a copy of the machine. `listening`: milliseconds that it could have reported in.
    private func refuseClone(_ known: Snapshot.Node, now: Instant, listening: Int64) throws {
        guard !known.evicted else { return }
        switch Liveness(seen: known.seen, now: now, settings: settings) {
        case .never: return
        case .live, .suspect:
            throw Refusal(
                .conflict, "MachineCloned",
                "\(known.name) has the same machine-id and still reports. If this machine is a copy of it, give it an id of its own: "
                    + "rm /etc/machine-id && systemd-machine-id-setup, then restart. If it is \(known.name) itself, installed anew: "
                    + "stop its old agent, wait \(settings.downAfter / 1000) s, and try again")
        case .down:
            // An agent whose coordinator was away tries again within 30 s (`CoordinatorLink.Timing`), which is twice the usual `downAfter`.
            let left = 3 * settings.downAfter - listening
            guard left > 0 else { return }
            throw Refusal(
                .conflict, "TooEarly",
                "\(known.name) has the same machine-id, and the coordinator has just started: whether \(known.name) still reports is known in "
                    + "\(left / 1000 + 1) s; try again then")
        }
    }

    private func issue(_ csr: String, _ node: NodeID, _ cluster: ClusterName, _ now: Instant) async throws -> NodeCertificate {
        do {
            return NodeCertificate(
                try authority.issueNode(csr: csr, identity: NodeIdentity(cluster: cluster, node: node), now: now), node: node, now: now)
        } catch let error as AuthorityError {
            throw Self.refused(error)
        }
    }

    private static func name(_ request: EnrolRequest, _ invitation: Invitation, _ runtime: ClusterRuntime) async throws -> NodeName {
        if let bound = invitation.name {
            guard request.name == nil || request.name == bound else {
                throw Refusal(.conflict, "NameBound", "this invitation is for \(bound) and no other name")
            }
            return bound
        }
        let wanted = request.name ?? NodeName(rawValue: String(request.hostname.split(separator: ".").first ?? "").lowercased())
        guard let wanted else {
            throw Refusal(
                .badRequest, "NameUnknown", "the host name '\(request.hostname.prefix(64))' is no node's name: \(NodeName.rule); say --name")
        }
        guard await runtime.spec.node(wanted) != nil else { throw unknown(wanted, runtime.name) }
        return wanted
    }

    private static func unknown(_ name: NodeName, _ cluster: ClusterName) -> Refusal {
        Refusal(.conflict, "NameUnknown", "the file of \(cluster) names no node \(name): add it under `nodes:` and apply first")
    }

    private static func machineID(_ text: String) throws -> String {
        let id = text.lowercased()
        guard id.utf8.count == 32, id.utf8.allSatisfy({ (0x30...0x39).contains($0) || (0x61...0x66).contains($0) }) else {
            throw Refusal(.badRequest, "MalformedRequest", "the machine-id must be 32 hexadecimal digits: systemd-machine-id-setup makes one")
        }
        return id
    }

    private static func newID() -> NodeID {
        NodeID(unchecked: Secret.hash(Secret.bytes(32)).prefix(16).description)
    }

    static func refused(_ error: AuthorityError) -> Refusal {
        switch error.code {
        case .malformed: Refusal(.badRequest, "MalformedRequest", error.message)
        case .weakKey: Refusal(.badRequest, "WeakKey", error.message)
        case .forged: Refusal(.unauthorized, "ForgedRequest", error.message)
        case .state: Refusal(.internalServerError, "AuthorityFailed", error.message)
        }
    }
}

extension NodeCertificate {
    init(_ issued: IssuedCertificate, node: NodeID, now: Instant) {
        self.init(serial: issued.serial, node: node, key: issued.key, pem: issued.chain, issued: now, notAfter: issued.notAfter)
    }
}

/// What was said in the last ten minutes, so that it is not said again.
final class Remembered: Sendable {
    private static let span: Int64 = 600_000
    private let said = Mutex<[String: Instant]>([:])

    func isNews(_ text: String, now: Instant) -> Bool {
        said.withLock { said in
            if let before = said[text], now.since(before) < Self.span { return false }
            if said.count > 1000 { said = said.filter { now.since($0.value) < Self.span } }
            said[text] = now
            return true
        }
    }
}

/// Lets one in after the other.
actor Gate {
    private var isTaken = false
    private var queue: [CheckedContinuation<Void, Never>] = []

    func enter() async {
        if isTaken { await withCheckedContinuation { queue.append($0) } }
        isTaken = true
    }

    func leave() {
        if queue.isEmpty { isTaken = false } else { queue.removeFirst().resume() }
    }
}
