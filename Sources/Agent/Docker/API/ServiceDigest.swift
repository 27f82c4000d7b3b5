internal import FoundationEssentials
internal import SkepCrypto

/// What is wanted of a service, with all fields that the engine's version knows, as a digest.
struct ServiceDigest: Decodable, Sendable {
    let text: String

    init(from decoder: any Decoder) throws {
        var specification = try JSONValue(from: decoder)
        // `docker service update --force` counts here: it restarts the tasks and changes nothing else.
        specification["TaskTemplate"]?["ForceUpdate"] = nil
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys]
        text = SHA256.hex(Array(try encoder.encode(specification)))
    }
}
