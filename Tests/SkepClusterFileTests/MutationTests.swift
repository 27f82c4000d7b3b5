import SkepClusterFile
import SkepModel
import Testing

/// Files that are broken at random: each is read or refused with a place, and nothing else happens.
@Suite struct MutationTests {
    /// A generator of its own, so that a failure comes again (SplitMix64).
    private struct Random {
        var state: UInt64
        mutating func next(_ below: Int) -> Int {
            state &+= 0x9e37_79b9_7f4a_7c15
            var z = state
            z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
            z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
            return Int((z ^ (z >> 31)) % UInt64(below))
        }
    }

    private static let pieces = [
        "{", "}", "[", "]", ":", ",", "- ", "? ", "&a ", "*a", "<<: *a", "!!int ", "!x ", "|\n", ">\n", "\"", "'", "#", "\t", "\n", "  ", "---\n",
        "...\n", "%YAML 1.1\n", "~",
        "null", "0x1f", "1e9", "999999999999999999999", "..", "/", "\u{0}", "\u{feff}", "é", "\u{1F41D}", "\r\n", "yes", "-1", "1:20", "\\",
        "\"\\u0000\"", "@", "`",
    ]

    @Test func isReadOrRefusedWithAPlace() {
        let original = Array(Sample.with([:]).unicodeScalars)
        for seed in 0..<1500 {
            var random = Random(state: UInt64(seed))
            var scalars = original
            for _ in 0...random.next(4) {
                let at = random.next(scalars.count)
                switch random.next(4) {
                case 0: scalars.removeSubrange(at..<min(scalars.count, at + 1 + random.next(12)))
                case 1: scalars.insert(contentsOf: scalars[at..<min(scalars.count, at + random.next(60))], at: random.next(scalars.count))
                default: scalars.insert(contentsOf: Array(Self.pieces[random.next(Self.pieces.count)].unicodeScalars), at: at)
                }
                if scalars.isEmpty { break }
            }
            var text = String.UnicodeScalarView()
            text.append(contentsOf: scalars)
            do {
                _ = try ClusterFile.parse(text: String(text), file: "c.yaml")
            } catch {
                #expect(!error.diagnostics.isEmpty, "seed \(seed)")
                #expect(error.diagnostics.allSatisfy { $0.line >= 1 && $0.column >= 1 && !$0.message.isEmpty }, "seed \(seed): \(error.diagnostics)")
            }
        }
    }
}
