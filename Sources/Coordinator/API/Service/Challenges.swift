import CoordinatorAuthority
import Crypto
import Foundation
import SkepModel
import Synchronization

/// The nonces of late renewals: when they end and some chance, under a code of ours that binds them to their node.
///
/// None is kept when it is given out, so that nobody, however often he asks, takes one away from the node that it is for; only those that their
/// node has signed are remembered, until they end.
final class Challenges: Sendable {
    /// How long a nonce is good, milliseconds.
    static let limit: Int64 = 120_000
    /// Bytes of the end, of chance, and of the code.
    private static let parts = (end: 8, chance: 16, code: 32)

    /// Of this process alone: a restart ends the nonces before it, and agents ask again.
    private let key = SymmetricKey(size: .bits256)
    private let used = Mutex<[[UInt8]: Instant]>([:])

    /// A new one for the node, base64.
    func make(for node: NodeID, now: Instant) -> String {
        let end = withUnsafeBytes(of: now.advanced(by: Self.limit).milliseconds.bigEndian) { Array($0) }
        let said = end + Secret.bytes(Self.parts.chance)
        let code = HMAC<SHA256>.authenticationCode(for: Self.bound(said, to: node), using: key)
        return Data(said + Array(code)).base64EncodedString()
    }

    /// Whether it is one of ours for the node, has not ended, and was not used.
    func isGood(_ nonce: String, for node: NodeID, now: Instant) -> Bool {
        guard let (said, _) = read(nonce, for: node, now: now) else { return false }
        return used.withLock { $0[said] == nil }
    }

    /// Uses it: true once, for one that is good.
    func use(_ nonce: String, for node: NodeID, now: Instant) -> Bool {
        guard let (said, end) = read(nonce, for: node, now: now) else { return false }
        return used.withLock { used in
            used = used.filter { $0.value >= now }
            return used.updateValue(end, forKey: said) == nil
        }
    }

    private func read(_ nonce: String, for node: NodeID, now: Instant) -> (said: [UInt8], end: Instant)? {
        guard let bytes = Data(base64Encoded: nonce).map({ Array($0) }), bytes.count == Self.parts.end + Self.parts.chance + Self.parts.code else {
            return nil
        }
        let said = Array(bytes.dropLast(Self.parts.code))
        let code = Array(bytes.suffix(Self.parts.code))
        guard HMAC<SHA256>.isValidAuthenticationCode(code, authenticating: Self.bound(said, to: node), using: key) else { return nil }
        let end = Instant(milliseconds: said.prefix(Self.parts.end).reduce(Int64(0)) { $0 << 8 | Int64($1) })
        guard now <= end else { return nil }
        return (said, end)
    }

    private static func bound(_ said: [UInt8], to node: NodeID) -> [UInt8] { said + Array(node.rawValue.utf8) }
}
