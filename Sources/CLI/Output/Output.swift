import Glibc

/// Standard output and standard error, free of what could steer a terminal.
enum Output {
    static func line(_ text: String) { write(STDOUT_FILENO, plain(text) + "\n") }

    static func error(_ text: String) { write(STDERR_FILENO, plain(text) + "\n") }

    /// Bytes that are the terminal's business: repainting.
    static func raw(_ text: String) { write(STDOUT_FILENO, text) }

    static var isTerminal: Bool {
        isatty(STDOUT_FILENO) == 1 && getenv("TERM").map { String(cString: $0) != "dumb" } == true && getenv("NO_COLOR") == nil
    }

    static var inputIsTerminal: Bool { isatty(STDIN_FILENO) == 1 }

    /// Columns of the terminal.
    static var width: Int {
        var size = winsize()
        guard ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 20 else { return 100 }
        return Int(size.ws_col)
    }

    /// Rows of the terminal.
    static var height: Int {
        var size = winsize()
        guard ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_row > 5 else { return 24 }
        return Int(size.ws_row)
    }

    /// What comes from machines is shown as it is, but for control characters.
    static func plain(_ text: String) -> String {
        guard text.unicodeScalars.contains(where: { ($0.value < 0x20 && $0 != "\n" && $0 != "\t") || (0x7f...0x9f).contains($0.value) }) else {
            return text
        }
        var view = String.UnicodeScalarView()
        for scalar in text.unicodeScalars {
            let bad = (scalar.value < 0x20 && scalar != "\n" && scalar != "\t") || (0x7f...0x9f).contains(scalar.value)
            view.append(bad ? "?" : scalar)
        }
        return String(view)
    }

    private static func write(_ descriptor: Int32, _ text: String) {
        var bytes = Array(text.utf8)[...]
        while !bytes.isEmpty {
            let count = bytes.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            if count < 0 {
                if errno == EINTR { continue }
                return
            }
            bytes = bytes.dropFirst(count)
        }
    }
}
