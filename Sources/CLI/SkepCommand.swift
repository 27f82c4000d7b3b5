import ArgumentParser

/// `skep`: what an operator does with a coordinator.
struct SkepCommand: ParsableCommand {
    static let version = "0.1.0"

    static let configuration = CommandConfiguration(
        commandName: "skep", abstract: "Turns machines into a Docker Swarm that is ready for work, from one file, and keeps it so.",
        discussion: "Begin with 'skep login URL', then 'skep node invite' for each machine, and 'skep apply -f FILE --wait'.", version: version,
        subcommands: [
            LoginCommand.self, ApplyCommand.self, StatusCommand.self, NodeCommand.self, StackCommand.self, FirewallCommand.self, ShareCommand.self,
            EventsCommand.self, RepairsCommand.self, DrillCommand.self, OperationCommand.self, ClusterCommand.self, OperatorCommand.self,
            CredentialsCommand.self, NuvlaCommand.self, LoginsCommand.self, DoctorCommand.self,
        ])
}
