/// A block of lines at the end of a terminal that is painted again and again.
struct Screen {
    private var painted = 0

    mutating func paint(_ all: [String]) {
        // A line that has left the screen at its top cannot be painted again.
        let rows = Output.height - 1
        let lines = all.count <= rows ? all : all.prefix(rows - 1) + ["… \(all.count - rows + 1) more lines: skep status"]
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
