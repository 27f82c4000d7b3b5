import Foundation
import SkepClusterFile
import SkepModel
import SkepYAML
import Testing

@testable import SkepCompose

/// Every entry of the catalogue, as a cluster file asks for it.
@Suite struct CatalogueTests {
    static let folder = URL(filePath: #filePath).appending(path: "../../../packaging/catalogue").standardized

    /// What Skep would make stands as a text of its own.
    static var facts: DoctorFacts {
        var facts = DoctorFacts(now: Instant(milliseconds: 1_790_000_000_000))
        facts.generated = { _, value in Array("made: \(value.name)\n".utf8) }
        return facts
    }

    static func spec(_ stacks: String, kind: String = "target") throws -> ClusterSpec {
        try ClusterFile.parse(
            text: """
                cluster: geneva
                kind: \(kind)
                audiences: {management: [198.51.100.0/24], users: [0.0.0.0/0]}
                nodes: {n1: {}, n2: {}, n3: {}}
                \(kind == "target" ? "nfs: {server: n1, shares: {data: {path: /nfs-root}}}" : "")
                networks: {public: {}, nuvla-backend: {}}
                stacks: \(stacks)
                """, file: "c.yaml")
    }

    static func made(_ stacks: String, _ name: String, kind: String = "target", files: [String: String] = [:]) throws -> MadeBundle {
        let spec = try spec(stacks, kind: kind)
        let stack = try #require(spec.stacks.first { $0.name.rawValue == name })
        return try BundleMaker.make(stack: stack, spec: spec, facts: facts) { files[$0].map { Array($0.utf8) } }
    }

    @Test func everyFileOfTheFolderIsInTheProgram() throws {
        var shipped: [String: [UInt8]] = [:]
        for entry in try FileManager.default.contentsOfDirectory(atPath: Self.folder.path) {
            #expect(CatalogueIndex.entry(entry) != nil, "packaging/catalogue/\(entry) is no entry of CatalogueIndex")
            for file in try FileManager.default.contentsOfDirectory(atPath: Self.folder.appending(path: entry).path) {
                #expect(file.hasPrefix("\(entry)."), "files of all entries are in one namespace: \(file)")
                let name = file.dropFirst(entry.count + 1)
                let path = name == "compose.yml" ? "docker-compose.yml" : String(name)
                shipped["\(entry)/\(path)"] = Array(try Data(contentsOf: Self.folder.appending(path: "\(entry)/\(file)")))
            }
        }
        #expect(shipped.keys.sorted() == CatalogueFiles.all.keys.sorted())
        for (path, bytes) in shipped { #expect(CatalogueFiles.all[path]?.count == bytes.count, "\(path)") }
    }

    @Test func everyEntryAndVariantHasItsFilesAndItsPage() throws {
        for entry in CatalogueIndex.entries {
            #expect(CatalogueFiles.all["\(entry.name)/docker-compose.yml"] != nil)
            for variant in entry.variants { #expect(CatalogueFiles.all["\(entry.name)/\(variant.name).yml"] != nil) }
            let page = Self.folder.appending(path: "../../docs/catalogue/\(entry.name).md")
            let text = try String(contentsOf: page, encoding: .utf8)
            for option in entry.options {
                #expect(text.contains("`\(option.name)`"), "docs/catalogue/\(entry.name).md says nothing of \(option.name)")
                if let other = option.other, !other.isEmpty { #expect(text.contains("`\(other)`"), "\(option.name)'s default is \(other)") }
            }
        }
    }

    @Test(arguments: ["target", "host"]) func whatAKindRunsByItselfHasNoFindings(kind: String) throws {
        let spec = try ClusterFile.parse(
            text: """
                cluster: geneva
                kind: \(kind)
                audiences: {management: [198.51.100.0/24], users: [0.0.0.0/0]}
                nodes: {n1: {}, n2: {}, n3: {}}
                \(kind == "target" ? "nfs: {server: n1, shares: {data: {path: /nfs-root}}}" : "")
                """, file: "c.yaml")
        let made = try BundleMaker.makeAll(spec: spec, facts: Self.facts) { _ in nil }
        #expect(made.warnings == [] && made.paths == [] && made.bundles.count == spec.stacks.count && !made.bundles.isEmpty)
        for bundle in made.bundles {
            #expect(Set(bundle.networks).isSubset(of: spec.networks.map(\.name)), "\(bundle.name)")
            #expect(!bundle.compose.contains("${"))
        }
    }

    @Test func traefikShowsACertificateOfSkepsOwn() throws {
        let made = try Self.made("{traefik: {from: catalogue, network: public}}", "traefik")
        #expect(made.findings.filter { $0.level != .note } == [] && made.paths == [] && made.bundle.networks.map(\.rawValue) == ["public"])
        #expect(made.bundle.file(".skep/configs/certificate") == "made: certificate\n" && made.bundle.file(".skep/secrets/key") == "made: key\n")
        #expect(made.bundle.publications.map(\.port.first) == [80, 443, 8080] && made.bundle.publications.allSatisfy(\.host))
        #expect(made.bundle.compose.contains("image: \"traefik:v3.7.15\"") && made.bundle.compose.contains("--providers.swarm.network=public"))
    }

    @Test func traefikTakesAVersionAndAGivenCertificate() throws {
        let stacks = "{traefik: {from: catalogue, network: public, env: {TRAEFIK_VERSION: v3.9.0}, files: {certificate: tls/a.crt, key: tls/a.key}}}"
        let made = try Self.made(stacks, "traefik", files: ["tls/a.crt": "leaf", "tls/a.key": "private"])
        #expect(made.bundle.compose.contains("traefik:v3.9.0") && made.paths == ["tls/a.crt", "tls/a.key"])
        #expect(made.bundle.file("certificate") == "leaf" && made.bundle.file("key") == "private")
        #expect { _ = try Self.made(stacks, "traefik", files: ["tls/a.crt": "leaf"]) } throws: {
            ($0 as? ComposeError)?.diagnostics.contains { $0.message.contains("key") } == true
        }
    }

    @Test(arguments: [
        ("", "rclone/rclone:1.75.0"), ("S3_SERVER: minio", "quay.io/minio/minio:"), ("S3_SERVER: minio-console", "https://s3.acme.ch/minio"),
    ])
    func s3HasAShareAndAHostNameOfItsOwn(option: String, sign: String) throws {
        let made = try Self.made(
            "{traefik: {from: catalogue, network: public}, s3: {from: catalogue, share: data, env: {S3_HOST: s3.acme.ch, \(option)}}}", "s3")
        #expect(made.findings.filter { $0.level != .note } == [] && made.bundle.networks.map(\.rawValue) == ["public"])
        #expect(made.bundle.compose.contains("Host(`s3.acme.ch`)") && made.bundle.compose.contains(sign))
        #expect(made.bundle.compose.contains("node.labels.skep.write.data == true") && made.bundle.compose.contains("user: \"65534:65534\""))
        #expect(!made.bundle.compose.contains("made: "), "no key is in the compose file")
        #expect(["wget -S", "curl -fs"].count { made.bundle.compose.contains($0) } == 1, "a check is one command")
    }

    @Test(arguments: [("http", "HTTPCHALLENGE"), ("tls", "TLSCHALLENGE")]) func acmeTakesOneChallenge(challenge: String, sign: String) throws {
        let env = "ACME_DOMAIN: a.acme.ch, ACME_EMAIL: ops@acme.ch, ACME_CHALLENGE: \(challenge), ACME_STAGING: true"
        let made = try Self.made("{traefik-acme: {from: catalogue, network: public, env: {\(env)}}}", "traefik-acme")
        #expect(made.findings.filter { $0.level != .note } == [])
        #expect(made.bundle.compose.contains(sign) && made.bundle.compose.contains("acme-staging-v02"))
        #expect(made.bundle.compose.contains("node.labels.skep.node == n1"))
        #expect(["HTTPCHALLENGE", "TLSCHALLENGE"].count { made.bundle.compose.contains($0) } == 1)
    }

    @Test func streamsRunOnOneNodeOrOnThree() throws {
        let one = try Self.made("{nuvla-streams: {from: catalogue}}", "nuvla-streams", kind: "host")
        #expect(one.findings.filter { $0.level != .note } == [] && one.bundle.networks.map(\.rawValue) == ["nuvla-backend"])
        #expect(one.bundle.publications == [], "Kafka is closed to the outside")
        #expect(one.bundle.compose.contains("node.labels.skep.node == n2"), "the first worker has the data")
        let env = "STREAMS_REPLICAS: 3, STREAMS_NODE_2: n3, STREAMS_NODE_3: n1"
        let three = try Self.made("{nuvla-streams: {from: catalogue, node: n2, env: {\(env)}}}", "nuvla-streams", kind: "host")
        #expect(three.findings.filter { $0.level != .note } == [])
        for node in ["n1", "n2", "n3"] { #expect(three.bundle.compose.contains("node.labels.skep.node == \(node)")) }
        #expect { _ = try Self.made("{nuvla-streams: {from: catalogue, env: {STREAMS_REPLICAS: 3}}}", "nuvla-streams", kind: "host") } throws: {
            ($0 as? ComposeError)?.diagnostics.contains { $0.message.contains("STREAMS_NODE_2") } == true
        }
    }

    @Test func theDatabaseHasItsKernelSettingAndItsBackup() throws {
        let stacks = "{nuvla-db: {from: catalogue, files: {s3-access-key: a, s3-secret-key: b}, env: {ES_BACKUP_BUCKET: nuvla}}}"
        #expect(try Self.spec(stacks, kind: "host").nodes.map { $0.sysctls["vm.max_map_count"] } == [nil, "262144", nil])
        let made = try Self.made(stacks, "nuvla-db", kind: "host", files: ["a": "access", "b": "secret"])
        #expect(made.findings.filter { $0.level != .note } == [] && made.paths == ["a", "b"])
        #expect(!made.bundle.compose.contains("secret\n") && made.bundle.services.contains("backup"))
        #expect(!(try Self.made("{nuvla-db: {from: catalogue}}", "nuvla-db", kind: "host")).bundle.services.contains("backup"))
    }

    @Test func theServerHasNoDefaultPasswordAndNoSecretInItsEnvironment() throws {
        let made = try Self.made(
            "{traefik: {from: catalogue, network: public}, nuvla-core: {from: catalogue, env: {NUVLA_HOST: nuvla.acme.ch}}}", "nuvla-core",
            kind: "host")
        #expect(made.findings.filter { $0.level != .note } == [] && made.bundle.networks.map(\.rawValue) == ["nuvla-backend", "public"])
        #expect(made.bundle.compose.contains("Host(`nuvla.acme.ch`)") && !made.bundle.compose.contains("supeR8"))
        for line in made.bundle.compose.split(separator: "\n") where line.contains("PASSWORD") || line.contains("ENCRYPTION_KEY") {
            Issue.record("a secret in the environment: \(line)")
        }
        #expect(made.bundle.files.keys.filter { $0.hasPrefix(".skep/secrets/") }.count == 3)
        #expect(!made.bundle.services.contains("mail"))
    }

    @Test func theServerIsToldItsMailServer() throws {
        func made(_ options: String) throws -> MadeBundle {
            try Self.made("{nuvla-core: {from: catalogue, network: public, \(options)}}", "nuvla-core", kind: "host", files: ["pw": "s3cr3t-of-mail"])
        }
        let relay = try made("env: {SMTP_HOST: relay.acme.ch, SMTP_PORT: 25, SMTP_SSL: false}")
        #expect(relay.findings.filter { $0.level != .note } == [] && relay.bundle.services.contains("mail") && relay.paths == [])
        #expect(relay.bundle.compose.contains("SMTP_PORT: \"25\"") && !relay.bundle.compose.contains("SMTP_PASSWORD_FILE"))
        let login = try made("env: {SMTP_HOST: smtp.acme.ch, SMTP_USER: nuvla}, files: {smtp-password: pw}")
        #expect(login.findings.filter { $0.level != .note } == [] && login.paths == ["pw"])
        #expect(login.bundle.file("smtp-password") == "s3cr3t-of-mail" && !login.bundle.compose.contains("s3cr3t-of-mail"))
    }

    /// What does nothing without the rest is refused, rather than left out.
    @Test(arguments: [
        (
            "nuvla-db: {from: catalogue, env: {ES_BACKUP_BUCKET: b}}",
            "has ES_BACKUP_BUCKET and no s3-access-key, without which it does nothing; add 'files: {s3-access-key: ./FILE}', or remove it"
        ),
        (
            "nuvla-db: {from: catalogue, files: {s3-access-key: a, s3-secret-key: b}}",
            "has s3-access-key and no ES_BACKUP_BUCKET, without which it does nothing; add 'env: {ES_BACKUP_BUCKET: …}', or remove it"
        ),
        (
            "nuvla-core: {from: catalogue, network: public, env: {SMTP_HOST: a}, files: {smtp-password: pw}}",
            "has smtp-password and no SMTP_USER, without which it does nothing; add 'env: {SMTP_USER: …}', or remove it"
        ),
        (
            "nuvla-core: {from: catalogue, network: public, env: {SMTP_HOST: a, SMTP_PORT: smtp}}",
            "'SMTP_PORT' must be a number from 1 to 65535, not 'smtp'"
        ),
    ]) func halfAnOptionIsRefused(stack: String, words: String) {
        #expect {
            _ = try Self.spec("{\(stack)}", kind: "host")
        } throws: { error in
            let said = (error as? ClusterFileError)?.diagnostics.map(\.description) ?? []
            return said.contains { $0.contains(words) && !$0.contains(":0:") }
        }
    }

    /// Whatever an entry is made of: nothing phones home, every service says when it is healthy, and none may eat its node.
    @Test(arguments: CatalogueIndex.entries.map(\.name)) func everyServiceIsBoundAndSilent(_ name: String) throws {
        var services: [String: YAMLNode] = [:]
        for (path, bytes) in CatalogueFiles.all where path.hasPrefix("\(name)/") && path.hasSuffix(".yml") {
            guard let root = try YAMLReader.read(String(decoding: bytes, as: UTF8.self), file: path) else { continue }
            for service in root["services"]?.map ?? [] where service.value["image"] != nil { services["\(path): \(service.key)"] = service.value }
        }
        #expect(!services.isEmpty)
        for (place, service) in services {
            let isVariant = !place.hasPrefix("\(name)/docker-compose.yml")
            let image = service.text("image") ?? ""
            #expect(isVariant && service["healthcheck"] == nil || service["healthcheck"]?["test"] != nil, "\(place) has no health check")
            #expect(
                isVariant && service["deploy"] == nil || service["deploy"]?["resources"]?["limits"]?["memory"] != nil,
                "\(place) has no limit of memory")
            #expect(image.contains(":${") || image.contains("_IMAGE}"), "\(place): the version of \(image) is no option")
            let text = (try? YAMLWriter.write(service)) ?? ""
            let silent: [(image: String, words: [String])] = [
                ("traefik:", ["checkNewVersion", "sendAnonymousUsage"]),
                ("grafana/", ["GF_ANALYTICS_REPORTING_ENABLED", "GF_ANALYTICS_CHECK_FOR_UPDATES"]),
                ("MINIO_IMAGE", ["MINIO_UPDATE"]), ("cp-ksqldb", ["SUPPORT_METRICS_ENABLE"]),
            ]
            for kind in silent where image.contains(kind.image) {
                for word in kind.words {
                    let line = text.split(separator: "\n").first {
                        $0.replacing("_", with: "").lowercased().contains(word.replacing("_", with: "").lowercased())
                    }
                    let isOff = line.map { $0.contains("false") || $0.contains("off") || $0.contains("\"0\"") } == true
                    #expect(isOff, "\(place) does not switch \(word) off: \(line ?? "")")
                }
            }
        }
    }
}
