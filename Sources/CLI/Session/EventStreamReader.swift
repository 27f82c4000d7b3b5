/// Takes server-sent events apart as their bytes come in.
struct EventStreamReader {
    private var line: [UInt8] = []
    private var data: [String] = []

    /// The data of each event that is complete by now.
    mutating func read(_ bytes: [UInt8]) -> [String] {
        var complete: [String] = []
        for byte in bytes {
            guard byte == 0x0a else {
                if line.count < 1 << 22 { line.append(byte) }
                continue
            }
            if line.last == 0x0d { line.removeLast() }
            let text = String(decoding: line, as: UTF8.self)
            line.removeAll(keepingCapacity: true)
            if text.isEmpty {
                if !data.isEmpty { complete.append(data.joined(separator: "\n")) }
                data.removeAll()
            } else if text.hasPrefix("data:") {
                data.append(String(text.dropFirst(text.hasPrefix("data: ") ? 6 : 5)))
            }
        }
        return complete
    }
}
