internal import CLinux
public import SkepModel
public import SkepSystem

/// Answers peers and tries to reach each of them, as long as the coordinator asks for it: before a swarm is made, never beside one.
@LoopActor public final class AgentProbe {
    private struct Route: Hashable {
        var node: NodeID
        var address: IPAddress
    }

    private let addresses: [IPAddress]
    private let source: ProbeSocket.Source
    private var request: ProbeRequest?
    private var node: NodeID?
    private var listeners: ProbeListeners?
    private var work: Task<Void, Never>?
    private var paths: [Route: ProbeReport.Path] = [:]
    /// When a route was last tried, and when a node was heard first.
    private var asked: [Route: Int64] = [:]
    private var heard: [NodeID: Int64] = [:]
    private var passes = 0
    /// Called when the report has changed: a swarm waits for it, and the next look may be far away.
    public var news: (@LoopActor () -> Void)?
    private var told: ProbeReport?

    /// Peers begin within seconds of each other; later on there is no hurry.
    private static func interval(_ passes: Int) -> Duration { passes <= 5 ? .seconds(1) : .seconds(5) }
    /// Paths that are probed side by side.
    private static let width = 64

    /// Answers on all of the machine's addresses.
    public convenience init() {
        self.init(addresses: [.v4(0), .v6(0, 0)], source: ProbeSocket.system)
    }

    init(addresses: [IPAddress], source: @escaping ProbeSocket.Source) {
        self.addresses = addresses
        self.source = source
    }

    /// Begins, goes on with or ends probing; a request that is the same as before changes nothing.
    public func update(_ request: ProbeRequest?, node: NodeID) {
        guard let request else { return stop() }
        guard request != self.request || node != self.node else { return }
        let isSameRound = request.round == self.request?.round && node == self.node
        if !isSameRound || request.dataPathPorts != self.request?.dataPathPorts { stop() }
        work?.cancel()
        self.request = request
        self.node = node
        let routes = Set(self.routes)
        paths = paths.filter { routes.contains($0.key) }
        let message = ProbeMessage(round: request.round, node: node)
        let listeners = self.listeners ?? ProbeListeners(message, addresses: addresses, source: source)
        self.listeners = listeners
        listen()
        work = Task { @LoopActor [weak self] in
            while !Task.isCancelled {
                guard let self, await self.tryOnce(request, message) else { return }
                try? await LoopActor.sleep(for: Self.interval(self.passes))
            }
        }
    }

    /// Closes every port at once and forgets what was found out.
    public func stop() {
        work?.cancel()
        work = nil
        listeners?.close()
        listeners = nil
        request = nil
        node = nil
        paths = [:]
        asked = [:]
        heard = [:]
        passes = 0
        told = nil
    }

    /// What was found out so far; nil when nobody asked.
    ///
    /// It is complete when each target has answered, and each path to it that is not whole was tried after that as well.
    public var report: ProbeReport? {
        guard let request else { return nil }
        let isComplete = request.targets.allSatisfy { target in
            guard let first = heard[target.node] else { return false }
            return target.addresses.allSatisfy { address in
                let route = Route(node: target.node, address: address)
                return isWhole(route) || asked[route, default: 0] > first
            }
        }
        return ProbeReport(
            round: request.round, complete: isComplete, paths: routes.compactMap { paths[$0] }, occupied: listeners?.occupied ?? [:])
    }

    private var routes: [Route] {
        request?.targets.flatMap { target in target.addresses.map { Route(node: target.node, address: $0) } } ?? []
    }

    private func isWhole(_ route: Route) -> Bool {
        guard let path = paths[route], let request else { return false }
        return path.tcp && path.udp && path.mtu != nil && path.dataPath.count == request.dataPathPorts.count
    }

    private func listen() {
        guard let request else { return }
        listeners?.listen(tcp: PathProbe.tcpPorts, udp: Set([PathProbe.udpPort] + request.dataPathPorts).sorted())
    }

    /// Tries what is not whole yet; answers whether there is a reason to try again.
    private func tryOnce(_ request: ProbeRequest, _ message: ProbeMessage) async -> Bool {
        listen()
        passes += 1
        let due = routes.filter { !isWhole($0) }
        for start in stride(from: 0, to: due.count, by: Self.width) {
            let looks = due[start..<min(start + Self.width, due.count)].map { route in
                let probe = PathProbe(
                    target: route.node, address: route.address, request: message, dataPathPorts: request.dataPathPorts, source: source)
                return (route, probe, Task { @LoopActor in await probe.run() })
            }
            for (route, probe, look) in looks {
                let path = await look.value
                // A probe ends within seconds; what it finds out for a round that is over counts for nothing.
                guard !Task.isCancelled else { return false }
                note(route, path, probe)
            }
        }
        guard !Task.isCancelled else { return false }
        if report != told {
            told = report
            news?()
        }
        return !request.targets.allSatisfy { target in target.addresses.contains { isWhole(Route(node: target.node, address: $0)) } }
            || report?.complete != true
    }

    /// What once was found to work is not forgotten because a later try of another part failed.
    private func note(_ route: Route, _ path: ProbeReport.Path, _ probe: PathProbe) {
        var path = path
        if let before = paths[route] {
            path.tcp = path.tcp || before.tcp
            path.udp = path.udp || before.udp
            path.dataPath = request?.dataPathPorts.filter { path.dataPath.contains($0) || before.dataPath.contains($0) } ?? path.dataPath
            path.mtu = path.mtu ?? before.mtu
        }
        paths[route] = path
        asked[route] = probe.asked
        if heard[route.node] == nil { heard[route.node] = probe.heard }
    }
}
