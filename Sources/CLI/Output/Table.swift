/// Rows in columns, wide enough for the longest.
struct Table {
    private var rows: [[String]]

    init(_ heads: String...) { rows = [heads] }
    init(heads: [String]) { rows = [heads] }

    mutating func add(_ cells: String...) { rows.append(cells) }
    mutating func add(cells: [String]) { rows.append(cells) }

    var lines: [String] {
        let widths = (rows.first ?? []).indices.map { column in rows.map { $0.count > column ? $0[column].count : 0 }.max() ?? 0 }
        return rows.map { row in
            let cells = row.enumerated().map { $0.offset == row.count - 1 ? $0.element : $0.element.padded(widths[$0.offset]) }
            return cells.joined(separator: "  ")
        }
    }

    func show() { for line in lines { Output.line(line) } }
}

extension String {
    fileprivate func padded(_ width: Int) -> String { self + String(repeating: " ", count: max(0, width - count)) }
}
