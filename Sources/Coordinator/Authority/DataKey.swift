import Crypto
import Foundation

/// Encrypts what is kept in the database and should not be readable from a copy of it: AES-256-GCM, the key in a file of its own.
public struct DataKey: Sendable {
    private let key: SymmetricKey

    init(bytes: [UInt8]) { key = SymmetricKey(data: bytes) }

    /// Seals the bytes; `context` must be said again to open them, so that one value cannot stand in another's place.
    public func seal(_ bytes: [UInt8], context: String) throws -> [UInt8] {
        guard let sealed = try AES.GCM.seal(bytes, using: key, authenticating: Array(context.utf8)).combined else {
            throw AuthorityError(.state, "sealing gave nothing")
        }
        return Array(sealed)
    }

    /// Opens what was sealed for the context; fails when either was changed.
    public func open(_ sealed: [UInt8], context: String) throws -> [UInt8] {
        do {
            return Array(try AES.GCM.open(AES.GCM.SealedBox(combined: sealed), using: key, authenticating: Array(context.utf8)))
        } catch {
            throw AuthorityError(.forged, "what is stored for \(context) was not sealed with this coordinator's data key")
        }
    }
}
