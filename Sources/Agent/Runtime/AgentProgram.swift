internal import CLinux
internal import Glibc
internal import SkepCrypto
internal import SkepHTTP
internal import SkepModel
public import SkepSystem

/// The commands of `skep-agent`.
@LoopActor public struct AgentProgram {
    /// The release, set by the build of the packages.
    public nonisolated static let version = "0.1.0"

    private let arguments: AgentArguments
    private let paths: AgentPaths

    /// The program with those arguments.
    public init(_ arguments: AgentArguments) {
        self.arguments = arguments
        paths = AgentPaths(root: arguments.root)
    }

    /// Runs the command; its exit status.
    public func run() async -> Int32 {
        do {
            switch arguments.verb {
            case .run: return try await AgentService(paths: paths).run()
            case .enrol(let coordinator, let token, let name): try await enrol(coordinator, token, name)
            case .status(let json): return try status(json)
            case .forget(let leaveSwarm): return try await Forgetting(paths: paths, say: Self.say).run(leaveSwarm: leaveSwarm)
            case .retryFirewall: try retryFirewall()
            case .probeShare, .probeOverlay: return 2
            case .version: Self.say("skep-agent \(Self.version)")
            case .help: Self.say(AgentArguments.help)
            }
            return 0
        } catch {
            Self.complain("\(error)")
            return (error as? AgentError)?.code == .usage ? 2 : 1
        }
    }

    // MARK: Commands

    private func enrol(_ coordinator: String, _ source: AgentArguments.TokenSource, _ name: String?) async throws {
        let address = try CoordinatorAddress(coordinator)
        var wanted: NodeName?
        if let name {
            guard let checked = NodeName(rawValue: name) else { throw AgentError(.usage, "'\(name)' is no node's name: \(NodeName.rule)") }
            wanted = checked
        }
        let token = try EnrolmentToken(try await Self.token(source))
        let enrolment = Enrolment(
            store: try IdentityStore(paths), client: CoordinatorClient(http: HTTPClient(idleConnections: 1)), facts: try machineFacts(), say: Self.say
        )
        let identity = try await enrolment.run(.init(coordinator: address, token: token, name: wanted))
        Self.say("enrolled as node \(identity.name) (\(identity.node)) of cluster \(identity.cluster)")
    }

    private func status(_ json: Bool) throws -> Int32 {
        guard let file = try StatusFile.read(paths) else {
            let reason =
                try IdentityStore(paths).identity() == nil
                ? "this machine is not enrolled: run the line that `skep node invite` prints"
                : "skep-agent is not running: systemctl start skep-agent"
            throw AgentError(.notEnrolled, reason)
        }
        if json {
            Self.say(String(decoding: try JSON.encode(file), as: UTF8.self))
        } else {
            Self.say(file.text(now: Instant(milliseconds: SystemClock.wallMilliseconds())))
        }
        return 0
    }

    private func retryFirewall() throws {
        guard Files.exists(paths.run) else { throw AgentError(.notEnrolled, "skep-agent is not running: systemctl start skep-agent") }
        try AtomicFile.write(paths.firewallWish, "", mode: 0o600)
        Self.say("the agent tries the rules again within 30 seconds")
    }

    // MARK: Surroundings

    private func machineFacts() throws -> Enrolment.MachineFacts {
        func line(_ path: String) throws -> String {
            String(try Files.readText(path, limit: 4096).prefix { !$0.isWhitespace })
        }
        let machineID: String
        do { machineID = try line(paths.root + "/etc/machine-id") } catch {
            throw AgentError(.badState, "this machine has no /etc/machine-id (\(error)): run systemd-machine-id-setup")
        }
        guard machineID.utf8.count == 32 else {
            throw AgentError(.badState, "/etc/machine-id is not set: run systemd-machine-id-setup")
        }
        return Enrolment.MachineFacts(machineID: machineID, hostname: (try? line("/proc/sys/kernel/hostname")) ?? "node")
    }

    private static func token(_ source: AgentArguments.TokenSource) async throws -> String {
        switch source {
        case .file(let path): return try Files.readText(path, limit: 4096)
        case .standardInput:
            var bytes: [UInt8] = []
            var buffer = [UInt8](repeating: 0, count: 1024)
            while bytes.count < 4096 {
                // Before any loop needs the thread: nothing else runs in this command.
                let count = read(0, &buffer, buffer.count)
                if count < 0, errno == EINTR { continue }
                guard count > 0 else { break }
                bytes += buffer[..<count]
                if buffer[..<count].contains(10) { break }
            }
            guard !bytes.isEmpty else { throw AgentError(.usage, "standard input is empty: the token belongs there") }
            return String(decoding: bytes, as: UTF8.self)
        }
    }

    nonisolated static func say(_ line: String) { print(line, to: 1) }

    public nonisolated static func complain(_ line: String) { print("skep-agent: \(line)", to: 2) }

    private nonisolated static func print(_ line: String, to descriptor: Int32) {
        var bytes = Array((line + "\n").utf8)[...]
        while !bytes.isEmpty {
            let count = bytes.withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { return }
            bytes = bytes.dropFirst(count)
        }
    }
}
