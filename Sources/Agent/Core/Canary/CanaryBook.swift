public import SkepModel

/// What one round of the canary saw.
public struct CanaryRound: Sendable, Equatable {
    /// Of this node's sandbox in the ingress network, with its interface's MTU in bytes.
    public struct Sandbox: Sendable, Equatable {
        public var address: IPAddress
        public var mtu: Int?
        public init(address: IPAddress, mtu: Int? = nil) {
            self.address = address
            self.mtu = mtu
        }
    }

    /// Round-trip times, microseconds; nil for what did not come back.
    public struct Echo: Sendable, Equatable {
        public var small: Int?
        public var large: Int?
        public init(small: Int?, large: Int?) {
            self.small = small
            self.large = large
        }
    }

    /// This node's end of the ingress network, as far as the engine answered.
    public enum End: Sendable, Equatable {
        case unknown
        case none
        case at(Sandbox)
    }

    public var end: End
    /// Why the overlay could not be tried; nil when it was.
    public var trouble: String?
    /// By the target's address; those that are missing were not tried.
    public var echoes: [IPAddress: Echo]
    /// By port, why it did not answer, nil where it did; those that are missing were not tried.
    public var ports: [UInt16: String?]
    public init(end: End = .unknown, trouble: String? = nil, echoes: [IPAddress: Echo] = [:], ports: [UInt16: String?] = [:]) {
        self.end = end
        self.trouble = trouble
        self.echoes = echoes
        self.ports = ports
    }
}

/// What was asked of the canary, what it found, and when it is to try again.
public struct CanaryBook: Sendable, Equatable {
    public private(set) var report = CanaryReport()
    private var request: CanaryRequest?
    /// Rounds with something new to find out, one after the other.
    private var hurried = 0

    public init() {}

    /// What is to be tried in the next round: the targets' addresses, and ports of this node.
    public var targets: [IPAddress] { report.paths.map(\.address) }
    public var ports: [UInt16] { report.ports.map(\.port) }
    /// Whether anything is to be found out: without a request nothing is.
    public var isWanted: Bool { request != nil }

    /// Another request; what was known of targets and ports that stay is kept. Whether a round should follow at once.
    public mutating func ask(_ request: CanaryRequest?) -> Bool {
        guard request != self.request else { return false }
        self.request = request
        guard let request else {
            report = CanaryReport()
            return false
        }
        let known = report.paths
        report.paths = request.targets.map { target in
            known.first { $0.node == target.node && $0.address == target.address } ?? .init(node: target.node, address: target.address)
        }
        let answers = report.ports
        report.ports = request.ports.map { port in answers.first { $0.port == port } ?? .init(port: port) }
        hurried = 0
        return true
    }

    /// A round ended; what was asked meanwhile and not tried in it stays unknown.
    public mutating func note(_ round: CanaryRound, at now: Instant) {
        guard isWanted else { return }
        switch round.end {
        // what others try meanwhile goes on
        case .unknown: break
        case .none: report.address = nil
        case .at(let sandbox):
            report.address = sandbox.address
            report.mtu = sandbox.mtu ?? report.mtu
        }
        report.trouble = round.trouble
        report.troubles = round.trouble.map { _ in min((report.troubles ?? 0) + 1, 1_000_000) }
        if round.trouble == nil { report.at = now }
        func judge(_ trial: inout CanaryReport.Trial, _ passes: Bool) {
            trial = passes ? .init(passed: now) : .init(passed: trial.passed, misses: min(trial.misses + 1, 1_000_000))
        }
        for index in report.paths.indices {
            guard let echo = round.echoes[report.paths[index].address] else { continue }
            report.paths[index].small = echo.small
            report.paths[index].large = echo.large
            judge(&report.paths[index].trial, echo.small != nil && echo.large != nil)
        }
        for index in report.ports.indices {
            guard let tried = round.ports[report.ports[index].port] else { continue }
            report.ports[index].failure = tried
            judge(&report.ports[index].trial, tried == nil)
        }
        hurried = isOpen ? hurried + 1 : 0
    }

    /// Something was missed, or was not tried yet.
    private var isOpen: Bool {
        let trials = report.paths.map(\.trial) + report.ports.map(\.trial)
        return report.trouble != nil || report.address == nil || trials.contains { $0.misses > 0 || $0.passed == nil }
    }

    /// Milliseconds until the next round: a minute while all passes, 5 s while it does not, longer when that has been known for half a minute, and for
    /// minutes.
    public var pause: Int64 {
        switch hurried {
        case 0: 60_000
        case ...6: 5000
        case ...30: 10_000
        default: 60_000
        }
    }
}
