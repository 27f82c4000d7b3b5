internal import COpenSSL

extension Certificate {
    /// A server's certificate that signs itself, with a new key on P-256: for a proxy that nobody gave a better one.
    ///
    /// It is good from an hour before `now` (seconds since 1970) until `days` after.
    public static func selfSigned(
        commonName: String, dnsNames: [String] = [], addresses: [String] = [], days: Int, now: Int64
    ) throws(CryptoError) -> (certificatePEM: String, keyPEM: String) {
        let key = try P256Key.generate()
        guard let pointer = X509_new() else { throw CryptoError.last(.failed, "cannot make a certificate") }
        let certificate = CertificateHandle(pointer)
        try setCommonName(commonName, of: X509_get_subject_name(pointer))
        var serial = [UInt8](repeating: 0, count: 16)
        guard RAND_bytes(&serial, Int32(serial.count)) == 1, let number = BN_bin2bn([1] + serial, Int32(serial.count + 1), nil) else {
            throw CryptoError.last(.failed, "cannot make a serial number")
        }
        defer { BN_free(number) }
        guard
            X509_set_version(pointer, 2) == 1,
            BN_to_ASN1_INTEGER(number, X509_get_serialNumber(pointer)) != nil,
            X509_set_issuer_name(pointer, X509_get_subject_name(pointer)) == 1,
            ASN1_TIME_set(X509_getm_notBefore(pointer), Int(now - 3600)) != nil,
            ASN1_TIME_set(X509_getm_notAfter(pointer), Int(now + Int64(days) * 86400)) != nil,
            X509_set_pubkey(pointer, key.handle.pointer) == 1,
            cossl_add_server_extensions(pointer) == 1
        else { throw CryptoError.last(.failed, "cannot make a certificate") }
        if !dnsNames.isEmpty || !addresses.isEmpty {
            let names = try alternativeNames(dnsNames: dnsNames, addresses: addresses)
            guard cossl_names_to_certificate(names.pointer, pointer) == 1 else { throw CryptoError.last(.malformed, "cannot name the certificate") }
        }
        guard X509_sign(pointer, key.handle.pointer, EVP_sha256()) > 0 else { throw CryptoError.last(.failed, "cannot sign the certificate") }
        return (try Certificate(certificate).pem, try key.pem())
    }
}
