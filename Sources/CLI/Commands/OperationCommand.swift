import ArgumentParser
import SkepModel
import SkepWire

/// `skep operation …`.
struct OperationCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "operation", abstract: "Looks at disruptive work, and gives it up.", subcommands: [List.self, Show.self, Abandon.self])

    struct List: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Lists the operations.")
        @OptionGroup var session: Session
        @OptionGroup var output: JSONFlag

        func run() throws {
            let operations = try session.status(session.client()).operations
            if output.json { return try JSONOutput.show(operations) }
            var table = Table("OPERATION", "KIND", "STARTED", "STATE", "LAST STEP")
            for operation in operations {
                table.add(
                    operation.id, operation.kind.rawValue, Words.time(operation.started), OperationCommand.state(operation),
                    operation.steps.last?.name ?? "–")
            }
            table.show()
        }
    }

    struct Show: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Shows an operation's steps.")
        @Argument(help: "The operation.") var id: String
        @OptionGroup var session: Session
        @OptionGroup var output: JSONFlag

        func run() throws {
            guard let operation = try session.status(session.client()).operations.first(where: { $0.id == id }) else {
                throw CommandFailure(.failed, "there is no operation '\(id)': skep operation list")
            }
            if output.json { return try JSONOutput.show(operation) }
            Output.line("\(operation.id): \(operation.kind.rawValue), generation \(operation.generation), \(OperationCommand.state(operation))")
            if let waits = operation.waitsFor { Output.line("waits for \(waits)") }
            var table = Table("AT", "STEP", "DETAIL")
            for step in operation.steps { table.add(Words.time(step.at), step.name, step.detail) }
            table.show()
        }
    }

    struct Abandon: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Gives an operation up; what it has done stays.")
        @Argument(help: "The operation.") var id: String
        @OptionGroup var session: Session

        func run() throws {
            let client = try session.client()
            let answer: DoneAnswer = try client.post("\(session.clusterPath(client))/operations/\(PathSegment.checked(id, "operation"))/abandon")
            Output.line(answer.done)
        }
    }

    private static func state(_ operation: Operation) -> String {
        switch operation.state {
        case .running: "running"
        case .done(let at): "done \(Words.time(at))"
        case .failed(_, let why): "failed: \(why)"
        }
    }
}
