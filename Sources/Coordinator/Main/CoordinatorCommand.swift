import ArgumentParser

/// `skep-coordinator`.
struct CoordinatorCommand: AsyncParsableCommand {
    static let version = "0.1.0"

    static let configuration = CommandConfiguration(
        commandName: "skep-coordinator", abstract: "Looks after clusters: identities, roles, order, state.", version: version,
        subcommands: [ServeCommand.self, FirstLoginCommand.self])
}
