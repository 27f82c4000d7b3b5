import ArgumentParser
import SkepWire

/// `skep stack …`.
struct StackCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "stack", abstract: "Looks at stacks, and at the files that they are made of.",
        subcommands: [
            List.self, Show.self, StackDoctorCommand.self, StackRenderCommand.self, Deploy.self, StackSecretCommand.self, StackHistoryCommand.self,
            StackRollbackCommand.self,
        ])

    struct List: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Lists the stacks.")
        @OptionGroup var session: Session
        @OptionGroup var output: JSONFlag

        func run() throws {
            let stacks = try session.status(session.client()).stacks
            if output.json { return try JSONOutput.show(stacks) }
            var table = Table("STACK", "READY", "SERVICES", "WHY NOT")
            for stack in stacks {
                let running = stack.services.reduce(0) { $0 + $1.running }
                let desired = stack.services.reduce(0) { $0 + $1.desired }
                table.add(stack.name, stack.ready ? "yes" : "no", "\(stack.services.count), \(running)/\(desired) tasks", stack.reason ?? "–")
            }
            table.show()
        }
    }

    struct Deploy: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Has a stack deployed again: one that failed or was taken back, or whose images are to be looked up anew.")
        @Argument(help: "The stack's name.") var name: String
        @OptionGroup var session: Session

        func run() throws {
            let client = try session.client()
            let answer: DoneAnswer = try client.post("\(session.stackPath(name, client))/deploy")
            Output.line(answer.done)
        }
    }

    struct Show: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Shows a stack's services, each with its own error.")
        @Argument(help: "The stack's name.") var name: String
        @OptionGroup var session: Session
        @OptionGroup var output: JSONFlag

        func run() throws {
            guard let stack = try session.status(session.client()).stacks.first(where: { $0.name == name }) else {
                throw CommandFailure(.failed, "there is no stack '\(name)': skep stack list")
            }
            if output.json { return try JSONOutput.show(stack) }
            Output.line("\(stack.name): \(stack.ready ? "ready" : stack.reason ?? "not ready")")
            var table = Table("SERVICE", "RUNNING", "DESIRED", "ERROR", "IMAGE")
            for service in stack.services {
                table.add(service.name, String(service.running), String(service.desired), service.error ?? "–", service.image ?? "–")
            }
            table.show()
        }
    }
}
