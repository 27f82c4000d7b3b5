import SkepCrypto
import SkepSystem
import SkepWire

/// A key that was made here, with the certificate that the coordinator signed for it.
struct DockerCredential {
    /// PEM.
    let key: String
    let answer: CredentialAnswer

    /// Has one made for the cluster whose path that is.
    static func make(_ name: String, seconds: Int64, path: String, _ client: CoordinatorClient) throws -> DockerCredential {
        let key = try P256Key.generate()
        let request = CredentialRequest(name: name, seconds: seconds, request: try key.request(commonName: name))
        let answer: CredentialAnswer = try client.post("\(path)/credentials", request)
        return DockerCredential(key: try key.pem(), answer: answer)
    }

    /// As Docker's clients read it from `DOCKER_CERT_PATH`: docs.docker.com/engine/security/protect-access.
    func write(to folder: String) throws {
        do {
            try Files.makeDirectory(folder, mode: 0o700)
            try AtomicFile.write("\(folder)/key.pem", key, mode: 0o600)
            try AtomicFile.write("\(folder)/cert.pem", answer.certificate, mode: 0o644)
            try AtomicFile.write("\(folder)/ca.pem", answer.authority, mode: 0o644)
        } catch {
            throw CommandFailure(.failed, "the files cannot be written: \(error.message)")
        }
    }
}
