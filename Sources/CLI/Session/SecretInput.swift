import Glibc

/// Reads what must not be in a command line or on a screen.
enum SecretInput {
    /// The terminal as it was; written once before the handler that reads it is installed.
    private nonisolated(unsafe) static var original = termios()

    /// One line of standard input; a terminal is asked and does not show what is typed.
    static func read(prompt: String) throws -> String {
        let hides = Output.inputIsTerminal && tcgetattr(STDIN_FILENO, &original) == 0
        if hides {
            Output.error(prompt)
            // Whoever gives up here must see again what they type.
            signal(SIGINT) { _ in
                tcsetattr(STDIN_FILENO, TCSAFLUSH, &SecretInput.original)
                _exit(130)
            }
            var silent = original
            silent.c_lflag &= ~tcflag_t(ECHO)
            tcsetattr(STDIN_FILENO, TCSAFLUSH, &silent)
        }
        defer {
            if hides {
                tcsetattr(STDIN_FILENO, TCSAFLUSH, &original)
                signal(SIGINT, SIG_DFL)
            }
        }
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
