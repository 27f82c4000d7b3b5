/// Finds what somebody probably meant.
public enum Spelling {
    /// The word that is nearest, if it is near enough to be a slip.
    public static func nearest(_ text: String, in words: [String]) -> String? {
        guard text.count <= 64 else { return nil }
        let limit = max(1, min(text.count / 3 + 1, 3))
        return words.map { (distance(text.lowercased(), $0.lowercased()), $0) }.filter { $0.0 <= limit }.min { $0 < $1 }?.1
    }

    /// Insertions, deletions, replacements and swaps of neighbours.
    static func distance(_ left: String, _ right: String) -> Int {
        let (a, b) = (Array(left.unicodeScalars), Array(right.unicodeScalars))
        var rows = [Array(0...b.count)]
        for (i, one) in a.enumerated() {
            var row = [i + 1]
            for (j, two) in b.enumerated() {
                var best = min(rows[i][j + 1] + 1, row[j] + 1, rows[i][j] + (one == two ? 0 : 1))
                if i > 0, j > 0, one == b[j - 1], a[i - 1] == two { best = min(best, rows[i - 1][j - 1] + 1) }
                row.append(best)
            }
            rows.append(row)
        }
        return rows[a.count][b.count]
    }
}
