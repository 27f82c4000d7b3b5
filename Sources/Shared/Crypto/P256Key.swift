internal import COpenSSL

/// A private key on P-256. It lives in OpenSSL's memory, which is wiped when the last reference goes.
public final class P256Key: Sendable {
    // OpenSSL's keys are counted and may be read by several threads; nothing here changes one.
    nonisolated(unsafe) let handle: KeyHandle

    private init(_ handle: consuming KeyHandle) {
        self.handle = handle
    }

    /// A new key.
    public static func generate() throws(CryptoError) -> P256Key {
        guard let pointer = cossl_generate_p256() else { throw CryptoError.last(.failed, "cannot make a key") }
        return P256Key(KeyHandle(pointer))
    }

    /// A key from PEM, PKCS#8 or SEC1, without a passphrase.
    public convenience init(pem: String) throws(CryptoError) {
        let buffer = try BufferHandle.of(Array(pem.utf8))
        // An empty passphrase instead of the default, which asks on the terminal.
        guard let pointer = PEM_read_bio_PrivateKey(buffer.pointer, nil, { _, _, _, _ in 0 }, nil) else {
            throw CryptoError.last(.malformed, "not a private key in PEM")
        }
        let handle = KeyHandle(pointer)
        guard cossl_is_p256(handle.pointer) == 1 else { throw CryptoError(.malformed, "the key is not on P-256") }
        self.init(handle)
    }

    /// PKCS#8 PEM, unencrypted: for files of mode 0600.
    public func pem() throws(CryptoError) -> String {
        let buffer = try BufferHandle.of()
        guard PEM_write_bio_PKCS8PrivateKey(buffer.pointer, handle.pointer, nil, nil, 0, nil, nil) == 1 else {
            throw CryptoError.last(.failed, "cannot write the key")
        }
        return buffer.text
    }

    /// The public half, SubjectPublicKeyInfo.
    public var publicKeyDER: [UInt8] {
        encoded { i2d_PUBKEY(handle.pointer, $0) }
    }

    /// SHA-256 of ``publicKeyDER``.
    public var publicKeySHA256: [UInt8] {
        SHA256.hash(publicKeyDER)
    }

    /// The public half as libcurl pins it: `sha256//` and base64.
    public var pin: String {
        "sha256//" + Bytes.base64(publicKeySHA256)
    }

    /// ECDSA with SHA-256, DER.
    public func sign(_ bytes: [UInt8]) throws(CryptoError) -> [UInt8] {
        guard let context = EVP_MD_CTX_new() else { throw CryptoError.last(.failed, "cannot sign") }
        defer { EVP_MD_CTX_free(context) }
        var count = 0
        guard
            EVP_DigestSignInit(context, nil, EVP_sha256(), nil, handle.pointer) == 1,
            EVP_DigestSign(context, nil, &count, bytes, bytes.count) == 1
        else { throw CryptoError.last(.failed, "cannot sign") }
        var signature = [UInt8](repeating: 0, count: count)
        guard EVP_DigestSign(context, &signature, &count, bytes, bytes.count) == 1 else { throw CryptoError.last(.failed, "cannot sign") }
        return Array(signature[..<count])
    }

    /// A certificate request (PKCS#10, PEM), signed with this key.
    public func request(commonName: String, uri: String? = nil) throws(CryptoError) -> String {
        guard let request = X509_REQ_new() else { throw CryptoError.last(.failed, "cannot make a certificate request") }
        defer { X509_REQ_free(request) }
        try setCommonName(commonName, of: X509_REQ_get_subject_name(request))
        guard X509_REQ_set_version(request, 0) == 1, X509_REQ_set_pubkey(request, handle.pointer) == 1 else {
            throw CryptoError.last(.failed, "cannot make a certificate request")
        }
        if let uri {
            let names = try alternativeNames(uris: [uri])
            guard cossl_names_to_request(names.pointer, request) == 1 else {
                throw CryptoError.last(.malformed, "not a name for a certificate: \(uri)")
            }
        }
        let buffer = try BufferHandle.of()
        guard X509_REQ_sign(request, handle.pointer, EVP_sha256()) > 0, PEM_write_bio_X509_REQ(buffer.pointer, request) == 1 else {
            throw CryptoError.last(.failed, "cannot sign the certificate request")
        }
        return buffer.text
    }
}

/// Signatures of others.
public enum Signature {
    /// Whether `signature` (ECDSA-SHA256, DER) of `bytes` was made with the private half of `publicKeyDER`.
    public static func isValid(_ signature: [UInt8], of bytes: [UInt8], publicKeyDER: [UInt8]) -> Bool {
        defer { ERR_clear_error() }
        let pointer = publicKeyDER.withUnsafeBufferPointer { buffer in
            var at = buffer.baseAddress
            return d2i_PUBKEY(nil, &at, buffer.count)
        }
        guard let pointer else { return false }
        let key = KeyHandle(pointer)
        guard cossl_is_p256(key.pointer) == 1, let context = EVP_MD_CTX_new() else { return false }
        defer { EVP_MD_CTX_free(context) }
        return EVP_DigestVerifyInit(context, nil, EVP_sha256(), nil, key.pointer) == 1
            && EVP_DigestVerify(context, signature, signature.count, bytes, bytes.count) == 1
    }
}

func setCommonName(_ name: String, of subject: OpaquePointer?) throws(CryptoError) {
    let bytes = Array(name.utf8)
    guard let subject, X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_FLAG | 4096, bytes, Int32(bytes.count), -1, 0) == 1 else {
        throw CryptoError.last(.malformed, "not a common name: \(name)")
    }
}

func alternativeNames(uris: [String] = [], dnsNames: [String] = [], addresses: [String] = []) throws(CryptoError) -> NamesHandle {
    guard let pointer = cossl_names_new() else { throw CryptoError.last(.failed, "no memory for names") }
    let names = NamesHandle(pointer)
    for (type, texts) in [(GEN_URI, uris), (GEN_DNS, dnsNames)] {
        for text in texts {
            let bytes = Array(text.utf8)
            let isPlain = !bytes.isEmpty && bytes.allSatisfy { $0 > 32 && $0 < 127 }
            guard isPlain, cossl_names_add_text(names.pointer, type, text, Int32(bytes.count)) == 1 else {
                throw CryptoError.last(.malformed, "not a name for a certificate: \(text)")
            }
        }
    }
    for address in addresses {
        guard cossl_names_add_address(names.pointer, address) == 1 else { throw CryptoError.last(.malformed, "not an address: \(address)") }
    }
    return names
}
