import ArgumentParser
import SkepWire

/// `skep stack secret …`.
struct StackSecretCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "secret", abstract: "What Skep makes for a stack: passwords, keys, certificates ('x-generate' in its compose file).",
        subcommands: [List.self, Show.self, Rotate.self])

    struct List: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Lists them, without their contents.")
        @Argument(help: "The stack's name.") var stack: String
        @OptionGroup var session: Session
        @OptionGroup var output: JSONFlag

        func run() throws {
            let client = try session.client()
            let answer: SecretsAnswer = try client.get("\(session.stackPath(stack, client))/secrets")
            if output.json { return try JSONOutput.show(answer.secrets) }
            var table = Table("NAME", "KIND", "MADE", "SHOWN")
            for secret in answer.secrets { table.add(secret.name, secret.kind, Words.time(secret.made), secret.shown.map(Words.time) ?? "–") }
            table.show()
        }
    }

    struct Show: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Prints one's content, once (role admin).")
        @Argument(help: "The stack's name.") var stack: String
        @Argument(help: "Its name in the compose file.") var name: String
        @OptionGroup var session: Session
        @OptionGroup var output: JSONFlag

        func run() throws {
            let client = try session.client()
            let answer: SecretAnswer = try client.post(
                "\(session.stackPath(stack, client))/secrets/\(PathSegment.checked(name, "secret"))/show")
            if output.json { return try JSONOutput.show(answer) }
            Output.error("'\(answer.name)' of \(stack), shown this once:")
            Output.raw(answer.content.hasSuffix("\n") ? answer.content : answer.content + "\n")
        }
    }

    struct Rotate: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Makes another content; the stack is deployed with it, and what is made from it is made anew.")
        @Argument(help: "The stack's name.") var stack: String
        @Argument(help: "Its name in the compose file.") var name: String
        @OptionGroup var session: Session

        func run() throws {
            let client = try session.client()
            let answer: DoneAnswer = try client.post(
                "\(session.stackPath(stack, client))/secrets/\(PathSegment.checked(name, "secret"))/rotate")
            Output.line(answer.done)
        }
    }
}

/// `skep stack history`.
struct StackHistoryCommand: ParsableCommand {
    static let configuration = CommandConfiguration(commandName: "history", abstract: "Lists what a stack was made of, generation by generation.")
    @Argument(help: "The stack's name.") var stack: String
    @OptionGroup var session: Session
    @OptionGroup var output: JSONFlag

    func run() throws {
        let client = try session.client()
        let answer: StackHistoryAnswer = try client.get("\(session.stackPath(stack, client))/history")
        if output.json { return try JSONOutput.show(answer.history) }
        var table = Table("GENERATION", "BUNDLE", "BY", "AT")
        for row in answer.history {
            table.add("\(row.generation)", row.digest.map { String($0.prefix(12)) } ?? "cannot be made again", row.actor, Words.time(row.at))
        }
        table.show()
    }
}

/// `skep stack rollback`.
struct StackRollbackCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rollback", abstract: "Makes a stack what it was in an older generation; everything else stays.",
        discussion: "Without --to it is the newest generation that has something else. The next 'skep apply' takes the files as they are again.")
    @Argument(help: "The stack's name.") var stack: String
    @Option(help: "The generation: skep stack history STACK.") var to: Int?
    @OptionGroup var session: Session

    func run() throws {
        let client = try session.client()
        let answer: DoneAnswer = try client.post("\(session.stackPath(stack, client))/rollback", RollbackRequest(generation: to))
        Output.line(answer.done)
    }
}
