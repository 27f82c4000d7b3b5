import Crypto
import Foundation
public import SkepModel
import SwiftASN1
import X509

/// A certificate for a service of the cluster's own, made once, kept sealed, and made anew in time.
public struct SelfSigned: Codable, Hashable, Sendable {
    public let certificate: String
    public let key: String
    public let names: [String]
    public let notBefore: Instant
    public let notAfter: Instant

    /// Makes one for host names and addresses; good for a year.
    public init(names: [String], now: Instant, days: Int64 = 365) throws {
        try self.init(P256.Signing.PrivateKey(), names: names, now: now, days: days)
    }

    /// Makes one for a key that is there.
    init(_ signer: P256.Signing.PrivateKey, names: [String], now: Instant, days: Int64) throws {
        notBefore = now.advanced(by: -3_600_000)
        notAfter = now.advanced(by: days * 24 * 3_600_000)
        self.names = names
        let subject = try DistinguishedName { CommonName(String((names.first ?? "skep").prefix(64))) }
        let made = try Certificate(
            version: .v3, serialNumber: .init(bytes: Authority.serial()), publicKey: Certificate.PublicKey(signer.publicKey),
            notValidBefore: notBefore.date, notValidAfter: notAfter.date, issuer: subject, subject: subject,
            extensions: try Certificate.Extensions {
                Critical(BasicConstraints.notCertificateAuthority)
                Critical(KeyUsage(digitalSignature: true))
                try ExtendedKeyUsage([.serverAuth])
                SubjectAlternativeNames(
                    names.map { name in
                        if let address = IPAddress(name) { .ipAddress(ASN1OctetString(contentBytes: address.bytes[...])) } else { .dnsName(name) }
                    })
            },
            issuerPrivateKey: Certificate.PrivateKey(signer))
        certificate = try made.serializeAsPEM().pemString + "\n"
        key = signer.pemRepresentation + "\n"
    }

    /// When a certificate in PEM ends; nil for what is none.
    public static func end(_ pem: [UInt8]) -> Instant? {
        guard let certificate = try? Certificate(pemEncoded: String(decoding: pem, as: UTF8.self)) else { return nil }
        return Instant(milliseconds: Int64(certificate.notValidAfter.timeIntervalSince1970 * 1000))
    }

    /// Whether it should be replaced: half of its life is over, or other names are wanted.
    public func isDue(names: [String], now: Instant) -> Bool {
        names != self.names || Renewal.isDue(notBefore: notBefore, notAfter: notAfter, now: now)
    }
}
