import SkepModel
import SwiftASN1
import X509

/// A certificate that signs others, with its key.
struct Signer {
    let certificate: Certificate
    let key: Certificate.PrivateKey

    /// Signs a leaf; its serial number in hexadecimal, and its PEM with a line's end.
    func issue(
        _ subject: Certificate.PublicKey, name: String, names: [GeneralName], usage: KeyUsage, extended: ExtendedKeyUsage, from: Instant,
        until: Instant
    ) throws -> (serial: String, pem: String) {
        let serial = Authority.serial()
        let made = try Certificate(
            version: .v3, serialNumber: .init(bytes: serial), publicKey: subject, notValidBefore: from.date, notValidAfter: until.date,
            issuer: certificate.subject, subject: try DistinguishedName { CommonName(name) },
            extensions: try Certificate.Extensions {
                Critical(BasicConstraints.notCertificateAuthority)
                Critical(usage)
                extended
                SubjectAlternativeNames(names)
                SubjectKeyIdentifier(hash: subject)
                AuthorityKeyIdentifier(keyIdentifier: SubjectKeyIdentifier(hash: certificate.publicKey).keyIdentifier)
            },
            issuerPrivateKey: key)
        return (Secret.hex(serial), try made.serializeAsPEM().pemString + "\n")
    }
}
