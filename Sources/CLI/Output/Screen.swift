/// A block of lines at the end of a terminal that is painted again and again.
struct Screen {
    private var painted = 0

    mutating func paint(_ lines: [String]) {
        let width = Output.width
        var text = painted > 0 ? "\u{1b}[\(painted)A\r\u{1b}[J" : ""
        for line in lines {
            let plain = Output.plain(line)
            text += (plain.count >= width ? String(plain.prefix(width - 1)) : plain) + "\n"
        }
        painted = lines.count
        Output.raw(text)
    }
}
