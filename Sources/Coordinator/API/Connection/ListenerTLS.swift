import CoordinatorAuthority
import NIOSSL

/// The TLS settings of the two listeners.
enum ListenerTLS {
    /// 7443: our certificate, none asked for.
    static func operators(_ certificate: ServerCertificate) throws -> NIOSSLContext {
        var settings = try base(certificate)
        settings.minimumTLSVersion = .tlsv12
        return try NIOSSLContext(configuration: settings)
    }

    /// 7444: TLS 1.3 and a client certificate of our authority, or no handshake.
    static func agents(_ certificate: ServerCertificate, roots: String, issuing: String) throws -> NIOSSLContext {
        var settings = try base(certificate)
        settings.minimumTLSVersion = .tlsv13
        settings.certificateVerification = .noHostnameVerification
        settings.trustRoots = .certificates(try NIOSSLCertificate.fromPEMBytes(Array((roots + issuing).utf8)))
        return try NIOSSLContext(configuration: settings)
    }

    private static func base(_ certificate: ServerCertificate) throws -> TLSConfiguration {
        let chain = try NIOSSLCertificate.fromPEMBytes(Array(certificate.chain.utf8)).map { NIOSSLCertificateSource.certificate($0) }
        let key = try NIOSSLPrivateKey(bytes: Array(certificate.key.utf8), format: .pem)
        var settings = TLSConfiguration.makeServerConfiguration(certificateChain: chain, privateKey: .privateKey(key))
        settings.applicationProtocols = ["http/1.1"]
        return settings
    }
}
