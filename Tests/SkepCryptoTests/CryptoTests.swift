import Glibc
import SkepCrypto
import Testing

/// A folder with a small authority made by the `openssl` command, which shares no code with the module but its library.
final class OpenSSL {
    let folder: String

    init() throws {
        var template = Array("/tmp/skep-crypto-XXXXXX".utf8CString)
        folder = try #require(mkdtemp(&template).map { String(cString: $0) })
    }

    deinit {
        _ = system("rm -rf \(folder)")
    }

    /// Runs `openssl` with `arguments` in the folder; true when it succeeded.
    @discardableResult
    func run(_ arguments: String) -> Bool {
        system("cd \(folder) && openssl \(arguments) >>log 2>&1") == 0
    }

    func write(_ name: String, _ text: String) throws {
        let file = try #require(fopen("\(folder)/\(name)", "w"))
        defer { fclose(file) }
        try #require(fputs(text, file) >= 0)
    }

    func write(_ name: String, _ bytes: [UInt8]) throws {
        let file = try #require(fopen("\(folder)/\(name)", "w"))
        defer { fclose(file) }
        try #require(fwrite(bytes, 1, bytes.count, file) == bytes.count)
    }

    func read(_ name: String) throws -> String {
        String(decoding: try bytes(name), as: UTF8.self)
    }

    func bytes(_ name: String) throws -> [UInt8] {
        let file = try #require(fopen("\(folder)/\(name)", "r"))
        defer { fclose(file) }
        var bytes = [UInt8](repeating: 0, count: 1 << 20)
        return Array(bytes[..<fread(&bytes, 1, bytes.count, file)])
    }

    /// An authority `name`.pem that signs itself.
    func authority(_ name: String) throws {
        try #require(
            run(
                "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout \(name).key -out \(name).pem -days 30 -subj /CN=\(name) "
                    + "-addext basicConstraints=critical,CA:TRUE -addext keyUsage=critical,keyCertSign"))
    }

    /// A certificate `name`.pem for the request `name`.csr, of the authority `issuer`, with the extensions given.
    func issue(_ name: String, by issuer: String, _ extensions: String, days: Int = 10) throws {
        try write("\(name).ext", extensions)
        try #require(
            run(
                "x509 -req -in \(name).csr -CA \(issuer).pem -CAkey \(issuer).key -CAcreateserial -out \(name).pem -days \(days) "
                    + "-extfile \(name).ext"))
    }

    /// A node's key and certificate of the authority `issuer`, as an agent asks for one.
    func node(_ name: String, by issuer: String) throws -> (keyPEM: String, certificatePEM: String) {
        let key = try P256Key.generate()
        let uri = "skep://geneva/node/\(name)"
        try write("\(name).csr", try key.request(commonName: name, uri: uri))
        try issue(name, by: issuer, "keyUsage=critical,digitalSignature,keyAgreement\nsubjectAltName=URI:\(uri)\n")
        return (try key.pem(), try read("\(name).pem"))
    }
}

/// A moment at which what a test has made is good.
private var now: Int64 {
    Int64(time(nil)) + 1
}

@Suite struct KeyTests {
    @Test func aKeySurvivesItsPEM() throws {
        let key = try P256Key.generate()
        let pem = try key.pem()
        #expect(pem.hasPrefix("-----BEGIN PRIVATE KEY-----\n"))
        let same = try P256Key(pem: pem)
        #expect(same.publicKeyDER == key.publicKeyDER)
        #expect(same.publicKeyDER.count == 91)
        #expect(try P256Key.generate().publicKeyDER != key.publicKeyDER)
    }

    @Test func onlyPlainP256KeysAreTaken() throws {
        let openssl = try OpenSSL()
        try #require(openssl.run("ecparam -name prime256v1 -genkey -noout -out sec1.key"))
        #expect(throws: Never.self) { try P256Key(pem: try openssl.read("sec1.key")) }
        try #require(openssl.run("ecparam -name secp384r1 -genkey -noout -out p384.key"))
        #expect(throws: CryptoError(.malformed, "")) { try P256Key(pem: try openssl.read("p384.key")) }
        try #require(openssl.run("pkcs8 -topk8 -in sec1.key -passout pass:secret -out locked.key"))
        #expect(throws: CryptoError(.malformed, "")) { try P256Key(pem: try openssl.read("locked.key")) }
        let error = #expect(throws: CryptoError.self) { try P256Key(pem: "nothing") }
        #expect(error?.reason == "unsupported" || error?.reason == "no start line")
    }

    @Test func signaturesHoldForTheirBytesAndKeyOnly() throws {
        let key = try P256Key.generate()
        let signature = try key.sign([1, 2, 3])
        #expect(Signature.isValid(signature, of: [1, 2, 3], publicKeyDER: key.publicKeyDER))
        #expect(!Signature.isValid(signature, of: [1, 2, 4], publicKeyDER: key.publicKeyDER))
        #expect(!Signature.isValid(signature, of: [1, 2, 3], publicKeyDER: try P256Key.generate().publicKeyDER))
        #expect(!Signature.isValid(Array(signature.dropLast()), of: [1, 2, 3], publicKeyDER: key.publicKeyDER))
        #expect(!Signature.isValid([], of: [1, 2, 3], publicKeyDER: key.publicKeyDER))
        #expect(!Signature.isValid(signature, of: [1, 2, 3], publicKeyDER: [48, 0]))
    }

    @Test func theCommandVerifiesWhatWasSigned() throws {
        let openssl = try OpenSSL()
        let key = try P256Key.generate()
        try openssl.write("key.pem", try key.pem())
        try openssl.write("message", [7, 8, 9])
        try openssl.write("signature", try key.sign([7, 8, 9]))
        try #require(openssl.run("pkey -in key.pem -pubout -out public.pem"))
        #expect(openssl.run("dgst -sha256 -verify public.pem -signature signature message"))
        try #require(openssl.run("pkey -in key.pem -pubout -outform DER -out public.der"))
        #expect(try openssl.bytes("public.der") == key.publicKeyDER)
    }

    @Test func theRequestSaysWhoAndIsSigned() throws {
        let openssl = try OpenSSL()
        try openssl.write("n1.csr", try P256Key.generate().request(commonName: "n1", uri: "skep://geneva/node/n1"))
        try #require(openssl.run("req -in n1.csr -verify -noout -text -out n1.txt"))
        let text = try openssl.read("n1.txt")
        #expect(text.contains("Subject: CN = n1\n"))
        #expect(text.contains("URI:skep://geneva/node/n1\n"))
        #expect(throws: CryptoError(.malformed, "")) { try P256Key.generate().request(commonName: "n1", uri: "skep://a\nb") }
    }
}

@Suite struct CertificateTests {
    @Test func aCertificateIsRead() throws {
        let openssl = try OpenSSL()
        try openssl.authority("root")
        let (keyPEM, pem) = try openssl.node("n1", by: "root")
        let certificate = try Certificate(pem: pem)
        #expect(certificate.commonName == "n1")
        #expect(certificate.uris == ["skep://geneva/node/n1"])
        #expect(certificate.dnsNames == [])
        #expect(abs(certificate.notBefore - now) < 600)
        #expect(certificate.notAfter - certificate.notBefore == 10 * 86400)
        #expect(!certificate.isSelfIssued)
        let key = try P256Key(pem: keyPEM)
        #expect(certificate.matches(key))
        #expect(certificate.publicKeySHA256 == key.publicKeySHA256)
        #expect(certificate.pin == key.pin)
        #expect(certificate.pem == pem)
        try #require(openssl.run("x509 -in n1.pem -noout -serial -out serial"))
        #expect(try openssl.read("serial").lowercased() == "serial=\(certificate.serial)\n")
        try #require(openssl.run("x509 -in n1.pem -outform DER -out n1.der"))
        #expect(SHA256.hash(try openssl.bytes("n1.der")) == certificate.fingerprint)
        #expect(try Certificate.all(pem: pem + (try openssl.read("root.pem"))).map(\.commonName) == ["n1", "root"])
        #expect(throws: CryptoError(.malformed, "")) { try Certificate(pem: "nothing") }
        let broken = pem + "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"
        #expect(throws: CryptoError(.malformed, "")) { try Certificate.all(pem: broken) }
    }

    /// Errors that OpenSSL keeps for the thread: a certificate whose alternative names cannot be read leaves some.
    @Test func whatAnEarlierReadingLeftIsNoFault() throws {
        let openssl = try OpenSSL()
        try openssl.authority("root")
        try openssl.write("odd.csr", try P256Key.generate().request(commonName: "odd"))
        try openssl.issue("odd", by: "root", "subjectAltName=DER:04:01:00\n")
        let (odd, root) = (try openssl.read("odd.pem"), try openssl.read("root.pem"))
        #expect(try Certificate(pem: odd).uris == [])
        #expect(try Certificate.all(pem: root).map(\.commonName) == ["root"])
        #expect(try Certificate.all(pem: odd + root).map(\.commonName) == ["odd", "root"])
    }

    @Test func chainsHoldToTheirRootInTheirTimeOnly() throws {
        let openssl = try OpenSSL()
        try openssl.authority("root")
        try openssl.authority("other")
        try #require(openssl.run("req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout issuing.key -out issuing.csr -subj /CN=issuing"))
        try openssl.issue("issuing", by: "root", "basicConstraints=critical,CA:TRUE,pathlen:0\nkeyUsage=critical,keyCertSign\n")
        let leaf = try Certificate(pem: try openssl.node("n1", by: "issuing").certificatePEM)
        let issuing = try Certificate(pem: try openssl.read("issuing.pem"))
        let root = try Certificate(pem: try openssl.read("root.pem"))
        let other = try Certificate(pem: try openssl.read("other.pem"))

        #expect(throws: Never.self) { try leaf.verify(intermediates: [issuing], roots: [root], at: now) }
        #expect(throws: Never.self) { try leaf.verify(intermediates: [issuing], roots: [other, root], at: now) }
        #expect(throws: CryptoError(.untrusted, "")) { try leaf.verify(roots: [root], at: now) }
        #expect(throws: CryptoError(.untrusted, "")) { try leaf.verify(intermediates: [issuing], roots: [other], at: now) }
        #expect(throws: CryptoError(.untrusted, "")) { try leaf.verify(intermediates: [issuing, root], roots: [], at: now) }
        #expect(throws: CryptoError(.expired, "")) { try leaf.verify(intermediates: [issuing], roots: [root], at: now + 11 * 86400) }
        #expect(throws: CryptoError(.notYetValid, "")) { try leaf.verify(intermediates: [issuing], roots: [root], at: now - 3600) }

        // A node's certificate is no authority.
        let forged = try openssl.node("forged", by: "n1-as-authority", signer: "n1")
        #expect(throws: CryptoError(.untrusted, "")) {
            try Certificate(pem: forged).verify(intermediates: [issuing, leaf], roots: [root], at: now)
        }
        let error = #expect(throws: CryptoError.self) { try leaf.verify(roots: [root], at: now) }
        #expect(error?.reason == "unable to get local issuer certificate")
        #expect(error?.message == "the certificate of n1 is not trusted")
    }

    @Test func aServersOwnCertificateNamesItsHosts() throws {
        let openssl = try OpenSSL()
        let made = now
        let (pem, keyPEM) = try Certificate.selfSigned(
            commonName: "geneva", dnsNames: ["a.example.org"], addresses: ["10.0.0.1", "fd00::1"], days: 90, now: made)
        let certificate = try Certificate(pem: pem)
        #expect(certificate.dnsNames == ["a.example.org"])
        #expect(certificate.isSelfIssued)
        #expect(certificate.matches(try P256Key(pem: keyPEM)))
        #expect(certificate.notAfter == made + 90 * 86400 && certificate.notBefore == made - 3600)
        #expect(certificate.serial.count == 34)
        try openssl.write("own.pem", pem)
        #expect(openssl.run("verify -CAfile own.pem -purpose sslserver -verify_hostname a.example.org own.pem"))
        #expect(openssl.run("verify -CAfile own.pem -purpose sslserver -verify_ip 10.0.0.1 own.pem"))
        #expect(openssl.run("verify -CAfile own.pem -purpose sslserver -verify_ip fd00::1 own.pem"))
        #expect(!openssl.run("verify -CAfile own.pem -purpose sslserver -verify_hostname b.example.org own.pem"))
        #expect(throws: CryptoError(.malformed, "")) { try Certificate.selfSigned(commonName: "x", addresses: ["10.0.0.256"], days: 1, now: now) }
    }
}

extension OpenSSL {
    /// A certificate signed by the leaf `signer` as if it were an authority.
    fileprivate func node(_ name: String, by issuer: String, signer: String) throws -> String {
        try #require(run("req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout \(name).key -out \(name).csr -subj /CN=\(name)"))
        // The leaf's key was never in the folder; one of the same subject will do, as only the shape of the chain matters here.
        try #require(run("ecparam -name prime256v1 -genkey -noout -out \(issuer).key"))
        try #require(run("req -x509 -new -key \(issuer).key -out \(issuer).pem -days 3 -subj /CN=\(signer)"))
        try issue(name, by: issuer, "keyUsage=critical,digitalSignature\n")
        return try read("\(name).pem")
    }
}

@Suite struct SealingTests {
    @Test func onlyTheOwnerOpens() throws {
        let openssl = try OpenSSL()
        try openssl.authority("root")
        let one = try openssl.node("n1", by: "root")
        let two = try openssl.node("n2", by: "root")
        let token = Array("SWMTKN-1-0123456789abcdef".utf8)
        let sealed = try Sealing.seal(token, toCertificatePEM: one.certificatePEM)
        #expect(sealed.hasPrefix("-----BEGIN CMS-----\n"))
        #expect(!sealed.contains("SWMTKN"))
        #expect(try Sealing.open(sealed, keyPEM: one.keyPEM, certificatePEM: one.certificatePEM) == token)
        #expect(throws: CryptoError(.undecryptable, "")) { try Sealing.open(sealed, keyPEM: two.keyPEM, certificatePEM: two.certificatePEM) }
        #expect(throws: CryptoError(.undecryptable, "")) { try Sealing.open(sealed, keyPEM: two.keyPEM, certificatePEM: one.certificatePEM) }
        #expect(try Sealing.seal(token, toCertificatePEM: one.certificatePEM) != sealed)
        let empty = try Sealing.seal([], toCertificatePEM: one.certificatePEM)
        #expect(try Sealing.open(empty, keyPEM: one.keyPEM, certificatePEM: one.certificatePEM) == [])
    }

    @Test func theCommandReadsIt() throws {
        let openssl = try OpenSSL()
        try openssl.authority("root")
        let one = try openssl.node("n1", by: "root")
        try openssl.write("n1.key", one.keyPEM)
        try openssl.write("sealed", try Sealing.seal(Array("token".utf8), toCertificatePEM: one.certificatePEM))
        try #require(openssl.run("cms -decrypt -inform PEM -in sealed -inkey n1.key -recip n1.pem -out opened"))
        #expect(try openssl.read("opened") == "token")
        try #require(openssl.run("cms -cmsout -print -noout -inform PEM -in sealed -out structure"))
        let structure = try openssl.read("structure")
        #expect(structure.contains("id-smime-ct-authEnvelopedData"))
        #expect(structure.contains("aes-256-gcm"))
        #expect(structure.contains("dhSinglePass-stdDH-sha256kdf-scheme"))
    }

    @Test func whatWasChangedDoesNotOpen() throws {
        let openssl = try OpenSSL()
        try openssl.authority("root")
        let one = try openssl.node("n1", by: "root")
        try openssl.write("sealed", try Sealing.seal([UInt8](repeating: 65, count: 200), toCertificatePEM: one.certificatePEM))
        try #require(openssl.run("cms -cmsout -inform PEM -in sealed -outform DER -out sealed.der"))
        let der = try openssl.bytes("sealed.der")
        var refused = 0
        // The last bytes are the ciphertext and its tag.
        for place in stride(from: der.count - 1, to: der.count - 200, by: -10) {
            var changed = der
            changed[place] ^= 1
            let pem = "-----BEGIN CMS-----\n\(Bytes.base64(changed))\n-----END CMS-----\n"
            #expect(throws: CryptoError.self) { try Sealing.open(pem, keyPEM: one.keyPEM, certificatePEM: one.certificatePEM) }
            refused += 1
        }
        #expect(refused == 20)
        let whole = "-----BEGIN CMS-----\n\(Bytes.base64(der))\n-----END CMS-----\n"
        #expect(throws: Never.self) { try Sealing.open(whole, keyPEM: one.keyPEM, certificatePEM: one.certificatePEM) }
    }

    @Test func unauthenticatedMessagesAreRefused() throws {
        let openssl = try OpenSSL()
        try openssl.authority("root")
        let one = try openssl.node("n1", by: "root")
        try openssl.write("plain", "token")
        try #require(openssl.run("cms -encrypt -aes-256-cbc -in plain -outform PEM -out sealed n1.pem"))
        #expect(throws: CryptoError(.malformed, "")) {
            try Sealing.open(try openssl.read("sealed"), keyPEM: one.keyPEM, certificatePEM: one.certificatePEM)
        }
    }
}

@Suite struct BytesTests {
    @Test func textsOfBytes() {
        #expect(Bytes.hex([0, 255, 16]) == "00ff10")
        #expect(Bytes.fromHex("00fF10") == [0, 255, 16])
        #expect(Bytes.fromHex("0") == nil)
        #expect(Bytes.fromHex("0g") == nil)
        #expect(Bytes.base64([]) == "")
        #expect(Bytes.base64(Array("any carnal pleas".utf8)) == "YW55IGNhcm5hbCBwbGVhcw==")
        #expect(Bytes.base64URL([251, 255]) == "-_8")
        for count in 0..<70 {
            let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 37 &+ count) }
            #expect(Bytes.fromBase64URL(Bytes.base64URL(bytes)) == bytes)
        }
        for text in ["A", "-_9", "a b", "+/8", "QQ=="] { #expect(Bytes.fromBase64URL(text) == nil) }
    }

    @Test func hashesAndComparison() {
        #expect(SHA256.hex(Array("abc".utf8)) == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
        #expect(SHA256.hex([]) == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
        #expect(Bytes.equalConstantTime([1, 2], [1, 2]))
        #expect(!Bytes.equalConstantTime([1, 2], [1, 3]))
        #expect(!Bytes.equalConstantTime([1, 2], [1, 2, 3]))
    }
}
