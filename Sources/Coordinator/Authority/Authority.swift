import Crypto
import Foundation
public import SkepModel
import SkepSystem
import SwiftASN1
import X509

/// The coordinator's certificate authority: a root, an issuing key below it, and what they sign.
///
/// Keys lie in files of mode 0600 in the state folder, never in the database.
public final class Authority: Sendable {
    /// The name in every server certificate of ours; agents check this one, wherever they connect to.
    public static let serverName = "coordinator.skep.internal"

    /// PEM of the trusted roots.
    public let roots: String
    /// PEM of the issuing authority.
    public let issuingPEM: String
    /// SHA-256 of the root's public key (SPKI), hexadecimal: what tokens carry.
    public let fingerprint: String
    /// Encrypts values at rest.
    public let dataKey: DataKey
    let issuing: Certificate
    let issuingKey: Certificate.PrivateKey
    let serverKey: P256.Signing.PrivateKey
    /// How long nodes' certificates live, seconds.
    public let nodeLifetime: Int64

    /// Reads the authority from the folder, or makes it there.
    public init(folder: String, now: Instant, nodeLifetime: Int64 = 24 * 3600) throws {
        self.nodeLifetime = nodeLifetime
        try Files.makeDirectory(folder, mode: 0o700)
        let rootKey = try Self.key(folder + "/root.key")
        let issuingKey = try Self.key(folder + "/issuing.key")
        serverKey = try Self.key(folder + "/server.key")
        let root = try Self.certificate(folder + "/root.pem") {
            try Self.authority("Skep root", Certificate.PrivateKey(rootKey), issuer: nil, path: 1, now: now)
        }
        issuing = try Self.certificate(folder + "/issuing.pem") {
            try Self.authority(
                "Skep issuing", Certificate.PrivateKey(issuingKey), issuer: (root, Certificate.PrivateKey(rootKey)), path: 0, now: now)
        }
        guard root.publicKey == Certificate.PrivateKey(rootKey).publicKey, root.publicKey.isValidSignature(issuing.signature, for: issuing),
            issuing.publicKey == Certificate.PrivateKey(issuingKey).publicKey
        else {
            throw AuthorityError(.state, "the keys and certificates in \(folder) do not belong together: restore the folder from a backup")
        }
        self.issuingKey = Certificate.PrivateKey(issuingKey)
        roots = try root.serializeAsPEM().pemString + "\n"
        issuingPEM = try issuing.serializeAsPEM().pemString + "\n"
        fingerprint = try Self.keyHash(root.publicKey)
        dataKey = DataKey(bytes: try Self.file(folder + "/data.key") { Secret.bytes(32) })
    }

    /// `sha256//…` of the servers' key, as curl's --pinnedpubkey takes it.
    public var serverPin: String {
        "sha256//" + Data(SHA256.hash(data: serverKey.publicKey.derRepresentation)).base64EncodedString()
    }

    private static func file(_ path: String, make: () throws -> [UInt8]) throws -> [UInt8] {
        do {
            if let bytes = try Files.readIfPresent(path) { return bytes }
            let bytes = try make()
            try AtomicFile.write(path, bytes, mode: 0o600)
            return bytes
        } catch let error as SystemError {
            throw AuthorityError(.state, error.description)
        }
    }

    private static func key(_ path: String) throws -> P256.Signing.PrivateKey {
        let bytes = try file(path) { Array(P256.Signing.PrivateKey().pemRepresentation.utf8) }
        do {
            return try P256.Signing.PrivateKey(pemRepresentation: String(decoding: bytes, as: UTF8.self))
        } catch {
            throw AuthorityError(.state, "\(path) holds no P-256 key: restore it from a backup")
        }
    }

    private static func certificate(_ path: String, make: () throws -> Certificate) throws -> Certificate {
        let bytes = try file(path) { Array((try make().serializeAsPEM().pemString + "\n").utf8) }
        do {
            return try Certificate(pemEncoded: String(decoding: bytes, as: UTF8.self))
        } catch {
            throw AuthorityError(.state, "\(path) holds no certificate: restore it from a backup")
        }
    }

    static func authority(
        _ name: String, _ key: Certificate.PrivateKey, issuer: (Certificate, Certificate.PrivateKey)?, path: Int, now: Instant
    ) throws -> Certificate {
        // The suffix keeps the authorities of two coordinators apart in a trust store.
        let subject = try DistinguishedName {
            OrganizationName("Skep")
            CommonName("\(name) \(try Self.keyHash(key.publicKey).prefix(8))")
        }
        return try Certificate(
            version: .v3, serialNumber: .init(bytes: serial()), publicKey: key.publicKey,
            notValidBefore: now.advanced(by: -24 * 3_600_000).date, notValidAfter: now.advanced(by: 3650 * 24 * 3_600_000).date,
            issuer: issuer?.0.subject ?? subject, subject: subject,
            extensions: try Certificate.Extensions {
                Critical(BasicConstraints.isCertificateAuthority(maxPathLength: path))
                Critical(KeyUsage(keyCertSign: true, cRLSign: true))
                SubjectKeyIdentifier(hash: key.publicKey)
                if let issuer { AuthorityKeyIdentifier(keyIdentifier: SubjectKeyIdentifier(hash: issuer.0.publicKey).keyIdentifier) }
            },
            issuerPrivateKey: issuer?.1 ?? key)
    }

    /// Sixteen random bytes, positive and without a leading zero byte, so that every reader prints it alike.
    static func serial() -> [UInt8] {
        var bytes = Secret.bytes(16)
        bytes[0] = bytes[0] & 0x7f | 0x40
        return bytes
    }
}

extension Instant {
    var date: Date { Date(timeIntervalSince1970: Double(milliseconds / 1000)) }
}
