import ArgumentParser
import SkepWire

/// `skep operator …`.
struct OperatorCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "operator", abstract: "Says who may do what.", subcommands: [List.self, Add.self, Remove.self])

    struct List: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Lists the operators.")
        @OptionGroup var session: Session
        @OptionGroup var output: JSONFlag

        func run() throws {
            let operators = try session.client().get("/v1/operators", OperatorsAnswer.self).operators
            if output.json { return try JSONOutput.show(operators) }
            var table = Table("OPERATOR", "ROLE", "SINCE")
            for person in operators { table.add(person.name, person.role, Words.time(person.created)) }
            table.show()
        }
    }

    struct Add: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Makes an operator, or gives one a new token, and prints the token once.")
        @Argument(help: "The name.") var name: String
        @Option(help: "viewer, operator or admin.") var role = "viewer"
        @OptionGroup var session: Session
        @OptionGroup var output: JSONFlag

        func validate() throws {
            guard ["viewer", "operator", "admin"].contains(role) else {
                throw ValidationError("'\(role)' is no role: write viewer, operator or admin")
            }
        }

        func run() throws {
            let answer: LoginAnswer = try session.client().post(
                "/v1/operators", OperatorRequest(name: try PathSegment.checked(name, "operator"), role: role))
            if output.json { return try JSONOutput.show(answer) }
            Output.error("the token of \(answer.operatorName) (\(answer.role)), shown this once; 'skep login' takes it:")
            Output.line(answer.token)
        }
    }

    struct Remove: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Removes an operator; the tokens and sessions end.")
        @Argument(help: "The name.") var name: String
        @OptionGroup var session: Session

        func run() throws {
            let answer: DoneAnswer = try session.client().delete("/v1/operators/\(PathSegment.checked(name, "operator"))")
            Output.line(answer.done)
        }
    }
}
