internal import SkepCrypto
internal import SkepSystem

/// A JSON file whose first line holds the digest of the rest: one that is cut or altered is known as such.
struct SealedFile<Value: Codable>: Sendable {
    private struct Head: Codable {
        var digest: String
        var revision: Int
    }

    let path: String

    /// Value and number; nil when there is no file. Throws ``AgentError/Code/badState`` with the reason.
    func read() throws(AgentError) -> (value: Value, revision: Int)? {
        do {
            guard let bytes = try Files.readIfPresent(path, limit: 16 << 20) else { return nil }
            guard let end = bytes.firstIndex(of: 10), let head = try? JSON.decode(Head.self, Array(bytes[..<end])) else {
                throw AgentError(.badState, "\(path) is cut or altered: its first line is not what was written")
            }
            let body = Array(bytes[(end + 1)...])
            guard SHA256.hex(body) == head.digest else { throw AgentError(.badState, "\(path) is cut or altered: its digest is another") }
            return (try JSON.decode(Value.self, body), head.revision)
        } catch let error as AgentError {
            throw error
        } catch {
            throw AgentError(.badState, "\(path) cannot be read: \(JSON.reason(error))")
        }
    }

    func write(_ value: Value, revision: Int) throws {
        let body = try JSON.encode(value)
        let head = try JSON.encode(Head(digest: SHA256.hex(body), revision: revision))
        try AtomicFile.write(path, head + [10] + body, mode: 0o600)
    }
}
