internal import SkepModel

/// What probes say to one another: `skep-probe <round> <node id>` and a newline; datagrams are filled up with zeros.
struct ProbeMessage: Equatable, Sendable {
    var round: Int
    var node: NodeID

    init(round: Int, node: NodeID) {
        self.round = round
        self.node = node
    }

    init?(_ bytes: some Sequence<UInt8>) {
        let line = String(decoding: bytes.prefix(128).prefix { $0 != 0x0a && $0 != 0 }, as: UTF8.self)
        let parts = line.split(separator: " ", omittingEmptySubsequences: false)
        guard parts.count == 3, parts[0] == "skep-probe", let round = Int(parts[1]), let node = NodeID(rawValue: String(parts[2])) else { return nil }
        self.init(round: round, node: node)
    }

    var line: String { "skep-probe \(round) \(node)\n" }

    /// The message in a datagram of so many bytes, or as small as it can be.
    func datagram(_ size: Int = 0) -> [UInt8] {
        let bytes = Array(line.utf8)
        return bytes + [UInt8](repeating: 0, count: max(0, size - bytes.count))
    }
}
