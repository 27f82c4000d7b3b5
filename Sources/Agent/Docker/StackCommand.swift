internal import SkepModel
internal import SkepSystem

/// `docker stack deploy`, plainly or as a transient unit that outlives the agent.
struct StackCommand {
    var program: String
    var socket: String
    var folder: StackFolder
    var stack: StackName
    var resolvesImages: Bool
    var deadline: Duration

    private var output: String { folder.path + "/.stdout" }
    private var errors: String { folder.path + "/.stderr" }

    private var arguments: [String] {
        [
            "stack", "deploy", "--prune", "--with-registry-auth", "--resolve-image", resolvesImages ? "always" : "never", "-c", folder.compose,
            stack.rawValue,
        ]
    }

    private var environment: [String: String] {
        // an operator's own logins are in root's home
        ["DOCKER_HOST": "unix://\(socket)", "HOME": "/root"].merging(folder.config.map { ["DOCKER_CONFIG": $0] } ?? [:]) { $1 }
    }

    var plain: Command {
        Command(program, arguments, environment: environment, directory: folder.path, deadline: deadline, outputLimit: 64 << 10)
    }

    /// The CLI writes to files: a pipe to this agent would break, and the deployment with it, when the agent is exchanged.
    var transient: Command {
        var call = [
            "--wait", "--quiet", "--collect", "--unit=\(Self.unit(of: stack))", "--property=RuntimeMaxSec=\(deadline.components.seconds)",
            "--property=WorkingDirectory=\(folder.path)", "--property=StandardOutput=file:\(output)", "--property=StandardError=file:\(errors)",
        ]
        call += environment.sorted { $0.key < $1.key }.map { "--setenv=\($0.key)=\($0.value)" }
        return Command("/usr/bin/systemd-run", call + ["--", program] + arguments, deadline: deadline + .seconds(15))
    }

    /// Runs it and says why it failed; nil when it did not.
    @LoopActor func run(withSystemd: Bool) async throws -> String? {
        guard withSystemd else { return Self.failure(try await SkepSystem.run(plain)) }
        var result = try await SkepSystem.run(transient)
        // systemd-run's own words come first: they say why there was no unit.
        if let text = try? Files.readText(output, limit: 64 << 10) { result.stdout += Array(text.utf8) }
        if let text = try? Files.readText(errors, limit: 64 << 10) { result.stderr += Array(text.utf8) }
        return Self.failure(result)
    }

    static func unit(of stack: StackName) -> String { "skep-stack-\(stack)" }

    /// Whether an earlier run of the unit, which an agent before this one may have started, is still under way.
    @LoopActor static func isUnderWay(_ stack: StackName) async throws -> Bool {
        let result = try await SkepSystem.run(Command("/usr/bin/systemctl", ["is-active", "\(unit(of: stack)).service"], deadline: .seconds(10)))
        return ["active", "activating", "deactivating", "reloading"].contains { result.output.hasPrefix($0) }
    }

    private static let noise = ["Since --detach=false", "In a future release", "Ignoring ", "Creating ", "Updating ", "Removing ", "image "]
    private static let refusals = ["failed to ", "Error response from daemon", "rpc error:"]

    /// The CLI's own words on why it failed. Some versions exit with 0 when a changed config was refused.
    static func failure(_ result: CommandResult) -> String? {
        let lines = (result.errorOutput + "\n" + result.output).split(whereSeparator: \.isNewline).map(String.init)
        let refused = lines.filter { line in
            line.contains("only updates to Labels are allowed") || refusals.contains { line.hasPrefix($0) }
        }
        if result.succeeded, refused.isEmpty { return nil }
        var words = refused.isEmpty ? lines.filter { line in !noise.contains { line.hasPrefix($0) } } : refused
        if words.isEmpty { words = lines }
        let text = words.suffix(6).joined(separator: "; ")
        return text.isEmpty ? "docker stack deploy ended without a word (\(result.termination))" : String(text.prefix(1500))
    }
}
