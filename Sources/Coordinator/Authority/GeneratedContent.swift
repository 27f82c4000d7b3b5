import CCrypt
import Crypto
import CryptoExtras
import Foundation
public import SkepModel
import SwiftASN1
import X509

/// Contents of secrets that are made here: random, or derived from another.
public enum GeneratedContent {
    /// Letters and digits; more than 5 bits each.
    public static func password(length: Int) -> String {
        let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789")
        var generator = SystemRandomNumberGenerator()
        return String((0..<length).map { _ in alphabet[Int.random(in: 0..<alphabet.count, using: &generator)] })
    }

    /// Random bytes, base64.
    public static func key(bytes: Int) -> String { Data(Secret.bytes(bytes)).base64EncodedString() }

    /// A private key, PKCS #8 in PEM.
    public static func rsaKey(bits: Int) throws -> String {
        try _RSA.Signing.PrivateKey(keySize: .init(bitCount: bits)).pkcs8PEMRepresentation + "\n"
    }

    /// A private key on P-256, PKCS #8 in PEM.
    public static func ecKey() -> String { P256.Signing.PrivateKey().pemRepresentation + "\n" }

    /// The public half of a private key of either kind, as `openssl pkey -pubout` writes it.
    public static func publicKey(ofPEM pem: String) throws -> String {
        if let key = try? P256.Signing.PrivateKey(pemRepresentation: pem) { return key.publicKey.pemRepresentation + "\n" }
        return try _RSA.Signing.PrivateKey(pemRepresentation: pem).publicKey.pemRepresentation + "\n"
    }

    /// A certificate that signs itself, for a private key of either kind; good from an hour before `now`.
    public static func certificate(ofPEM pem: String, names: [String], days: Int64, now: Instant) throws -> String {
        let signer = try Certificate.PrivateKey(pemEncoded: pem)
        let subject = try DistinguishedName { CommonName(String((names.first ?? "skep").prefix(64))) }
        let made = try Certificate(
            version: .v3, serialNumber: .init(bytes: Authority.serial()), publicKey: signer.publicKey,
            notValidBefore: now.advanced(by: -3_600_000).date, notValidAfter: now.advanced(by: days * 86_400_000).date, issuer: subject,
            subject: subject,
            extensions: try Certificate.Extensions {
                Critical(BasicConstraints.notCertificateAuthority)
                Critical(KeyUsage(digitalSignature: true))
                try ExtendedKeyUsage([.serverAuth])
                SubjectAlternativeNames(
                    names.map { name in
                        if let address = IPAddress(name) { .ipAddress(ASN1OctetString(contentBytes: address.bytes[...])) } else { .dnsName(name) }
                    })
            },
            issuerPrivateKey: signer)
        return try made.serializeAsPEM().pemString + "\n"
    }

    /// When a certificate in PEM ends; nil for what is none.
    public static func certificateEnd(_ pem: [UInt8]) -> Instant? {
        guard let certificate = try? Certificate(pemEncoded: String(decoding: pem, as: UTF8.self)) else { return nil }
        return Instant(milliseconds: Int64(certificate.notValidAfter.timeIntervalSince1970 * 1000))
    }

    /// `USER:HASH`, bcrypt of cost 10, for basic authentication.
    public static func htpasswd(user: String, password: String) throws -> String {
        var out = [CChar](repeating: 0, count: 64)
        guard ccrypt_bcrypt(password, Secret.bytes(16), &out) == 0 else { throw AuthorityError(.state, "libcrypt knows no bcrypt") }
        return "\(user):\(String(decoding: out.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self))\n"
    }
}
