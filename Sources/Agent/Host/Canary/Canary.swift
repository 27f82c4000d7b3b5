internal import AgentCore
public import SkepModel
public import SkepSystem

/// Tries again and again what passes through the swarm's own networks, as long as the coordinator asks for it.
@LoopActor public final class Canary {
    /// One round: the overlay to those addresses, and those ports of this machine.
    typealias Round = @LoopActor @Sendable (_ targets: [IPAddress], _ ports: [UInt16]) async -> CanaryRound

    private let round: Round
    private var book = CanaryBook()
    private var work: Task<Void, Never>?
    private var rest: OneShot<Void>?
    private var isHurried = false
    /// Called when the report says something new: a swarm that comes up waits for it, and the next look may be far away.
    public var news: (@LoopActor () -> Void)?

    /// `sandbox` tells this node's address in the ingress network, nil when it has none.
    public convenience init(_ state: HostState, sandbox: @escaping @LoopActor @Sendable () async throws -> IPAddress?) {
        let overlay = OverlayTrial(layout: state.layout)
        self.init { targets, ports in
            async let echoes = overlay.round(sandbox, targets)
            async let answers = Self.knock(ports)
            var round = await echoes
            round.ports = await answers
            return round
        }
    }

    init(round: @escaping Round) { self.round = round }

    /// What was found out so far; nil while nothing was asked.
    public var report: CanaryReport? { book.isWanted ? book.report : nil }

    /// Begins, goes on with or ends trying.
    public func update(_ request: CanaryRequest?) {
        guard request != nil else { return stop() }
        guard book.ask(request) else { return }
        isHurried = true
        rest?.finish(.success(()))
        guard work == nil else { return }
        work = Task { @LoopActor [weak self] in
            while !Task.isCancelled { guard await self?.turn() == true else { return } }
        }
    }

    public func stop() {
        work?.cancel()
        rest?.finish(.success(()))
        work = nil
        book = CanaryBook()
    }

    /// A round and the pause after it; false once nobody asks any more.
    private func turn() async -> Bool {
        isHurried = false
        let before = book.report.essence
        let seen = await round(book.targets, book.ports)
        guard !Task.isCancelled, book.isWanted else { return false }
        book.note(seen, at: Instant(milliseconds: SystemClock.wallMilliseconds()))
        if book.report.essence != before { news?() }
        guard !isHurried else { return true }
        let rest = OneShot<Void>()
        self.rest = rest
        let timer = LoopActor.schedule(after: .milliseconds(book.pause)) { rest.finish(.success(())) }
        try? await rest.value()
        timer.cancel()
        if self.rest === rest { self.rest = nil }
        return !Task.isCancelled
    }

    /// Ports that are knocked at side by side.
    private static let width = 32

    private static func knock(_ ports: [UInt16]) async -> [UInt16: String?] {
        var answers: [UInt16: String?] = [:]
        for start in stride(from: 0, to: ports.count, by: width) {
            let knocks = ports[start..<min(start + width, ports.count)].map { port in
                (port, Task { @LoopActor in await MeshKnock.failure(port: port) })
            }
            for (port, knock) in knocks { answers.updateValue(await knock.value, forKey: port) }
        }
        return answers
    }
}
