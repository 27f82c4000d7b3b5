import Glibc

/// Reads what must not be in a command line or on a screen.
enum SecretInput {
    /// One line of standard input; a terminal is asked and does not show what is typed.
    static func read(prompt: String) throws -> String {
        var original = termios()
        let hides = Output.inputIsTerminal && tcgetattr(STDIN_FILENO, &original) == 0
        if hides {
            Output.error(prompt)
            var silent = original
            silent.c_lflag &= ~tcflag_t(ECHO)
            tcsetattr(STDIN_FILENO, TCSAFLUSH, &silent)
        }
        defer { if hides { tcsetattr(STDIN_FILENO, TCSAFLUSH, &original) } }
        guard let line = readLine(), !line.allSatisfy(\.isWhitespace) else {
            throw CommandFailure(.usage, "nothing came on standard input: \(prompt)")
        }
        return line
    }

    /// Whether somebody at the terminal says yes.
    static func confirms(_ question: String) -> Bool {
        guard Output.inputIsTerminal else { return false }
        Output.error("\(question) [y/N]")
        return ["y", "yes"].contains(readLine()?.lowercased())
    }
}
