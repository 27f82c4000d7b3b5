import CoordinatorAuthority
import Crypto
import Foundation
import SkepModel
import SwiftASN1
import Testing
import X509

let cluster = ClusterName(unchecked: "geneva")
let identity = NodeIdentity(cluster: cluster, node: NodeID(unchecked: "00000000000000a1"))
let now = Instant(milliseconds: 1_800_000_000_000)

func folder() -> String { NSTemporaryDirectory() + "skep-authority-\(UUID().uuidString)" }

func request(_ key: Certificate.PrivateKey, claims uri: String? = nil) throws -> String {
    var attributes = CertificateSigningRequest.Attributes()
    if let uri {
        let extensions = try Certificate.Extensions { SubjectAlternativeNames([.uniformResourceIdentifier(uri)]) }
        attributes = try CertificateSigningRequest.Attributes([.init(ExtensionRequest(extensions: extensions))])
    }
    return try CertificateSigningRequest(
        version: .v1, subject: DistinguishedName { CommonName("admin") }, privateKey: key, attributes: attributes,
        signatureAlgorithm: nil ?? (P256.Signing.PublicKey(key.publicKey) != nil ? .ecdsaWithSHA256 : .ecdsaWithSHA384)
    ).serializeAsPEM().pemString
}

/// Runs the system's openssl, an authority that shares no code with ours.
func openssl(_ arguments: [String]) throws -> (Int32, String) {
    let process = Process()
    let pipe = Pipe()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/openssl")
    process.arguments = arguments
    process.standardOutput = pipe
    process.standardError = pipe
    try process.run()
    let data = pipe.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    return (process.terminationStatus, String(decoding: data, as: UTF8.self))
}

@Suite struct AuthorityTests {
    @Test func staysTheSameOverARestartAndKeepsItsKeysToItself() throws {
        let path = folder()
        defer { try? FileManager.default.removeItem(atPath: path) }
        let one = try Authority(folder: path, now: now)
        let two = try Authority(folder: path, now: now.advanced(by: 1_000_000))
        #expect(one.roots == two.roots && one.fingerprint == two.fingerprint && one.serverPin == two.serverPin)
        #expect(try two.dataKey.open(one.dataKey.seal([1, 2], context: "c"), context: "c") == [1, 2])
        #expect(throws: AuthorityError(.forged, "")) { try two.dataKey.open(one.dataKey.seal([1, 2], context: "c"), context: "d") }
        for name in try FileManager.default.contentsOfDirectory(atPath: path) {
            let attributes = try FileManager.default.attributesOfItem(atPath: path + "/" + name)
            #expect(attributes[.posixPermissions] as? Int == 0o600, "\(name)")
        }
    }

    @Test func opensslAcceptsWhatIsIssued() throws {
        let path = folder()
        defer { try? FileManager.default.removeItem(atPath: path) }
        let authority = try Authority(folder: path, now: now)
        let issued = try authority.issueNode(
            csr: request(Certificate.PrivateKey(P256.Signing.PrivateKey()), claims: "skep://geneva/node/ffffffffffffffff"), identity: identity,
            now: now)
        try issued.chain.write(toFile: path + "/leaf.pem", atomically: true, encoding: .utf8)
        let (status, output) = try openssl([
            "verify", "-attime", "1800000000", "-purpose", "sslclient", "-CAfile", path + "/root.pem", "-untrusted", path + "/issuing.pem",
            path + "/leaf.pem",
        ])
        #expect(status == 0, "\(output)")
        let (_, text) = try openssl(["x509", "-in", path + "/leaf.pem", "-noout", "-text"])
        #expect(text.contains("URI:skep://geneva/node/00000000000000a1"))
        #expect(!text.contains("ffffffffffffffff") && !text.contains("CN = admin"), "the request's own claims are ignored")
        #expect(text.contains("Digital Signature, Key Agreement") && text.contains("TLS Web Client Authentication"))
        #expect(!text.contains("TLS Web Server"))
        let (_, serial) = try openssl(["x509", "-in", path + "/leaf.pem", "-noout", "-serial"])
        #expect(serial.lowercased().contains(issued.serial))
        #expect(issued.notAfter.since(now) == 24 * 3_600_000 && now.since(issued.notBefore) == 3_600_000)
        let shown = try authority.read(pem: issued.chain)
        #expect(shown.identity == identity && shown.serial == issued.serial && shown.key == issued.key && shown.notAfter == issued.notAfter)

        let server = try authority.issueServer(
            dnsNames: ["n1.example"], addresses: [IPAddress("10.77.0.11"), IPAddress("fd00::1")].compactMap { $0 }, now: now)
        try server.chain.write(toFile: path + "/server.pem", atomically: true, encoding: .utf8)
        let (ok, why) = try openssl([
            "verify", "-attime", "1800000000", "-purpose", "sslserver", "-verify_ip", "10.77.0.11", "-CAfile", path + "/root.pem", "-untrusted",
            path + "/server.pem", path + "/server.pem",
        ])
        #expect(ok == 0, "\(why)")
        let (_, names) = try openssl(["x509", "-in", path + "/server.pem", "-noout", "-ext", "subjectAltName"])
        #expect(names.contains("DNS:coordinator.skep.internal") && names.contains("DNS:n1.example") && names.contains("FD00:0:0:0:0:0:0:1"))
    }

    @Test func refusesWeakAndForgedRequests() throws {
        let path = folder()
        defer { try? FileManager.default.removeItem(atPath: path) }
        let authority = try Authority(folder: path, now: now)
        let weak = try request(Certificate.PrivateKey(P384.Signing.PrivateKey()))
        #expect(throws: AuthorityError(.weakKey, "")) { try authority.issueNode(csr: weak, identity: identity, now: now) }
        #expect(throws: AuthorityError(.malformed, "")) { try authority.issueNode(csr: "nothing", identity: identity, now: now) }
        // RSA of 1024 bits, by another program.
        let (status, rsa) = try openssl(["req", "-new", "-newkey", "rsa:1024", "-nodes", "-subj", "/CN=x", "-keyout", path + "/rsa.key"])
        #expect(status == 0)
        let text = String(rsa[(rsa.range(of: "-----BEGIN")?.lowerBound ?? rsa.startIndex)...])
        #expect(throws: AuthorityError.self) { try authority.issueNode(csr: text, identity: identity, now: now) }
        // A request whose name was changed after it was signed.
        let good = try CertificateSigningRequest(pemEncoded: request(Certificate.PrivateKey(P256.Signing.PrivateKey())))
        var bytes = try good.serializeAsPEM().derBytes
        let place = try #require(bytes.indices.first { bytes[$0...].starts(with: Array("admin".utf8)) })
        bytes[place] = UInt8(ascii: "b")
        let forged =
            "-----BEGIN CERTIFICATE REQUEST-----\n\(Data(bytes).base64EncodedString(options: .lineLength64Characters))\n-----END CERTIFICATE REQUEST-----\n"
        #expect(throws: AuthorityError(.forged, "")) { try authority.issueNode(csr: forged, identity: identity, now: now) }
    }

    @Test func refusesCertificatesOfOthers() throws {
        let (path, other) = (folder(), folder())
        defer {
            try? FileManager.default.removeItem(atPath: path)
            try? FileManager.default.removeItem(atPath: other)
        }
        let authority = try Authority(folder: path, now: now)
        let stranger = try Authority(folder: other, now: now)
        let csr = try request(Certificate.PrivateKey(P256.Signing.PrivateKey()))
        let foreign = try stranger.issueNode(csr: csr, identity: identity, now: now)
        #expect(throws: AuthorityError(.forged, "")) { try authority.read(pem: foreign.chain) }
        #expect(throws: AuthorityError(.malformed, "")) { try authority.read(pem: "x") }
        let server = try authority.issueServer(dnsNames: [], addresses: [], now: now)
        #expect(throws: AuthorityError(.malformed, "")) { try authority.read(pem: server.chain) }
    }

    @Test func checksSignaturesOfLateRenewals() throws {
        let path = folder()
        defer { try? FileManager.default.removeItem(atPath: path) }
        let authority = try Authority(folder: path, now: now)
        let key = P256.Signing.PrivateKey()
        let issued = try authority.issueNode(csr: request(Certificate.PrivateKey(key)), identity: identity, now: now)
        let bytes = Array("nonce and request".utf8)
        let signature = Array(try key.signature(for: SHA256.hash(data: bytes)).derRepresentation)
        #expect(authority.isSigned(bytes, signature: signature, by: issued.chain))
        #expect(!authority.isSigned(bytes + [0], signature: signature, by: issued.chain))
        #expect(!authority.isSigned(bytes, signature: [1, 2], by: issued.chain))
    }

    @Test func damagedFoldersAreSaidAndNotReplaced() throws {
        let (path, other) = (folder(), folder())
        defer {
            try? FileManager.default.removeItem(atPath: path)
            try? FileManager.default.removeItem(atPath: other)
        }
        _ = try Authority(folder: path, now: now)
        _ = try Authority(folder: other, now: now)
        try FileManager.default.removeItem(atPath: path + "/issuing.key")
        try FileManager.default.copyItem(atPath: other + "/issuing.key", toPath: path + "/issuing.key")
        #expect(throws: AuthorityError(.state, "")) { try Authority(folder: path, now: now) }
        try "nothing".write(toFile: path + "/issuing.key", atomically: true, encoding: .utf8)
        #expect(throws: AuthorityError(.state, "")) { try Authority(folder: path, now: now) }
    }
}

@Suite struct TokenTests {
    @Test func tokensReadBack() throws {
        let token = InvitationToken(cluster: cluster, fingerprint: String(repeating: "f", count: 64))
        #expect(InvitationToken(token.text) == token)
        #expect(token.hash.count == 64 && token.hash != InvitationToken(cluster: cluster, fingerprint: String(repeating: "f", count: 64)).hash)
        for text in ["", "skep1.geneva.x.y", "skep2" + token.text.dropFirst(5), token.text + ".x", String(repeating: "a", count: 10_000)] {
            #expect(InvitationToken(text) == nil, "\(text.prefix(40))")
        }
    }

    @Test func identitiesReadBack() {
        #expect(NodeIdentity(uri: identity.description) == identity)
        for text in [
            "skep://geneva/node/", "http://geneva/node/00000000000000a1", "skep://geneva/node/00000000000000a1/x", "skep://G/node/00000000000000a1",
        ] {
            #expect(NodeIdentity(uri: text) == nil, "\(text)")
        }
    }

    @Test func aShortCertificateIsNotDueAtOnce() throws {
        let path = folder()
        defer { try? FileManager.default.removeItem(atPath: path) }
        let authority = try Authority(folder: path, now: now, nodeLifetime: 48)
        let issued = try authority.issueNode(csr: request(Certificate.PrivateKey(P256.Signing.PrivateKey())), identity: identity, now: now)
        #expect(!Renewal.isDue(notBefore: issued.notBefore, notAfter: issued.notAfter, now: now.advanced(by: 20_000)))
        #expect(Renewal.isDue(notBefore: issued.notBefore, notAfter: issued.notAfter, now: now.advanced(by: 24_000)))
    }

    @Test func renewalIsDueAtHalfLife() {
        func at(_ hours: Int64) -> Instant { Instant(milliseconds: hours * 3_600_000) }
        #expect(!Renewal.isDue(notBefore: at(0), notAfter: at(24), now: at(11)))
        #expect(Renewal.isDue(notBefore: at(2), notAfter: at(24), now: at(1)), "made by a clock that was ahead")
        #expect(Renewal.isDue(notBefore: at(0), notAfter: at(24), now: at(12)))
        #expect(!Renewal.isDue(notBefore: at(0), notAfter: at(24), now: at(13), shift: 0.1))
        #expect(Renewal.isDue(notBefore: at(0), notAfter: at(24), now: at(10), shift: -0.1))
    }

    @Test(arguments: ["ec", "rsa"]) func certificatesOfMadeKeysSignThemselves(kind: String) throws {
        let key = kind == "ec" ? GeneratedContent.ecKey() : try GeneratedContent.rsaKey(bits: 2048)
        let made = try Certificate(
            pemEncoded: try GeneratedContent.certificate(ofPEM: key, names: ["a.example", "10.0.0.1"], days: 10, now: now))
        #expect(made.publicKey.isValidSignature(made.signature, for: made))
        #expect(try made.publicKey == Certificate.PrivateKey(pemEncoded: key).publicKey)
        #expect(try made.extensions.subjectAlternativeNames?.count == 2)
    }
}
