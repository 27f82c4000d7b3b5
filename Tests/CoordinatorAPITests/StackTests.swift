import CoordinatorAuthority
import CoordinatorCore
import CoordinatorStore
import Foundation
import SkepHTTP
import SkepModel
import SkepWire
import Testing

@testable import CoordinatorAPI

/// What is made for stacks, and their way back.
@Suite(.serialized) struct StackTests {
    private static let path = "/v1/clusters/geneva/stacks/shop"
    private static let file = Fixture.file + "stacks: {shop: {compose: shop/compose.yml}, other: {compose: other/compose.yml}}\n"
    private static let made = """
        services: {web: {image: "acme/web:1.0.0", secrets: [admin, session.key, session.crt, users]}}
        secrets:
          admin: {x-generate: password}
          session.key: {x-generate: {kind: rsa-key}}
          session.crt: {x-generate: {kind: public-key, of: session.key}}
          users: {x-generate: {kind: htpasswd, of: admin, user: admin}}

        """
    private static func files(_ compose: String, _ page: String = "one") -> [String: String] {
        ["shop/compose.yml": compose, "shop/page.html": page, "other/compose.yml": "services: {web: {image: \"acme/other:1.0.0\"}}\n"]
    }

    private func bundle(_ fixture: Fixture) async throws -> StackBundle {
        let name = try #require(StackName(rawValue: "shop"))
        let cluster = try #require(ClusterName(rawValue: "geneva"))
        let runtime = await fixture.coordinator.registry.runtime(cluster)
        return try #require(await runtime?.currentBundles[name])
    }

    private func content(_ name: String, _ bundle: StackBundle) throws -> String {
        let text = try #require(bundle.files[".skep/secrets/\(name)"])
        return String(decoding: try #require(Data(base64Encoded: text)), as: UTF8.self)
    }

    @Test func whatIsMadeIsMadeOnceShownOnceAndRotated() async throws {
        let fixture = try await Fixture.start()
        _ = try await fixture.apply(Self.file, files: Self.files(Self.made))
        let first = try await bundle(fixture)
        let password = try content("admin", first)
        #expect(password.count == 32 && password.allSatisfy { $0.isLetter || $0.isNumber })
        #expect(try content("users", first).hasPrefix("admin:$2b$10$"))
        #expect(try content("session.crt", first) == (try GeneratedContent.publicKey(ofPEM: try content("session.key", first))))
        #expect(!(try await fixture.apply(Self.file, files: Self.files(Self.made))).changed, "what is made stays")

        let list: SecretsAnswer = try await fixture.get(Self.path + "/secrets")
        #expect(list.secrets.map(\.name) == ["admin", "session.crt", "session.key", "users"])
        #expect(list.secrets.map(\.kind) == ["password", "public-key", "rsa-key", "htpasswd"] && list.secrets.allSatisfy { $0.shown == nil })
        let shown: SecretAnswer = try await fixture.post(Self.path + "/secrets/admin/show")
        #expect(shown.content == password)
        #expect(await refusal { try await fixture.post(Self.path + "/secrets/admin/show") as SecretAnswer } == "ShownBefore")
        #expect(await refusal { try await fixture.post(Self.path + "/secrets/none/show") as SecretAnswer } == "NotFound")
        let again: SecretsAnswer = try await fixture.get(Self.path + "/secrets")
        #expect(again.secrets.filter { $0.shown != nil }.map(\.name) == ["admin"])

        #expect(await refusal { try await fixture.post(Self.path + "/secrets/users/rotate") as DoneAnswer } == "MadeFromAnother")
        let _: DoneAnswer = try await fixture.post(Self.path + "/secrets/admin/rotate")
        let second = try await bundle(fixture)
        #expect(try content("admin", second) != password && second.digest != first.digest)
        #expect(try content("users", second) != (try content("users", first)), "what is made from it is made anew")
        #expect(try content("session.key", second) == (try content("session.key", first)))
        let next: SecretAnswer = try await fixture.post(Self.path + "/secrets/admin/show")
        #expect(next.content == (try content("admin", second)))
        let events: EventsAnswer = try await fixture.get("/v1/clusters/geneva/events?limit=100")
        #expect(events.events.count { $0.message == "the secret admin of shop was shown" } == 2)
        #expect(events.events.contains { $0.message == "the secret admin of shop was rotated" && $0.actor == "root" })
        #expect(!events.events.contains { $0.message.contains(password) })

        // A new start finds the same.
        await fixture.stop()
        let later = try await Fixture.start(folder: fixture.folder, token: fixture.token)
        #expect(try await bundle(later) == second)
        await later.remove()
    }

    @Test func onlyAnAdminIsShownASecret() async throws {
        let fixture = try await Fixture.start()
        _ = try await fixture.apply(Self.file, files: Self.files(Self.made))
        let answer: LoginAnswer = try await fixture.post("/v1/operators", OperatorRequest(name: "ann", role: "operator"))
        let response = try await fixture.raw(.post, Self.path + "/secrets/admin/show", token: answer.token, body: [])
        #expect(response.status == 403)
        #expect(try await fixture.raw(.post, Self.path + "/secrets/admin/rotate", token: answer.token, body: []).status == 200)
        await fixture.remove()
    }

    @Test func aStackGoesBackAloneAndBySafeWays() async throws {
        let fixture = try await Fixture.start()
        let compose = "services: {web: {image: \"acme/web:${TAG:-1}.0.0\", configs: [page]}}\nconfigs: {page: {file: ./page.html}}\n"
        _ = try await fixture.apply(Self.file, files: Self.files(compose))
        let first = try await bundle(fixture)
        _ = try await fixture.apply(Self.file, files: Self.files(compose, "two"))
        _ = try await fixture.apply(
            Self.file.replacingOccurrences(of: "n3: {}", with: "n3: {labels: {zone: east}}"), files: Self.files(compose, "two"))
        let second = try await bundle(fixture)
        #expect(first.digest != second.digest)
        let history: StackHistoryAnswer = try await fixture.get(Self.path + "/history")
        #expect(history.history.map(\.generation.number) == [3, 2, 1])
        #expect(history.history.map(\.digest) == [second.digest, second.digest, first.digest])

        let done: DoneAnswer = try await fixture.post(Self.path + "/rollback", RollbackRequest(generation: nil))
        #expect(done.done.hasPrefix("shop is that of generation 1 again, in generation 4"))
        #expect(try await bundle(fixture) == first)
        let spec: SpecAnswer = try await fixture.get("/v1/clusters/geneva/spec")
        #expect(spec.file.hasPrefix("# the stack shop is that of generation 1, rolled back by root") && spec.spec.nodes[2].labels == ["zone": "east"])

        let _: DoneAnswer = try await fixture.post(Self.path + "/rollback", RollbackRequest(generation: 2))
        #expect(try await bundle(fixture) == second)
        #expect(await refusal { try await fixture.post(Self.path + "/rollback", RollbackRequest(generation: 77)) as DoneAnswer } == "NotFound")
        let other = "/v1/clusters/geneva/stacks/other/rollback"
        #expect(await refusal { try await fixture.post(other, RollbackRequest(generation: nil)) as DoneAnswer } == "NotFound", "it was never else")
        #expect(
            await refusal { try await fixture.post("/v1/clusters/geneva/stacks/none/rollback", RollbackRequest(generation: nil)) as DoneAnswer }
                == "NotFound")

        // What the cluster is now decides whether it fits.
        let shared = "services: {web: {image: \"acme/web:1.0.0\", networks: [public]}}\nnetworks: {public: {external: true}}\n"
        _ = try await fixture.apply(Self.file + "networks: {public: {}}\n", files: Self.files(shared))
        _ = try await fixture.apply(Self.file, files: Self.files(compose, "three"))
        #expect(await refusal { try await fixture.post(Self.path + "/rollback", RollbackRequest(generation: 6)) as DoneAnswer } == "CannotGoBack")
        await fixture.remove()
    }

    @Test func aFileThatCameLaterGoesWithTheWayBack() async throws {
        let fixture = try await Fixture.start()
        let compose = "services: {web: {image: \"acme/web:${TAG:-1.0}\"}}\n"
        _ = try await fixture.apply(Self.file, files: Self.files(compose))
        let first = try await bundle(fixture)
        var files = Self.files(compose)
        files["shop/.env"] = "TAG=2.0\n"
        _ = try await fixture.apply(Self.file, files: files)
        #expect(try await bundle(fixture).compose.contains("acme/web:2.0"))
        let _: DoneAnswer = try await fixture.post(Self.path + "/rollback", RollbackRequest(generation: nil))
        #expect(try await bundle(fixture) == first)
        await fixture.remove()
    }

    @Test func whatWasAcceptedIsMadeAgainWhateverTheDoctorSaysLater() async throws {
        let fixture = try await Fixture.start()
        let now = Instant(milliseconds: Int64(Date().timeIntervalSince1970 * 1000))
        let certificate = try GeneratedContent.certificate(ofPEM: GeneratedContent.ecKey(), names: ["a.acme.ch"], days: 40, now: now)
        let compose = "services: {web: {image: \"acme/web:1.0.0\", configs: [c]}}\nconfigs: {c: {file: ./page.html}}\n"
        _ = try await fixture.apply(Self.file, files: Self.files(compose, certificate))
        let first = try await bundle(fixture)
        fixture.advance(60 * 86_400_000)
        await fixture.coordinator.registry.renewCertificates()
        #expect(try await bundle(fixture) == first)
        #expect(await refusal { try await fixture.apply(Self.file, files: Self.files(compose, certificate)) } == "ClusterFileRefused")
        await fixture.remove()
    }

    @Test func aCertificateThatIsMadeIsRenewedAndFollowsItsRecipe() async throws {
        let fixture = try await Fixture.start()
        func compose(_ names: String) -> String {
            """
            services: {web: {image: "acme/web:1.0.0", secrets: [tls.key], configs: [tls.crt]}}
            secrets: {tls.key: {x-generate: ec-key}}
            configs: {tls.crt: {x-generate: {kind: certificate, of: tls.key, names: [\(names)], days: 90}}}

            """
        }
        func certificate() async throws -> String { try #require(try await bundle(fixture).files[".skep/configs/tls.crt"]) }
        _ = try await fixture.apply(Self.file, files: Self.files(compose("a.acme.ch")))
        let first = try await certificate()
        fixture.advance(40 * 86_400_000)
        await fixture.coordinator.registry.renewCertificates()
        #expect(try await certificate() == first)
        fixture.advance(6 * 86_400_000)
        await fixture.coordinator.registry.renewCertificates()
        let second = try await certificate()
        #expect(second != first, "half of its life is over")
        _ = try await fixture.apply(Self.file, files: Self.files(compose("b.acme.ch")))
        #expect(try await certificate() != second, "it is for another name")
        await fixture.remove()
    }

    @Test func certificatesAndKeysAreWhatTheySay() throws {
        let key = GeneratedContent.ecKey()
        let now = Instant(milliseconds: 1_790_000_000_000)
        let certificate = try GeneratedContent.certificate(ofPEM: key, names: ["a.b"], days: 10, now: now)
        #expect(GeneratedContent.certificateEnd(Array(certificate.utf8)) == now.advanced(by: 10 * 86_400_000))
        #expect(GeneratedContent.certificateEnd(Array(key.utf8)) == nil)
        #expect(try GeneratedContent.publicKey(ofPEM: key).hasPrefix("-----BEGIN PUBLIC KEY-----"))
        #expect(Data(base64Encoded: GeneratedContent.key(bytes: 48))?.count == 48)
        #expect(GeneratedContent.password(length: 40).count == 40 && GeneratedContent.password(length: 40) != GeneratedContent.password(length: 40))
        #expect(try GeneratedContent.htpasswd(user: "a", password: "b") != (try GeneratedContent.htpasswd(user: "a", password: "b")), "salted")
    }

    /// A manager is asked, and its answer is the caller's.
    @Test func imagesAreLookedUpByTheActingManager() async throws {
        let fixture = try await Fixture.start()
        _ = try await fixture.apply(Fixture.file + "stacks: {}\n")
        let images = "/v1/clusters/geneva/images"
        let request = ImagesRequest(images: ["acme/web:1"], logins: ["r.io": RegistryLogin(user: "a", password: "b")])
        #expect(await refusal { try await fixture.post(images, request) as ImagesAnswer } == "NoManager")
        try await fixture.recordSwarm()
        let machine = try await fixture.enrol("n1", machine: 1)
        _ = try await machine.report(machine.manager(of: ["n1"]))
        let runtime = try await fixture.runtime()
        await runtime.settle()
        async let answer: ImagesAnswer = fixture.post(images, request)
        var wanted: ImageRequest?
        for _ in 0..<100 where wanted == nil {
            try await Task.sleep(for: .milliseconds(50))
            wanted = await runtime.revision(of: machine.id)?.1.images
        }
        let asked = try #require(wanted)
        #expect(asked.images == ["acme/web:1"] && asked.logins == request.logins)
        var status = machine.manager(of: ["n1"])
        status.images = ImageReport(round: asked.round, findings: ["acme/web:1": .missing("manifest unknown")])
        _ = try await machine.report(status)
        let given = try await answer
        #expect(given.findings == ["acme/web:1": .missing("manifest unknown")] && given.manager?.rawValue == "n1")
        await runtime.settle()
        #expect(await runtime.revision(of: machine.id)?.1.images == nil, "it is asked for no longer than somebody waits")
        let many = ImagesRequest(images: (0..<201).map { "a\($0)" }, logins: [:])
        #expect(await refusal { try await fixture.post(images, many) as ImagesAnswer } == "TooMany")
        await fixture.remove()
    }

    /// Every node trusts the authority, the acting manager alone has the login, and nobody is shown the password.
    @Test func registriesAreTrustedByAllAndLoggedInAtByOne() async throws {
        let fixture = try await Fixture.start()
        let registries = "{authorities: {r.io: ca.crt}, logins: {r.io: {user: robot, password-file: pw}}}"
        let file = Fixture.file + "docker: {registries: \(registries)}\nstacks: {shop: {compose: shop/compose.yml}}\n"
        let authority = "-----BEGIN CERTIFICATE-----\none\n-----END CERTIFICATE-----\n"
        var files = ["shop/compose.yml": "services: {web: {image: \"r.io/acme/web:1.0.0\"}}\n", "ca.crt": authority, "pw": "pa55word\n"]
        let partly = files.filter { $0.key != "pw" }
        #expect(await refusal { try await fixture.apply(file, files: partly) } == "ClusterFileRefused")
        _ = try await fixture.apply(file, files: files)
        #expect(!(try await fixture.apply(file, files: files)).changed)
        let bundle = try await bundle(fixture)
        #expect(bundle.logins == ["r.io": RegistryLogin(user: "robot", password: "pa55word")])
        let runtime = try await fixture.runtime()
        #expect(await runtime.generation.spec.docker.authorities == ["r.io": authority])
        for path in ["/v1/clusters/geneva/spec", "/v1/clusters/geneva/status", "/v1/clusters/geneva/events"] {
            let answer = try await fixture.raw(.get, path, token: fixture.token)
            #expect(answer.status == 200 && !String(decoding: answer.body, as: UTF8.self).contains("pa55word"), "\(path)")
        }
        files["pw"] = "0ther\n"
        #expect((try await fixture.apply(file, files: files)).changes == ["~ stack shop: what it is made of changed"])
        files["ca.crt"] = authority.replacing("one", with: "two")
        #expect((try await fixture.apply(file, files: files)).changed)
        #expect(await runtime.generation.spec.docker.authorities?["r.io"]?.contains("two") == true)
        await fixture.remove()
    }
}
