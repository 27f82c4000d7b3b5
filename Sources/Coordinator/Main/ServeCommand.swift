import ArgumentParser
import CoordinatorAPI
import Foundation
import Logging
import ServiceLifecycle
import SkepSystem
import UnixSignals

/// `skep-coordinator serve`.
struct ServeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "serve", abstract: "Runs the coordinator until it is told to stop.")

    @OptionGroup var shared: SharedOptions
    @Option(help: "Address of operators and enrolment, host:port.") var listen: String?
    @Option(help: "Address of agents, host:port.") var agents: String?
    @Option(help: "Names and addresses under which others reach this machine, with commas; the first is printed.") var advertise: String?
    @Option(help: "Folder of the agents' packages.") var packages: String?
    @Option(help: "All times of liveness are so many times as long, the heartbeat of a swarm that is made from then on among them.") var timeFactor:
        String?

    func run() async throws {
        LoggingSystem.bootstrap { JournalLog(label: $0) }
        Self.raiseFileLimit()
        var file = try shared.file()
        file.set("listen", listen)
        file.set("agents", agents)
        file.set("advertise", advertise)
        file.set("packages", packages)
        file.set("time-factor", timeFactor)
        let logger = Logger(label: "skep")
        let coordinator = try await Coordinator(try file.configuration(version: CoordinatorCommand.version), logger: logger)
        let group = ServiceGroup(
            configuration: .init(
                services: [coordinator, Announcer(coordinator: coordinator, logger: logger)], gracefulShutdownSignals: [.sigterm, .sigint],
                logger: Logger(label: "skep.services", factory: { _ in SwiftLogNoOpLogHandler() })))
        try await group.run()
    }

    /// Each connection is a descriptor: the soft limit of 1024 is for programs that use select(2).
    private static func raiseFileLimit() {
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return }
        limit.rlim_cur = limit.rlim_max
        _ = setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
    }
}

/// Settings that every command understands.
struct SharedOptions: ParsableArguments {
    @Option(help: "Settings file; /etc/skep/coordinator.yaml if it is there.") var config: String?
    @Option(help: "Folder of the database and the authority.") var state: String?

    func file() throws -> SettingsFile {
        var file = try SettingsFile(path: config, environment: ProcessInfo.processInfo.environment)
        file.set("state", state)
        return file
    }
}

/// Says to people, and to the service manager, that the coordinator listens; and then that it lives.
struct Announcer: Service {
    let coordinator: Coordinator
    let logger: Logger

    func run() async throws {
        await cancelWhenGracefulShutdown {
            guard let ports = await coordinator.ports() else { return }
            print("operators https://127.0.0.1:\(ports.operators)")
            print("agents https://127.0.0.1:\(ports.agents)")
            fflush(nil)
            logger.notice(
                "coordinator listens",
                metadata: ["operators": "\(ports.operators)", "agents": "\(ports.agents)", "url": "\(coordinator.url)"])
            Notify.ready(status: "listening on \(ports.operators) and \(ports.agents)")
            while !Task.isCancelled {
                // From the pool that does all the work: when it is stuck, the manager hears nothing.
                Notify.watchdog()
                try? await Task.sleep(for: Notify.watchdogInterval.map { $0 / 3 } ?? .seconds(3600))
            }
        }
        Notify.stopping()
    }
}
