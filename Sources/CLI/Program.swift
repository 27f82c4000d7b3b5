import ArgumentParser
import Glibc

/// Runs the command and turns what went wrong into words and an exit code.
@main
enum Program {
    static func main() {
        signal(SIGPIPE, SIG_IGN)
        do {
            var command = try SkepCommand.parseAsRoot()
            try command.run()
        } catch let failure as CommandFailure {
            for line in failure.lines { Output.error(line) }
            Glibc.exit(failure.outcome.rawValue)
        } catch {
            let code = SkepCommand.exitCode(for: error)
            let message = SkepCommand.fullMessage(for: error)
            if code.isSuccess {
                Output.line(message)
                Glibc.exit(Outcome.done.rawValue)
            }
            if !message.isEmpty { Output.error(message) }
            Glibc.exit(code == .validationFailure ? Outcome.usage.rawValue : code.rawValue)
        }
    }
}
