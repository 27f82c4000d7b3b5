import Foundation
import SkepModel
import SkepSystem
import Testing

@testable import AgentDocker

/// What engines say of images that are looked up; `Tests/Integration/run` has a real engine and a registry with TLS and a login.
@Suite struct ImageTests {
    /// The words were seen with Docker Engine 20.10.24 and docker-registry 2.8.
    @Test func theEnginesWordsAreUnderstood() {
        func finding(_ status: Int, _ words: String) -> ImageFinding { ImageLookup.finding(DockerError(status: status, message: words)) }
        #expect(finding(404, "manifest unknown: manifest unknown") == .missing("manifest unknown: manifest unknown"))
        #expect(
            finding(404, "name unknown: repository name not known to registry") == .missing("name unknown: repository name not known to registry"))
        for (status, words) in [
            (401, "unauthorized: authentication required"), (500, "Head \"https://r/v2/app/manifests/1\": no basic auth credentials"),
            (403, "denied: requested access to the resource is denied"),
        ] {
            #expect(finding(status, words) == .denied(words))
        }
        for words in ["Get \"https://r/v2/\": x509: certificate signed by unknown authority", "http: server gave HTTP response to HTTPS client"] {
            #expect(finding(500, words) == .untrusted(words))
        }
        for words in ["dial tcp 10.0.0.1:5000: connect: connection refused", "lookup r on 10.0.0.53:53: read udp: i/o timeout"] {
            #expect(finding(500, words) == .unreachable(words))
        }
        #expect(ImageLookup.finding(DockerError(.timeout, "Docker does not answer in time")) == .unreachable("Docker does not answer in time"))
    }

    @Test func registriesAreKnownByTheNamesOfImages() {
        for image in ["redis", "redis:7", "acme/web:1", "library/redis", "index.docker.io/acme/web"] {
            #expect(ImageRegistry.host(of: image) == "docker.io", "\(image)")
        }
        #expect(ImageRegistry.host(of: "registry.example.com/acme/web:1") == "registry.example.com")
        #expect(ImageRegistry.host(of: "10.0.0.1:5000/web@sha256:00") == "10.0.0.1:5000")
        #expect(ImageRegistry.host(of: "localhost/web") == "localhost")
    }

    @Test func loginsAreWrittenAsDockersCommandLineReadsThem() throws {
        let login = RegistryLogin(user: "robot", password: "p:w")
        let text = String(decoding: try RegistryConfig.text(["docker.io": login, "r:5000": login]), as: UTF8.self)
        let auth = Data("robot:p:w".utf8).base64EncodedString()
        #expect(text.contains("\"r:5000\":{\"auth\":\"\(auth)\"}") && text.contains("index.docker.io") && !text.contains("\"docker.io\""))
        let former = Array(#"{"auths": {"s.io": {"auth": "eA=="}, "r:5000": {"auth": "old"}}, "proxies": {"default": {}}}"#.utf8)
        let both = String(decoding: try RegistryConfig.text(["r:5000": login], over: former), as: UTF8.self)
        #expect(both.contains("eA==") && both.contains(auth) && !both.contains("old") && both.contains("proxies"))
        #expect(RegistryConfig.knows("s.io", former) && !RegistryConfig.knows("t.io", former) && !RegistryConfig.knows("s.io", nil))
        #expect(RegistryConfig.knows("t.io", Array(#"{"credsStore": "pass"}"#.utf8)))
        let header = try ImageLookup.header(login, "r:5000/web").replacing("-", with: "+").replacing("_", with: "/")
        let sent = try #require(Data(base64Encoded: header).flatMap { try? JSONDecoder().decode([String: String].self, from: $0) })
        #expect(sent == ["username": "robot", "password": "p:w", "serveraddress": "r:5000"])
    }

    @Test func aProblemSaysWhatToDo() {
        #expect(ImageFinding.unreachable("x").problem(of: "a/b:1") == nil && ImageFinding.local(why: "x").problem(of: "a/b:1") == nil)
        #expect(ImageFinding.missing("x").problem(of: "a/b:1")?.words == "the image 'a/b:1' is not at its registry: x")
        #expect(ImageFinding.denied("x").problem(of: "r.io/b:1")?.fix.contains("logins: {r.io: ") == true)
        #expect(ImageFinding.untrusted("x509").problem(of: "r.io/b:1")?.fix.contains("authorities: {r.io: ") == true)
        #expect(ImageFinding.untrusted("server gave HTTP response to HTTPS client").problem(of: "r.io/b:1")?.fix.contains("insecure: [r.io]") == true)
    }
}
