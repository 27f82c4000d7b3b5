internal import COpenSSL

/// Secrets that only the owner of a certificate's key can read: CMS AuthEnvelopedData, AES-256-GCM, the key agreed upon by ephemeral
/// ECDH with an X9.63 derivation on SHA-256 (RFC 5083, 5084, 5753).
public enum Sealing {
    /// Seals `bytes` to the certificate's key; PEM. The caller has verified the certificate before.
    public static func seal(_ bytes: [UInt8], toCertificatePEM pem: String) throws(CryptoError) -> String {
        let recipient = try Certificate(pem: pem)
        guard bytes.count <= 1 << 20 else { throw CryptoError(.failed, "too much to seal: \(bytes.count) bytes") }
        guard let message = cossl_seal(bytes, Int32(bytes.count), recipient.handle.pointer) else {
            throw CryptoError.last(.failed, "cannot seal to the certificate of \(recipient.commonName)")
        }
        defer { CMS_ContentInfo_free(message) }
        let buffer = try BufferHandle.of()
        guard cossl_write_cms(buffer.pointer, message) == 1 else { throw CryptoError.last(.failed, "cannot write what was sealed") }
        return buffer.text
    }

    /// Opens what ``seal(_:toCertificatePEM:)`` made; ``CryptoError/Code/undecryptable`` when it was sealed to another key or changed.
    public static func open(_ sealed: String, keyPEM: String, certificatePEM: String) throws(CryptoError) -> [UInt8] {
        let key = try P256Key(pem: keyPEM)
        let certificate = try Certificate(pem: certificatePEM)
        let input = try BufferHandle.of(Array(sealed.utf8))
        guard let message = cossl_read_cms(input.pointer) else { throw CryptoError.last(.malformed, "not a sealed message") }
        defer { CMS_ContentInfo_free(message) }
        guard OBJ_obj2nid(CMS_get0_type(message)) == NID_id_smime_ct_authEnvelopedData else {
            throw CryptoError(.malformed, "the message is not sealed with authentication")
        }
        let output = try BufferHandle.of()
        guard CMS_decrypt(message, key.handle.pointer, certificate.handle.pointer, nil, output.pointer, UInt32(CMS_BINARY)) == 1 else {
            throw CryptoError.last(.undecryptable, "cannot open what was sealed")
        }
        return output.bytes
    }
}
