internal import SkepCrypto
internal import SkepHTTP
public import SkepModel
public import SkepSystem
public import SkepWire

/// The agent's side of the one connection to its coordinator: reports, their answers, and the certificate that carries them.
///
/// A report's answer is held by the coordinator until there is news, so that one connection serves. What cannot wait goes over a second one.
@LoopActor public final class CoordinatorLink {
    /// What the link needs from the agent, and tells it.
    public protocol Owner: AnyObject {
        /// The newest status and the revision held; nil before the first look.
        @LoopActor func report() -> (status: NodeStatus, holds: Int)?
        /// An answer came; `openedAt` is when its connection was opened, `askedAt` when the question went out.
        @LoopActor func answered(_ answer: ReportAnswer, openedAt: Instant, askedAt: Instant)
        /// Milliseconds between reports, as the spec says.
        @LoopActor var beat: Int { get }
        /// What ``CoordinatorLink/state`` says has changed.
        @LoopActor func linkChanged()
    }

    /// Times, which tests shorten.
    public struct Timing: Sendable {
        /// How much later than its beat an answer may come.
        public var patience: Duration = .seconds(15)
        public var firstRetry: Int64 = 1000
        public var lastRetry: Int64 = 30_000
        public var evictedRetry: Duration = .seconds(300)
        /// The shortest time between two urgent reports.
        public var urgentGap: Duration = .milliseconds(300)
        /// The shortest time between two reports on the kept connection.
        public var reportGap: Int64 = 500
        public init() {}
    }

    public private(set) var state = LinkState()
    public let identity: NodeIdentity
    private(set) var credentials: Credentials
    let store: IdentityStore
    let client: CoordinatorClient
    let timing: Timing
    private weak var owner: (any Owner)?

    private var tasks: [Task<Void, Never>] = []
    private var opened: Int64?
    private var connectHalf: Int64 = 0
    private var isHeld = false
    private var wantsUrgent = false
    private var isSendingUrgent = false
    private var nextFailures = 0
    private var probedAt: Int64?
    private var retryNow: OneShot<Void>?
    /// Ends the renewal's wait.
    var renewNow: OneShot<Void>?

    /// A link that is at rest until ``start()``.
    public init(identity: NodeIdentity, credentials: Credentials, store: IdentityStore, client: CoordinatorClient, timing: Timing = Timing()) {
        self.identity = identity
        self.credentials = credentials
        self.store = store
        self.client = client
        self.timing = timing
        state.certificateEnds = credentials.shown.leaf.notAfter
    }

    /// Begins to report.
    public func start(_ owner: any Owner) {
        self.owner = owner
        tasks = [Task { await self.reportForEver() }, Task { await self.renewForEver() }]
    }

    /// Ends all that is under way.
    public func stop() {
        for task in tasks { task.cancel() }
        tasks = []
        owner = nil
    }

    /// The way to the coordinator may be another one: what is under way over the former one ends, and a report goes out over a new connection.
    public func reconnect() {
        guard let reporting = tasks.first else { return }
        client.reset()
        reporting.cancel()
        tasks[0] = Task {
            await reporting.value
            await self.reportForEver()
        }
    }

    /// Now, by the coordinator's clock where it is known, seconds since 1970.
    var correctedNow: Int64 { (SystemClock.wallMilliseconds() - (state.clockOffset ?? 0)) / 1000 }

    func change(_ body: (inout LinkState) -> Void) {
        let before = state
        body(&state)
        if state.failure != before.failure || state.isEvicted != before.isEvicted || state.renewalFailure != before.renewalFailure
            || (state.answeredAt == nil) != (before.answeredAt == nil)
        {
            owner?.linkChanged()
        }
    }

    // MARK: Reports

    private func reportForEver() async {
        var backoff = Backoff(first: timing.firstRetry, last: timing.lastRetry)
        while !Task.isCancelled {
            let begin = SystemClock.monotonicMilliseconds()
            do {
                guard let report = owner?.report() else {
                    try await LoopActor.sleep(for: .milliseconds(100))
                    continue
                }
                isHeld = true
                defer { isHeld = false }
                // one that says that nothing was heard is wrong as soon as it arrives: it is not held for a beat
                let hasNews = try await exchange(report, urgent: state.answers == 0 || state.failure != nil, fresh: false)
                backoff.succeeded()
                let spent = SystemClock.monotonicMilliseconds() - begin
                let least = hasNews ? timing.reportGap : max(timing.reportGap, 1000)
                if spent < least { try await LoopActor.sleep(for: .milliseconds(least - spent)) }
            } catch is CancellationError {
                return
            } catch {
                guard !Task.isCancelled else { return }
                await failed(error)
                let wait = state.isEvicted ? timing.evictedRetry : .milliseconds(backoff.failed(chance: chance()))
                do { try await pause(wait) } catch { return }
            }
        }
    }

    /// Waits, less long when somebody wants to try at once.
    private func pause(_ wait: Duration) async throws {
        let done = OneShot<Void>()
        let timer = LoopActor.schedule(after: wait) { done.finish(.success(())) }
        retryNow = done
        defer {
            timer.cancel()
            retryNow = nil
        }
        try await done.value()
    }

    /// Tries again at once, if the link is waiting after a failure.
    func retry() { retryNow?.finish(.success(())) }

    /// Sends the newest status now, beside the report that is being held; nothing happens while the coordinator is away.
    public func reportNow(fresh: Bool = false) {
        guard fresh || isHeld, state.failure == nil || fresh else { return }
        if fresh {
            Task {
                guard let report = self.owner?.report() else { return }
                do { _ = try await self.exchange(report, urgent: true, fresh: true) } catch {
                    Log.info("a new connection to the coordinator failed", ["error": "\(error)"])
                }
            }
            return
        }
        wantsUrgent = true
        guard !isSendingUrgent else { return }
        isSendingUrgent = true
        tasks.removeAll(where: \.isCancelled)
        Task {
            defer { self.isSendingUrgent = false }
            while self.wantsUrgent {
                self.wantsUrgent = false
                guard let report = self.owner?.report() else { return }
                do { _ = try await self.exchange(report, urgent: true, fresh: false) } catch {
                    // The held report will find out and say so.
                    return
                }
                try? await LoopActor.sleep(for: self.timing.urgentGap)
            }
        }
    }

    /// One report and its answer; true when it brought a spec.
    private func exchange(_ report: (status: NodeStatus, holds: Int), urgent: Bool, fresh: Bool) async throws -> Bool {
        // by the clock that nobody sets, as a connection may have been opened before the other one was
        let asked = SystemClock.monotonicMilliseconds()
        let shown = credentials.shown.pem
        let request = ReportRequest(status: report.status, holds: report.holds, urgent: urgent)
        let (answer, response) = try await client.post(
            "/v1/report", request, to: identity.agentEndpoint, named: identity.serverName, tls: credentials.tls,
            deadline: timing.patience + .milliseconds(max(5000, owner?.beat ?? 5000)), fresh: fresh, as: ReportAnswer.self)
        let now = Instant(milliseconds: SystemClock.wallMilliseconds())
        if response.openedConnection {
            if !fresh { opened = asked }
            let (seconds, fraction) = response.connectTime.components
            connectHalf = (seconds * 1000 + fraction / 1_000_000_000_000_000) / 2
        }
        used(shown)
        change {
            $0.answeredAt = now
            $0.answers += 1
            $0.failure = nil
            $0.failedSince = nil
            $0.isEvicted = false
            $0.clockOffset = now.since(answer.now) - connectHalf
        }
        if answer.version > WireProtocol.version, state.answers == 1 {
            Log.notice("the coordinator speaks a newer version of the protocol", ["version": answer.version])
        }
        let passed = SystemClock.monotonicMilliseconds()
        func wall(_ moment: Int64) -> Instant { now.advanced(by: moment - passed) }
        owner?.answered(answer, openedAt: wall(fresh ? asked : opened ?? asked), askedAt: wall(asked))
        return answer.spec != nil
    }

    private func failed(_ error: any Error) async {
        let words = (error as? CoordinatorError)?.description ?? "\(error)"
        let evicted = (error as? CoordinatorError)?.isEviction ?? false
        if state.failure == nil { Log.warning("the coordinator does not answer", ["error": words]) }
        change {
            if $0.failure == nil { $0.failedSince = Instant(milliseconds: SystemClock.wallMilliseconds()) }
            $0.failure = words
            $0.isEvicted = evicted
        }
        guard case .transport(let transport) = error as? CoordinatorError, transport.code == .tls || transport.code == .interrupted else { return }
        // A renewed certificate that does not serve gives way to the one before it, which is still good.
        if credentials.next != nil {
            nextFailures += 1
            if nextFailures >= 3 {
                Log.warning("the renewed certificate was refused; going back to the one before it")
                credentials.next = nil
                nextFailures = 0
                do { try store.dropNext() } catch { Log.warning("cannot remove the refused certificate", ["error": "\(error)"]) }
            }
        }
        await probeClock()
        // The coordinator is there and will have nothing of a certificate that has ended: a renewal need not wait out its pause, which is minutes
        // after a long absence.
        if credentials.shown.leaf.notAfter <= correctedNow { renewNow?.finish(.success(())) }
    }

    /// Where trust failed, the clock may be the reason; asked at most once in a minute.
    func probeClock() async {
        let now = SystemClock.monotonicMilliseconds()
        guard probedAt.map({ now - $0 > 60_000 }) ?? true, let address = try? CoordinatorAddress(identity.coordinator) else { return }
        probedAt = now
        guard let found = try? await AuthorityProbe(client: client).ask(address, anchor: .roots(credentials.roots)) else { return }
        change { $0.clockOffset = found.clockOffset }
        if abs(found.clockOffset) > ClockText.harmless { Log.warning("this node's clock is wrong", ["offset.ms": found.clockOffset]) }
    }

    // MARK: Certificates

    /// A certificate served for an answer: a renewed one takes the old one's place.
    private func used(_ pem: String) {
        nextFailures = 0
        guard let next = credentials.next, next.pem == pem else { return }
        do {
            try store.promote(pem)
            credentials.current = next
            credentials.next = nil
            Log.info("the renewed certificate is in use", ["serial": next.leaf.serial])
        } catch {
            Log.warning("cannot put the renewed certificate in its place; trying again at the next answer", ["error": "\(error)"])
        }
    }

    /// Takes over a renewed certificate; the next connection shows it.
    func renewed(_ answer: RenewAnswer) throws {
        let chain = try Credentials.Chain(pem: answer.certificate)
        let roots = answer.roots.isEmpty ? credentials.roots : try Certificate.all(pem: answer.roots)
        guard chain.leaf.matches(credentials.key), chain.leaf.uris == credentials.current.leaf.uris else {
            throw AgentError(.badAnswer, "the renewed certificate is for another key or another node")
        }
        try chain.leaf.verify(intermediates: chain.above, roots: roots, at: correctedNow)
        try store.renewed(certificate: answer.certificate, roots: answer.roots)
        credentials.next = chain
        credentials.roots = roots
        if !answer.roots.isEmpty { credentials.rootsPEM = answer.roots }
        nextFailures = 0
        change {
            $0.certificateEnds = chain.leaf.notAfter
            $0.renewalFailure = nil
        }
    }
}
