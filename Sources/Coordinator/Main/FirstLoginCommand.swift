import ArgumentParser
import CoordinatorAPI
import Foundation

/// `skep-coordinator first-login`.
struct FirstLoginCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "first-login", abstract: "Prints a login for an administrator: good once, for ten minutes.")

    @OptionGroup var shared: SharedOptions

    func run() async throws {
        let file = try shared.file()
        guard FileManager.default.fileExists(atPath: file.state + "/lock") else {
            throw ValidationError("no coordinator has run on \(file.state) yet: systemctl start skep-coordinator")
        }
        let code = try await FirstLogin.make(state: file.state)
        print("\(try Coordinator.url(state: file.state)) \(code)")
    }
}
