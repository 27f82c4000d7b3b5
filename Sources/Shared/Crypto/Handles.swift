internal import COpenSSL

// Each handle owns one OpenSSL object and frees it.

struct KeyHandle: ~Copyable {
    let pointer: OpaquePointer

    init(_ pointer: OpaquePointer) {
        self.pointer = pointer
    }

    deinit {
        EVP_PKEY_free(pointer)
    }
}

struct CertificateHandle: ~Copyable {
    let pointer: OpaquePointer

    init(_ pointer: OpaquePointer) {
        self.pointer = pointer
    }

    deinit {
        X509_free(pointer)
    }
}

struct NamesHandle: ~Copyable {
    let pointer: OpaquePointer

    init(_ pointer: OpaquePointer) {
        self.pointer = pointer
    }

    deinit {
        cossl_names_free(pointer)
    }
}

/// A row of certificates, each with a reference of the row's own.
struct CertificateStack: ~Copyable {
    let pointer: OpaquePointer

    private init(_ pointer: OpaquePointer) {
        self.pointer = pointer
    }

    static func of(_ certificates: [Certificate]) throws(CryptoError) -> CertificateStack {
        guard let pointer = cossl_certificates_new() else { throw CryptoError.last(.failed, "no memory for certificates") }
        let stack = CertificateStack(pointer)
        for certificate in certificates where cossl_certificates_push(pointer, certificate.handle.pointer) == 0 {
            throw CryptoError.last(.failed, "no memory for certificates")
        }
        return stack
    }

    deinit {
        cossl_certificates_free(pointer)
    }
}

/// A memory buffer of OpenSSL.
struct BufferHandle: ~Copyable {
    let pointer: OpaquePointer

    private init(_ pointer: OpaquePointer) {
        self.pointer = pointer
    }

    static func of(_ bytes: [UInt8] = []) throws(CryptoError) -> BufferHandle {
        guard let pointer = BIO_new(BIO_s_mem()) else { throw CryptoError.last(.failed, "no memory for a buffer") }
        let buffer = BufferHandle(pointer)
        guard bytes.count <= Int(Int32.max), bytes.isEmpty || BIO_write(pointer, bytes, Int32(bytes.count)) == Int32(bytes.count) else {
            throw CryptoError.last(.failed, "no memory for a buffer")
        }
        return buffer
    }

    deinit {
        BIO_free(pointer)
    }

    var bytes: [UInt8] {
        var start: UnsafePointer<UInt8>?
        let count = cossl_bio_bytes(pointer, &start)
        return Array(UnsafeBufferPointer(start: start, count: max(0, count)))
    }

    var text: String {
        String(decoding: bytes, as: UTF8.self)
    }
}

/// The DER of an object, by the `i2d` function of its type.
func encoded(_ encode: (UnsafeMutablePointer<UnsafeMutablePointer<UInt8>?>?) -> Int32) -> [UInt8] {
    let count = encode(nil)
    guard count > 0 else { return [] }
    return [UInt8](unsafeUninitializedCapacity: Int(count)) { buffer, filled in
        var at = buffer.baseAddress
        filled = Int(max(0, encode(&at)))
    }
}
