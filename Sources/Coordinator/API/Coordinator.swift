import CoordinatorAuthority
import CoordinatorCore
import CoordinatorDashboard
import CoordinatorStore
import Hummingbird
import HummingbirdCore
public import Logging
import NIOCore
public import ServiceLifecycle
import SkepModel
import SkepSystem
import Synchronization

/// The coordinator as one service: its two listeners, its clusters, and the renewal of its own certificate.
public final class Coordinator: Service {
    let configuration: CoordinatorConfiguration
    let store: SQLiteStore
    let authority: Authority
    let registry: ClusterRegistry
    let live = LiveConnections()
    let counters: (operators: AddressCounter, agents: AddressCounter)
    private let refusals: RefusalLog
    private let folder: StateFolder
    private let clock: WallClock
    private let logger: Logger
    private let bound: BoundPorts
    private let boxes: (operators: TLSBox, agents: TLSBox)
    private let certificate: Mutex<ServerCertificate>

    /// Opens the state folder, or makes it; fails when another process works in it.
    public init(_ configuration: CoordinatorConfiguration, clock: WallClock = .system, logger: Logger) async throws {
        self.configuration = configuration
        self.clock = clock
        self.logger = logger
        refusals = RefusalLog(logger: logger, clock: clock)
        folder = try StateFolder(configuration.state)
        store = try SQLiteStore(path: StateFolder.database(configuration.state))
        authority = try Authority(
            folder: configuration.state + "/authority", now: clock.now(), nodeLifetime: configuration.certificateSeconds)
        bound = BoundPorts(configuration)
        let first = try Self.certificate(authority, configuration, clock.now())
        certificate = Mutex(first)
        boxes = (
            TLSBox(try ListenerTLS.operators(first)),
            TLSBox(try ListenerTLS.agents(first, roots: authority.roots, issuing: authority.issuingPEM))
        )
        let share = max(64, configuration.maximumConnections / 4)
        counters = (AddressCounter(limit: share), AddressCounter(limit: share))
        registry = ClusterRegistry(
            tools: ClusterRuntime.Tools(
                store: store, authority: authority, clock: clock, settings: configuration.settings, holder: folder.instance,
                machineID: configuration.machineID, live: live,
                bundles: BundleSource(store: store, authority: authority, clock: clock), logger: logger))
        try await registry.load()
    }

    /// The ports that are listened on, once they are; nil when the coordinator has ended before.
    public func ports() async -> (operators: Int, agents: Int)? { await bound.ports() }

    /// What is shown of a server's key: `sha256//…`.
    public var pin: String { authority.serverPin }

    /// Where operators are sent, `https://host:port`.
    public var url: String { "https://\(bound.endpoints().operators)" }

    /// Where operators are sent by the coordinator that works in the folder.
    public static func url(state: String) throws -> String {
        String(decoding: try Files.read(state + "/url"), as: UTF8.self)
    }

    /// Runs until it is cancelled or asked to stop.
    public func run() async throws {
        defer { folder.release() }
        defer { bound.close() }
        let routers = try routers()
        let group = ServiceGroup(
            configuration: .init(
                services: [
                    listener(routers.operators, .operators, boxes.operators, configuration.operators, counters.operators),
                    listener(routers.agents, .agents, boxes.agents, configuration.agents, counters.agents), CertificateKeeper(renew: renew),
                    registry,
                ].map { .init(service: $0) }, logger: logger))
        try await withGracefulShutdownHandler {
            try await group.run()
        } onGracefulShutdown: {
            Task { await group.triggerGracefulShutdown() }
        }
        try store.close()
    }

    /// All routes, as they are; tests compare them with the table.
    func routers() throws -> (operators: Router<CoordinatorContext>, agents: Router<CoordinatorContext>) {
        let people = OperatorService(store: store, clock: clock)
        let doorkeeper = Doorkeeper(
            store: store, authority: authority, operators: people, registry: registry, live: live,
            refusals: refusals, logger: logger)
        let bundles = BundleSource(store: store, authority: authority, clock: clock)
        let bound = bound
        let enrolment = EnrolmentService(
            store: store, authority: authority, registry: registry, clock: clock, settings: configuration.settings,
            endpoints: { bound.endpoints() })
        let renewal = RenewalService(store: store, authority: authority, registry: registry, clock: clock)

        let operators = Router(context: CoordinatorContext.self)
        operators.add(middleware: UnknownPaths())
        EnrolmentRoutes(
            doorkeeper: doorkeeper, enrolment: enrolment, renewal: renewal, shelf: PackageShelf(folder: configuration.packages)
        ).add(to: operators)
        OperatorRoutes(
            doorkeeper: doorkeeper, registry: registry, store: store, operators: people, enrolment: enrolment,
            applying: ApplyService(registry: registry, bundles: bundles, clock: clock)
        ).add(to: operators)
        StackRoutes(
            doorkeeper: doorkeeper, registry: registry, stacks: StackService(registry: registry, bundles: bundles, clock: clock)
        ).add(to: operators)
        CredentialRoutes(doorkeeper: doorkeeper, registry: registry).add(to: operators)
        DashboardRoutes(
            doorkeeper: doorkeeper, registry: registry, store: store, operators: people,
            pages: try DashboardPages(version: configuration.version)
        ).add(to: operators)

        let agents = Router(context: CoordinatorContext.self)
        agents.add(middleware: UnknownPaths())
        AgentRoutes(doorkeeper: doorkeeper, registry: registry, renewal: renewal).add(to: agents)
        return (operators, agents)
    }

    private func listener(
        _ router: Router<CoordinatorContext>, _ listener: Listener, _ box: TLSBox, _ endpoint: CoordinatorConfiguration.Endpoint,
        _ counter: AddressCounter
    ) -> any Service {
        let (handshake, whole) = (configuration.handshakeSeconds, configuration.requestSeconds)
        let (live, bound, refusals) = (live, bound, refusals)
        let application = Application(
            router: router,
            server: .init { responder in
                TLSChannel(
                    tls: box,
                    base: HTTP1Channel(
                        responder: responder,
                        configuration: .init(
                            idleTimeout: .seconds(300),
                            httpDecoderConfiguration: .init(maxHeaderFieldSize: 16_384, maxHeaderListSize: 32_768, maxHeaderFieldCount: 64))),
                    counter: counter, live: live, refusals: refusals, handshakeSeconds: handshake, requestSeconds: whole)
            },
            configuration: .init(
                address: .hostname(endpoint.host, port: endpoint.port), serverName: "skep", backlog: 1024,
                availableConnectionsDelegate: .maximum(configuration.maximumConnections, logger: Self.silent)),
            onServerRunning: { [configuration] channel in
                guard bound.set(listener, channel.localAddress?.port ?? endpoint.port) else { return }
                // `first-login` prints it. A coordinator that cannot write this still serves.
                try? AtomicFile.write(configuration.state + "/url", "https://\(bound.endpoints().operators)", mode: 0o644)
            },
            logger: Self.silent)
        return NamedListener(service: application, listener: listener, endpoint: endpoint, bound: bound)
    }

    /// Hummingbird's own log would say every bad handshake of a stranger; what matters is logged by us, once.
    private static let silent: Logger = {
        var logger = Logger(label: "skep.http")
        logger.logLevel = .critical
        return logger
    }()

    // MARK: Our own certificate

    /// Makes the listeners' certificate anew when half of its life is over, or it is not good yet; new connections get it.
    @Sendable func renew() throws {
        let now = clock.now()
        guard certificate.withLock({ Renewal.isDue(notBefore: $0.notBefore, notAfter: $0.notAfter, now: now) }) else { return }
        let fresh = try Self.certificate(authority, configuration, now)
        boxes.operators.replace(try ListenerTLS.operators(fresh))
        boxes.agents.replace(try ListenerTLS.agents(fresh, roots: authority.roots, issuing: authority.issuingPEM))
        certificate.withLock { $0 = fresh }
        logger.notice("renewed the listeners' certificate")
    }

    private static func certificate(
        _ authority: Authority, _ configuration: CoordinatorConfiguration, _ now: Instant
    ) throws -> ServerCertificate {
        var names: [String] = ["localhost"]
        var addresses: [IPAddress] = ["127.0.0.1", "::1"].compactMap { IPAddress($0) }
        for text in configuration.advertise + [configuration.operators.host, configuration.agents.host] {
            let host = CoordinatorConfiguration.Endpoint(text, defaultPort: 0)?.host ?? text
            if let address = IPAddress(host) {
                if !addresses.contains(address), ![IPAddress.v4(0), .v6(0, 0)].contains(address) { addresses.append(address) }
            } else if !names.contains(host) {
                names.append(host)
            }
        }
        return try authority.issueServer(dnsNames: names, addresses: addresses, now: now)
    }
}

/// Looks each minute whether our own certificate is due: with the clock set back, nobody can connect until it is replaced.
struct CertificateKeeper: Service {
    let renew: @Sendable () throws -> Void

    func run() async throws {
        try await cancelWhenGracefulShutdown {
            while !Task.isCancelled {
                try renew()
                try? await Task.sleep(for: .seconds(60))
            }
        }
    }
}

/// Answers in our own words where no route is.
struct UnknownPaths: RouterMiddleware {
    typealias Context = CoordinatorContext

    func handle(
        _ request: Request, context: CoordinatorContext, next: (Request, CoordinatorContext) async throws -> Response
    ) async throws -> Response {
        do {
            return try await next(request, context)
        } catch let error as HTTPError where error.status == .notFound || error.status == .methodNotAllowed {
            return Answers.refusal(Refusal.notFound("there is nothing at \(request.uri.path.prefix(128))"))
        }
    }
}
