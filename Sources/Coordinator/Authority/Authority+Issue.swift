import Crypto
import Foundation
public import SkepModel
import SwiftASN1
import X509

extension Authority {
    /// Signs a node's certificate; of the request, nothing but its P-256 key is taken.
    ///
    /// It is good from an hour ago, for clocks that are behind; a short one from a 24th of its life ago, as it is renewed at its half.
    public func issueNode(csr: String, identity: NodeIdentity, now: Instant) throws -> IssuedCertificate {
        let key = try Self.publicKey(ofRequest: csr)
        return try issue(
            key, name: identity.node.rawValue, names: [.uniformResourceIdentifier(identity.description)],
            usage: KeyUsage(digitalSignature: true, keyAgreement: true), extended: ExtendedKeyUsage([.clientAuth]),
            from: now.advanced(by: -min(3_600_000, nodeLifetime * 1000 / 24)), until: now.advanced(by: nodeLifetime * 1000))
    }

    /// SHA-256 of the request's public key (SPKI), hexadecimal, after its signature and kind were checked.
    public static func keyHash(ofRequest csr: String) throws -> String {
        try keyHash(try publicKey(ofRequest: csr))
    }

    /// Of the whole SubjectPublicKeyInfo in DER, as everybody else hashes keys; X509's bytes of that name are the point alone.
    static func keyHash(_ key: Certificate.PublicKey) throws -> String {
        Secret.hash(try key.serializeAsPEM().derBytes)
    }

    static func publicKey(ofRequest csr: String) throws -> Certificate.PublicKey {
        guard csr.utf8.count <= 16_384, let request = try? CertificateSigningRequest(pemEncoded: csr) else {
            throw AuthorityError(.malformed, "this is no certificate request in PEM")
        }
        guard P256.Signing.PublicKey(request.publicKey) != nil else {
            throw AuthorityError(.weakKey, "only P-256 keys are accepted: make one with `openssl ecparam -name prime256v1 -genkey`")
        }
        guard request.publicKey.isValidSignature(request.signature, for: request) else {
            throw AuthorityError(.forged, "the request is not signed by its own key")
        }
        return request.publicKey
    }

    /// The certificate of our listeners: leaf, issuing authority and root, and the key, which stays the same so that pins hold.
    public func issueServer(dnsNames: [String], addresses: [IPAddress], now: Instant, days: Int64 = 90) throws -> ServerCertificate {
        let names = [Self.serverName] + dnsNames.filter { $0 != Self.serverName }
        let issued = try issue(
            Certificate.PublicKey(serverKey.publicKey), name: Self.serverName,
            names: names.map { .dnsName($0) } + addresses.map { .ipAddress(ASN1OctetString(contentBytes: $0.bytes[...])) },
            usage: KeyUsage(digitalSignature: true), extended: ExtendedKeyUsage([.serverAuth]), from: now.advanced(by: -24 * 3_600_000),
            until: now.advanced(by: days * 24 * 3_600_000))
        return ServerCertificate(
            chain: issued.chain + roots, key: serverKey.pemRepresentation, notBefore: issued.notBefore, notAfter: issued.notAfter)
    }

    /// Reads a certificate that this authority signed, expired or not; anything else is refused.
    public func read(pem: String) throws -> ShownCertificate {
        guard let document = try? PEMDocument.parseMultiple(pemString: pem).first else {
            throw AuthorityError(.malformed, "this is no certificate in PEM")
        }
        return try read(der: document.derBytes)
    }

    /// Reads a certificate that this authority signed, expired or not; anything else is refused.
    public func read(der: [UInt8]) throws -> ShownCertificate {
        guard let certificate = try? Certificate(derEncoded: der) else {
            throw AuthorityError(.malformed, "this is no certificate")
        }
        guard certificate.issuer == issuing.subject, issuing.publicKey.isValidSignature(certificate.signature, for: certificate) else {
            throw AuthorityError(.forged, "the certificate is not of this coordinator's authority")
        }
        let uris = (try? certificate.extensions.subjectAlternativeNames)?.compactMap { name -> String? in
            if case .uniformResourceIdentifier(let uri) = name { uri } else { nil }
        }
        guard let uris, uris.count == 1, let identity = NodeIdentity(uri: uris[0]) else {
            throw AuthorityError(.malformed, "the certificate names no node")
        }
        return ShownCertificate(
            identity: identity, serial: Secret.hex(certificate.serialNumber.bytes),
            key: try Self.keyHash(certificate.publicKey),
            notAfter: Instant(milliseconds: Int64(certificate.notValidAfter.timeIntervalSince1970) * 1000))
    }

    /// Whether the DER signature over the bytes (ECDSA, SHA-256) is by the certificate's key.
    public func isSigned(_ bytes: [UInt8], signature: [UInt8], by pem: String) -> Bool {
        guard let document = try? PEMDocument.parseMultiple(pemString: pem).first,
            let certificate = try? Certificate(derEncoded: document.derBytes), let key = P256.Signing.PublicKey(certificate.publicKey),
            let parsed = try? P256.Signing.ECDSASignature(derRepresentation: signature)
        else { return false }
        return key.isValidSignature(parsed, for: SHA256.hash(data: bytes))
    }

    private func issue(
        _ key: Certificate.PublicKey, name: String, names: [GeneralName], usage: KeyUsage, extended: ExtendedKeyUsage, from: Instant,
        until: Instant
    ) throws -> IssuedCertificate {
        let signer = Signer(certificate: issuing, key: issuingKey)
        let (serial, pem) = try signer.issue(key, name: name, names: names, usage: usage, extended: extended, from: from, until: until)
        return IssuedCertificate(serial: serial, key: try Self.keyHash(key), chain: pem + issuingPEM, notBefore: from, notAfter: until)
    }
}

/// What a listener shows.
public struct ServerCertificate: Sendable {
    /// PEM: leaf, issuing authority, root.
    public let chain: String
    /// PEM.
    public let key: String
    public let notBefore: Instant
    public let notAfter: Instant
}

extension IPAddress {
    /// In network order.
    var bytes: [UInt8] {
        switch self {
        case .v4(let value): (0..<4).map { UInt8(truncatingIfNeeded: value >> UInt32(24 - 8 * $0)) }
        case .v6(let high, let low): [high, low].flatMap { half in (0..<8).map { UInt8(truncatingIfNeeded: half >> UInt64(56 - 8 * $0)) } }
        }
    }
}
