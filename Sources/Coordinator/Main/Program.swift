import ArgumentParser
import Foundation
import Glibc

/// Runs the command; wrong usage ends with 2, as it does for `skep`.
@main
enum Program {
    static func main() async {
        // The main task's own priority, which all that it begins inherits, makes Dispatch ask for a niceness below zero for its threads, and write to the
        // journal that a service may not have it (swift-corelibs-libdispatch, queue.c, `_dispatch_worker_thread`).
        await withCheckedContinuation { ended in
            Task.detached(priority: .medium) {
                await run()
                ended.resume()
            }
        }
    }

    private static func run() async {
        do {
            var command = try await CoordinatorCommand.asyncParseAsRoot()
            if var command = command as? any AsyncParsableCommand {
                try await command.run()
            } else {
                try command.run()
            }
        } catch {
            guard CoordinatorCommand.exitCode(for: error) == .validationFailure else { CoordinatorCommand.exit(withError: error) }
            FileHandle.standardError.write(Data((CoordinatorCommand.fullMessage(for: error) + "\n").utf8))
            Glibc.exit(2)
        }
    }
}
