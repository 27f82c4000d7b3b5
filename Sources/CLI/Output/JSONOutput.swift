import FoundationEssentials

/// What `--json` prints: sorted keys, so that the same state gives the same text.
enum JSONOutput {
    static func show(_ value: some Encodable) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        Output.raw(String(decoding: try encoder.encode(value), as: UTF8.self) + "\n")
    }

    /// One line, for streams.
    static func showLine(_ value: some Encodable) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        Output.raw(String(decoding: try encoder.encode(value), as: UTF8.self) + "\n")
    }
}
