internal import SkepCrypto
internal import SkepHTTP
public import SkepModel
public import SkepSystem
internal import SkepWire

/// Makes this machine a node: from a token to an identity on disk. Every step may be done again after a crash or a lost answer.
@LoopActor public struct Enrolment {
    /// What an operator asked for.
    public struct Wish: Sendable {
        public var coordinator: CoordinatorAddress
        public var token: EnrolmentToken
        public var name: NodeName?
        public init(coordinator: CoordinatorAddress, token: EnrolmentToken, name: NodeName?) {
            self.coordinator = coordinator
            self.token = token
            self.name = name
        }
    }

    /// What the coordinator finds a machine again by.
    public struct MachineFacts: Sendable {
        public var machineID: String
        public var hostname: String
        public init(machineID: String, hostname: String) {
            self.machineID = machineID
            self.hostname = hostname
        }
    }

    private let store: IdentityStore
    private let client: CoordinatorClient
    private let facts: MachineFacts
    private let patience: Duration
    private let approvalPause: Duration
    private let say: @LoopActor (String) -> Void

    /// `patience`: how long an unreachable coordinator is tried; `say` gets lines for the operator.
    public init(
        store: IdentityStore, client: CoordinatorClient, facts: MachineFacts, patience: Duration = .seconds(600),
        approvalPause: Duration = .seconds(5), say: @escaping @LoopActor (String) -> Void
    ) {
        self.store = store
        self.client = client
        self.facts = facts
        self.patience = patience
        self.approvalPause = approvalPause
        self.say = say
    }

    /// Enrols; the same wish made again gives the same node.
    public func run(_ wish: Wish) async throws -> NodeIdentity {
        if let present = try store.identity(), present.cluster != wish.token.cluster {
            throw AgentError(
                .enrolledElsewhere,
                "this machine is node \(present.name) of cluster \(present.cluster), the invitation is for \(wish.token.cluster): "
                    + "take it out there first (skep node evict \(present.name)) and purge skep-agent")
        }
        let found = try await retried("the coordinator at \(wish.coordinator)") {
            try await AuthorityProbe(client: client).ask(wish.coordinator, anchor: .fingerprint(wish.token.authority))
        }
        guard abs(found.clockOffset) < 50 * 60 * 1000 else { throw AgentError(.wrongClock, ClockText.fix(found.clockOffset)) }
        if abs(found.clockOffset) > ClockText.harmless { say("warning: \(ClockText.fix(found.clockOffset))") }

        let key = try store.key()
        let request = EnrolRequest(
            token: wish.token.text, csr: try key.request(commonName: facts.hostname), machineID: facts.machineID, hostname: facts.hostname,
            name: wish.name)
        let tls = TLSOptions(trust: .authorityPEM(found.rootsPEM))
        var isWaiting = false
        while true {
            let answer = try await retried("the coordinator at \(wish.coordinator)") {
                try await client.post(
                    "/v1/enrol", request, to: wish.coordinator.endpoint, named: CoordinatorAddress.serverName, tls: tls, as: EnrolAnswer.self
                ).answer
            }
            if let certificate = answer.certificate {
                let identity = try identity(answer, wish)
                try check(certificate, answer, key)
                try store.enrolled(identity, certificate: certificate, roots: answer.roots)
                return identity
            }
            if !isWaiting { say("waiting for an operator's approval: skep node approve \(answer.name)") }
            isWaiting = true
            try await LoopActor.sleep(for: approvalPause)
        }
    }

    private func identity(_ answer: EnrolAnswer, _ wish: Wish) throws(AgentError) -> NodeIdentity {
        guard answer.cluster == wish.token.cluster else {
            throw AgentError(.badAnswer, "the coordinator enrolled this node in \(answer.cluster), the invitation was for \(wish.token.cluster)")
        }
        return NodeIdentity(
            cluster: answer.cluster, node: answer.node, name: answer.name, coordinator: wish.coordinator.description,
            agentEndpoint: answer.agentEndpoint, serverName: answer.serverName)
    }

    /// A certificate that will not serve is better refused now than at the first report.
    private func check(_ pem: String, _ answer: EnrolAnswer, _ key: P256Key) throws {
        let chain = try Credentials.Chain(pem: pem)
        guard chain.leaf.matches(key), chain.leaf.uris == [NodeIdentity.uri(answer.cluster, answer.node)] else {
            throw AgentError(.badAnswer, "the coordinator's certificate is for another key or another node")
        }
        try chain.leaf.verify(
            intermediates: chain.above, roots: try Certificate.all(pem: answer.roots), at: SystemClock.wallMilliseconds() / 1000)
    }

    /// Tries again, with back-off, what may pass; what the coordinator refuses ends at once in its own words.
    private func retried<Value: Sendable>(_ whom: String, _ body: @LoopActor () async throws -> Value) async throws -> Value {
        var backoff = Backoff(last: 10_000)
        let begin = SystemClock.monotonicMilliseconds()
        while true {
            do { return try await body() } catch let error as CoordinatorError {
                if case .refused(let status, let words) = error, !error.isPassing {
                    throw AgentError(.refused, "\(whom) refuses: \(words.message) (\(status) \(words.code))")
                }
                guard Duration.milliseconds(SystemClock.monotonicMilliseconds() - begin) < patience else {
                    throw AgentError(.unreachable, "\(whom) cannot be reached: \(error)")
                }
                if backoff.failures == 0 { say("\(whom) does not answer yet, trying again: \(error)") }
                try await LoopActor.sleep(for: .milliseconds(backoff.failed(chance: chance())))
            }
        }
    }
}

/// A number from 0 to 1.
func chance() -> Double { Double(SystemRandom.uniform(0...1_000_000)) / 1_000_000 }
