import Synchronization

/// The ports that were taken, known once both listeners run.
final class BoundPorts: Sendable {
    private struct State {
        var operators: Int?
        var agents: Int?
        var isClosed = false
        var waiting: [CheckedContinuation<Void, Never>] = []
    }

    private let configuration: CoordinatorConfiguration
    private let state = Mutex(State())

    init(_ configuration: CoordinatorConfiguration) { self.configuration = configuration }

    /// Says whether both are known now.
    func set(_ listener: Listener, _ port: Int) -> Bool {
        let waiting = state.withLock { state -> [CheckedContinuation<Void, Never>]? in
            switch listener {
            case .operators: state.operators = port
            case .agents: state.agents = port
            }
            guard state.operators != nil, state.agents != nil else { return nil }
            defer { state.waiting = [] }
            return state.waiting
        }
        for continuation in waiting ?? [] { continuation.resume() }
        return waiting != nil
    }

    /// Nil when they were not taken, and will not be.
    func ports() async -> (operators: Int, agents: Int)? {
        await withCheckedContinuation { continuation in
            let isDecided = state.withLock { state in
                if state.isClosed || state.operators != nil && state.agents != nil { return true }
                state.waiting.append(continuation)
                return false
            }
            if isDecided { continuation.resume() }
        }
        return state.withLock { state in
            guard let operators = state.operators, let agents = state.agents else { return nil }
            return (operators, agents)
        }
    }

    func isKnown(_ listener: Listener) -> Bool {
        state.withLock { (listener == .operators ? $0.operators : $0.agents) != nil }
    }

    /// Whoever waits for the ports waits in vain.
    func close() {
        let waiting = state.withLock { state in
            state.isClosed = true
            defer { state.waiting = [] }
            return state.waiting
        }
        for continuation in waiting { continuation.resume() }
    }

    /// `host:port` of both, as others reach them.
    func endpoints() -> (operators: String, agents: String) {
        let (operators, agents) = state.withLock {
            ($0.operators ?? configuration.operators.port, $0.agents ?? configuration.agents.port)
        }
        let advertised = configuration.advertise.first ?? configuration.operators.host
        let host = CoordinatorConfiguration.Endpoint(advertised, defaultPort: operators) ?? .init(host: advertised, port: operators)
        return (host.text, CoordinatorConfiguration.Endpoint(host: host.host, port: agents).text)
    }
}
