import SkepSystem

/// A folder to work in, with the command line beside it.
final class Desk {
    let folder = "/tmp/skep-cli-\(SystemRandom.hex(6))"
    init() throws {
        try Files.makeDirectory(folder + "/shop")
        EventLoop.runInBackground()
    }
    deinit { try? Files.removeTree(folder) }

    func write(_ name: String, _ text: String) throws { try AtomicFile.write("\(folder)/\(name)", text) }

    func skep(_ arguments: [String], input: String = "") async throws -> CommandResult {
        try await run(
            Command(
                CommandTests.programs + "/skep", arguments, input: Array(input.utf8),
                environment: ["SKEP_CREDENTIALS": folder + "/credentials.json"],
                directory: folder, deadline: .seconds(60)))
    }
}
