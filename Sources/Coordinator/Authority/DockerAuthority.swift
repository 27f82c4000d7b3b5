import Crypto
import Foundation
public import SkepModel
import SwiftASN1
import X509

/// The authority for a cluster's Docker API over TLS: its certificates open nothing else, and no agent's opens that API.
public struct DockerAuthority: Codable, Sendable {
    /// PEM.
    public let certificate: String
    /// PEM; sealed wherever it is stored.
    private let key: String

    /// A signed certificate, with when it is good.
    public struct Issued: Sendable {
        /// PEM, the leaf alone.
        public let certificate: String
        public let notBefore: Instant
        public let notAfter: Instant
    }

    /// How long a manager's certificate lives; it is made anew at half of that.
    public static let serverDays: Int64 = 90

    public init(cluster: ClusterName, now: Instant) throws {
        let key = P256.Signing.PrivateKey()
        let made = try Authority.authority("Docker API of \(cluster)", Certificate.PrivateKey(key), issuer: nil, path: 0, now: now)
        certificate = try made.serializeAsPEM().pemString + "\n"
        self.key = key.pemRepresentation + "\n"
    }

    /// For a manager; of the request, nothing but its P-256 key is taken. `names` are host names and addresses.
    public func issueServer(request: String, names: [String], now: Instant) throws -> Issued {
        try issue(
            request, name: names.first ?? "docker",
            names: names.map { name in
                if let address = IPAddress(name) { .ipAddress(ASN1OctetString(contentBytes: address.bytes[...])) } else { .dnsName(name) }
            }, extended: ExtendedKeyUsage([.serverAuth]), now: now, seconds: Self.serverDays * 86_400)
    }

    /// For whoever is to use the API.
    public func issueClient(request: String, name: String, cluster: ClusterName, seconds: Int64, now: Instant) throws -> Issued {
        try issue(
            request, name: name, names: [.uniformResourceIdentifier("skep://\(cluster)/credential/\(name)")],
            extended: ExtendedKeyUsage([.clientAuth]), now: now, seconds: seconds)
    }

    /// The end of a certificate's first half, when it is replaced.
    public static func isDue(notBefore: Instant, notAfter: Instant, now: Instant) -> Bool {
        Renewal.isDue(notBefore: notBefore, notAfter: notAfter, now: now)
    }

    /// Whether the request is for the key that the certificate was made for.
    public static func isSameKey(request: String, certificate: String) throws -> Bool {
        try Authority.publicKey(ofRequest: request) == Certificate(pemEncoded: certificate).publicKey
    }

    private func issue(
        _ request: String, name: String, names: [GeneralName], extended: ExtendedKeyUsage, now: Instant, seconds: Int64
    ) throws -> Issued {
        let (from, until) = (now.advanced(by: -3_600_000), now.advanced(by: seconds * 1000))
        let signer = Signer(certificate: try Certificate(pemEncoded: certificate), key: try Certificate.PrivateKey(pemEncoded: key))
        let made = try signer.issue(
            try Authority.publicKey(ofRequest: request), name: name, names: names, usage: KeyUsage(digitalSignature: true), extended: extended,
            from: from, until: until)
        return Issued(certificate: made.pem, notBefore: from, notAfter: until)
    }
}
