internal import CLinux
internal import Glibc
internal import SkepSystem

/// Gives back the memory that only the start needed: relocation tables, code of libraries, and the heap of the first look.
///
/// The agent shares its machine with users' containers and runs for months; nothing is lost, what is needed again is mapped again.
@LoopActor enum Footprint {
    static func trim() {
        defer { clinux_trim_heap() }
        guard let text = try? Files.readText("/proc/self/smaps", limit: 8 << 20) else { return }
        for range in clean(text) {
            guard let start = UnsafeMutableRawPointer(bitPattern: range.lowerBound) else { continue }
            // Failing harms nobody.
            _ = madvise(start, range.count, Int32(MADV_DONTNEED))
        }
    }

    /// Read-only mappings of files in which no page is this process's own: those come back from the file as they were.
    static func clean(_ smaps: String) -> [Range<UInt>] {
        var ranges: [Range<UInt>] = []
        var current: Range<UInt>?
        var own = false
        func close() {
            if let current, !own { ranges.append(current) }
            current = nil
            own = false
        }
        for line in smaps.split(separator: "\n") {
            let words = line.split(separator: " ")
            guard let first = words.first else { continue }
            if first.hasSuffix(":") {
                if ["Anonymous:", "Swap:"].contains(first), words.count > 1, words[1] != "0" { own = true }
                continue
            }
            close()
            let ends = first.split(separator: "-").compactMap { UInt($0, radix: 16) }
            guard words.count >= 6, ["r--p", "r-xp"].contains(words[1]), words[5].hasPrefix("/"), ends.count == 2, ends[0] < ends[1] else { continue }
            current = ends[0]..<ends[1]
        }
        close()
        return ranges
    }
}
