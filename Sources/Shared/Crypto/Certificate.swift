internal import COpenSSL

/// An X.509 certificate that was read; it vouches for nothing until ``verify(intermediates:roots:at:)``.
public final class Certificate: Sendable {
    // OpenSSL's certificates are counted and may be read by several threads; nothing here changes one.
    nonisolated(unsafe) let handle: CertificateHandle

    /// The first second in which it is good, since 1970.
    public let notBefore: Int64
    /// The last second in which it is good, since 1970.
    public let notAfter: Int64
    /// The URIs among its alternative names.
    public let uris: [String]
    /// The host names among its alternative names.
    public let dnsNames: [String]
    /// The subject's common name, empty when it has none.
    public let commonName: String
    /// The serial number's bytes in lower-case hexadecimal.
    public let serial: String
    /// Whether subject and issuer are the same, as a root's are.
    public let isSelfIssued: Bool

    init(_ handle: consuming CertificateHandle) throws(CryptoError) {
        let pointer = handle.pointer
        var begin: Int64 = 0
        var end: Int64 = 0
        guard cossl_time(X509_get0_notBefore(pointer), &begin) == 1, cossl_time(X509_get0_notAfter(pointer), &end) == 1 else {
            throw CryptoError.last(.malformed, "the certificate has no validity")
        }
        notBefore = begin
        notAfter = end
        uris = Self.names(pointer, GEN_URI)
        dnsNames = Self.names(pointer, GEN_DNS)
        commonName = Self.commonName(pointer)
        serial = Self.serial(pointer)
        isSelfIssued = X509_NAME_cmp(X509_get_subject_name(pointer), X509_get_issuer_name(pointer)) == 0
        self.handle = handle
    }

    /// The first certificate in a PEM text.
    public convenience init(pem: String) throws(CryptoError) {
        let buffer = try BufferHandle.of(Array(pem.utf8))
        guard let pointer = PEM_read_bio_X509(buffer.pointer, nil, nil, nil) else { throw CryptoError.last(.malformed, "not a certificate in PEM") }
        try self.init(CertificateHandle(pointer))
    }

    /// All certificates of a PEM text, at least one.
    public static func all(pem: String) throws(CryptoError) -> [Certificate] {
        // What an earlier call has left is none of this text's errors.
        ERR_clear_error()
        let buffer = try BufferHandle.of(Array(pem.utf8))
        var certificates: [Certificate] = []
        while let pointer = PEM_read_bio_X509(buffer.pointer, nil, nil, nil) {
            certificates.append(try Certificate(CertificateHandle(pointer)))
        }
        // The end of the text is an error to OpenSSL, and the only last one that is fine; reading what was good may have left others.
        let last = ERR_reason_error_string(ERR_peek_last_error()).map { String(cString: $0) }
        let error = CryptoError.last(.malformed, "not a certificate in PEM")
        guard !certificates.isEmpty, last == "no start line" else { throw error }
        return certificates
    }

    /// Its DER.
    public var der: [UInt8] {
        encoded { i2d_X509(handle.pointer, $0) }
    }

    /// Its PEM.
    public var pem: String {
        guard let buffer = try? BufferHandle.of(), PEM_write_bio_X509(buffer.pointer, handle.pointer) == 1 else { return "" }
        return buffer.text
    }

    /// SHA-256 of its DER.
    public var fingerprint: [UInt8] {
        SHA256.hash(der)
    }

    /// The public key, SubjectPublicKeyInfo.
    public var publicKeyDER: [UInt8] {
        guard let key = X509_get_X509_PUBKEY(handle.pointer) else { return [] }
        return encoded { i2d_X509_PUBKEY(key, $0) }
    }

    /// SHA-256 of ``publicKeyDER``.
    public var publicKeySHA256: [UInt8] {
        SHA256.hash(publicKeyDER)
    }

    /// The public key as libcurl pins it: `sha256//` and base64.
    public var pin: String {
        "sha256//" + Bytes.base64(publicKeySHA256)
    }

    /// Whether `key` is the private half of this certificate's key.
    public func matches(_ key: P256Key) -> Bool {
        publicKeyDER == key.publicKeyDER
    }

    /// Checks the chain from this certificate to one of `roots` at the time `at` (seconds since 1970), for any purpose.
    ///
    /// Throws ``CryptoError/Code/expired``, ``CryptoError/Code/notYetValid`` or ``CryptoError/Code/untrusted``. Whose certificate it is,
    /// the caller must look at: a good chain says only who issued it.
    public func verify(intermediates: [Certificate] = [], roots: [Certificate], at: Int64) throws(CryptoError) {
        let below = try CertificateStack.of(intermediates)
        let above = try CertificateStack.of(roots)
        var depth: Int32 = 0
        let result = cossl_verify(handle.pointer, below.pointer, above.pointer, at, &depth)
        guard result != X509_V_OK else { return }
        ERR_clear_error()
        let reason = X509_verify_cert_error_string(Int(result)).map { String(cString: $0) } ?? "unknown"
        let subject = depth == 0 ? "the certificate of \(commonName)" : "the chain of \(commonName), \(depth) above it,"
        switch result {
        case X509_V_ERR_CERT_HAS_EXPIRED: throw CryptoError(.expired, "\(subject) has expired", reason: reason)
        case X509_V_ERR_CERT_NOT_YET_VALID: throw CryptoError(.notYetValid, "\(subject) is not valid yet", reason: reason)
        default: throw CryptoError(.untrusted, "\(subject) is not trusted", reason: reason)
        }
    }

    // MARK: Reading

    private static func names(_ certificate: OpaquePointer, _ type: Int32) -> [String] {
        guard let pointer = cossl_names(certificate) else { return [] }
        let names = NamesHandle(pointer)
        return (0..<cossl_names_count(names.pointer)).compactMap { index in
            var count: Int32 = 0
            guard let text = cossl_names_text(names.pointer, index, type, &count) else { return nil }
            return String(decoding: UnsafeBufferPointer(start: text, count: Int(count)), as: UTF8.self)
        }
    }

    private static func commonName(_ certificate: OpaquePointer) -> String {
        guard
            let subject = X509_get_subject_name(certificate), case let index = X509_NAME_get_index_by_NID(subject, NID_commonName, -1), index >= 0,
            let text = X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, index))
        else { return "" }
        var start: UnsafeMutablePointer<UInt8>?
        let count = ASN1_STRING_to_UTF8(&start, text)
        guard count >= 0, let start else { return "" }
        defer { CRYPTO_free(start, nil, 0) }
        return String(decoding: UnsafeBufferPointer(start: start, count: Int(count)), as: UTF8.self)
    }

    private static func serial(_ certificate: OpaquePointer) -> String {
        guard let number = X509_get0_serialNumber(certificate) else { return "" }
        return Bytes.hex(Array(UnsafeBufferPointer(start: ASN1_STRING_get0_data(number), count: Int(ASN1_STRING_length(number)))))
    }
}
