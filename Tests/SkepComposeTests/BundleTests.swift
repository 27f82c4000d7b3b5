import SkepClusterFile
import SkepCompose
import SkepModel
import SkepYAML
import Testing

@Suite struct BundleTests {
    private func document(_ bundle: StackBundle) throws -> YAMLNode { try #require(try YAMLReader.read(bundle.compose, file: "out")) }

    @Test func addsVersionLabelsAndTheWayBackAndNothingElse() throws {
        let bundle = try Stack(compose: "services:\n  web:\n    image: busybox:1.35.0\n").made().bundle
        #expect(
            bundle.compose == """
                version: "3.9"
                services:
                  web:
                    image: "busybox:1.35.0"
                    deploy:
                      update_config:
                        failure_action: rollback
                      labels:
                        skep.bundle: "\(bundle.digest)"
                        skep.managed: "true"
                        skep.stack: shop

                """)
        #expect(bundle.digest.count == 64 && bundle.services == ["web"] && bundle.files.isEmpty && bundle.networks.isEmpty)
    }

    @Test func whatAnUpdateDoesWhenItFailsMayBeSaid() throws {
        let given = "services: {web: {image: a, deploy: {update_config: {failure_action: continue, delay: 5s}}}}\n"
        let update = try document(try Stack(compose: given).made().bundle)["services"]?["web"]?["deploy"]?["update_config"]
        #expect(update?["failure_action"]?.scalar?.text == "continue" && update?["delay"]?.scalar?.text == "5s")
    }

    @Test func isTheSameForTheSameFilesAndAnotherForOthers() throws {
        let compose = "services: {web: {image: a, configs: [c]}}\nconfigs: {c: {file: ./c.txt}}\n"
        let first = try Stack(compose: compose, files: ["shop/c.txt": "one"]).made().bundle
        let again = try Stack(compose: compose, files: ["shop/c.txt": "one"]).made().bundle
        let other = try Stack(compose: compose, files: ["shop/c.txt": "two"]).made().bundle
        #expect(first == again && first.digest != other.digest)
    }

    @Test func namesConfigsAndSecretsByTheirContent() throws {
        let made = try Stack(
            compose: """
                services: {web: {image: a, configs: [conf], secrets: [{source: key, target: k}]}}
                configs: {conf: {file: ./etc/conf}, inline: {content: "port=${PORT}"}}
                secrets: {key: {file: key.pem, name: mine}, word: {environment: WORD}, there: {external: true}}
                """, files: ["shop/etc/conf": "x", "shop/key.pem": "y"], options: ", env: {PORT: 80, WORD: w}"
        ).made()
        let document = try document(made.bundle)
        // sha256 of "x", "y" and "port=80"
        #expect(document["configs"]?["conf"]?["name"]?.scalar?.text == "shop_conf_2d711642b726")
        #expect(document["configs"]?["inline"]?["file"]?.scalar?.text == "./.skep/configs/inline")
        #expect(document["secrets"]?["key"]?["name"]?.scalar?.text == "mine_a1fce4363854")
        #expect(document["secrets"]?["there"]?["name"] == nil)
        #expect(document["configs"]?["conf"]?["labels"]?["skep.managed"]?.scalar?.text == "true")
        #expect(made.bundle.file("etc/conf") == "x" && made.bundle.file("key.pem") == "y" && made.bundle.file(".skep/configs/inline") == "port=80")
        #expect(made.bundle.file(".skep/secrets/word") == "w")
        #expect(made.paths == ["shop/compose.yml", "shop/etc/conf", "shop/key.pem"])
    }

    @Test func givesReplacedValuesTheTypeThatDockerWouldAndKeepsDollarSigns() throws {
        let bundle = try Stack(
            compose: """
                services:
                  web:
                    image: a:${TAG}
                    command: ["sh", "-c", "echo $$HOME"]
                    environment: {VERSION: "${TAG}", FLAG: "${ON}", GIVEN: }
                    ports: [{target: "${PORT}", published: "8080"}]
                    tty: ${ON}
                    deploy: {replicas: "${N:-2}"}
                """, files: ["shop/.env": "TAG=1.10\nPORT=80\nGIVEN=g\nN=9"], options: ", env: {ON: 'true', N: 3}"
        ).made().bundle
        let web = try #require(try document(bundle)["services"]?["web"])
        #expect(web["image"]?.scalar == .init("a:1.10", .text))
        #expect(web["environment"]?["VERSION"]?.scalar == .init("1.10", .text))
        #expect(web["environment"]?["FLAG"]?.scalar == .init("true", .text))
        #expect(web["environment"]?["GIVEN"]?.scalar == .init("g", .text))
        #expect(web["command"]?.list?.last?.scalar?.text == "echo $$HOME")
        #expect(web["ports"]?.list?.first?["target"]?.scalar == .init("80", .integer))
        #expect(web["ports"]?.list?.first?["published"]?.scalar == .init("8080", .integer))
        #expect(web["tty"]?.scalar == .init("true", .truth))
        #expect(web["deploy"]?["replicas"]?.scalar == .init("3", .integer))
    }

    @Test func listsPublications() throws {
        let made = try Stack(
            compose: """
                services:
                  web:
                    image: a
                    ports: ["8080:80", "9000-9002:90-92/udp", "127.0.0.1:9443:443", 80, {target: 1, published: 7000, protocol: udp, mode: host}]
                """
        ).made()
        #expect(
            made.bundle.publications.map { "\($0.port)/\($0.transport.rawValue)\($0.host ? " host" : "")" } == [
                "8080/tcp", "9000-9002/udp", "9443/tcp", "7000/udp host",
            ])
        #expect(made.warnings.contains { $0.contains("a swarm takes no notice of the address") })
        #expect(made.warnings.contains { $0.contains("the port 9443/tcp of 'web' is published and stays closed") })
        #expect(!made.warnings.contains { $0.contains("port 8080/tcp") })
    }

    @Test func listsExternalNetworksThatTheClusterMakes() throws {
        let bundle = try Stack(
            compose: """
                services: {web: {image: a, networks: [front, default]}}
                networks: {front: {external: true, name: public}, inner: {}, host: {external: true}}
                """
        ).made().bundle
        #expect(bundle.networks.map(\.rawValue) == ["public"])
    }

    @Test func placesAStackThatWritesToAShare() throws {
        let bundle = try Stack(
            compose: "services: {db: {image: a, volumes: [\"/nfs-root:/data\"], deploy: {placement: {constraints: [node.role == manager]}}}}\n",
            options: ", share: data"
        ).made().bundle
        let placement = try document(bundle)["services"]?["db"]?["deploy"]?["placement"]
        #expect(placement?["constraints"]?.list?.compactMap(\.scalar?.text) == ["node.role == manager", "node.labels.skep.write.data == true"])
    }

    @Test func takesEnvironmentFilesInAndDropsWhatASwarmDoesNotKnow() throws {
        let made = try Stack(
            compose: """
                version: "2.4"
                name: other
                x-common: &common {image: a}
                services:
                  web: {<<: *common, env_file: [./web.env, {path: no.env, required: false}], depends_on: {db: {condition: service_healthy}}, restart: always}
                  db: {<<: *common, build: .}
                """, files: ["shop/web.env": "A=1"]
        ).made()
        let document = try document(made.bundle)
        #expect(document["version"]?.scalar?.text == "3.9" && document["x-common"] == nil && document["name"] == nil)
        #expect(document["services"]?["web"]?["env_file"] == nil && document["services"]?["web"]?["environment"]?["A"]?.scalar?.text == "1")
        #expect(document["services"]?["web"]?["depends_on"] == nil && document["services"]?["db"]?["build"] == nil)
        #expect(made.bundle.files.isEmpty && made.paths == ["shop/compose.yml", "shop/web.env"])
        #expect(made.warnings.filter { $0.contains("takes no notice") }.count == 3)
    }

    @Test func whatIsAskedForAgainSaysSoInALabelOfEachService() throws {
        var bundle = try Stack(compose: "services: {a: {image: \"acme/a:1.0.0\"}, b: {image: \"acme/b:1.0.0\"}}\n").made().bundle
        #expect(bundle.handedCompose == bundle.compose)
        var pinned = bundle
        let image = try #require(bundle.images?.first)
        pinned.pins = [image: "\(image)@sha256:00"]
        #expect(pinned.handedCompose != bundle.compose && pinned.handedImages?.first == "\(image)@sha256:00")
        let service = try #require(try YAMLReader.read(pinned.handedCompose, file: "x.yml"))["services"]?.map?.first?.value
        #expect(service?["image"]?.scalar?.text == "\(image)@sha256:00")
        #expect(pinned.handedCompose.replacing("@sha256:00", with: "").replacing("\"", with: "") == bundle.compose.replacing("\"", with: ""))
        bundle.number = 2
        let document = try #require(try YAMLReader.read(bundle.handedCompose, file: "x.yml"))
        for name in ["a", "b"] {
            let labels = document["services"]?[name]?["deploy"]?["labels"]
            #expect(labels?["skep.attempt"]?.scalar?.text == "2" && labels?["skep.bundle"]?.scalar?.text == bundle.digest)
        }
    }

    @Test func foldersThatAreBoundAreKnownWithWhereTheyAreNeeded() throws {
        let made = try Stack(
            compose: """
                services:
                  a: {image: "acme/a:1.0.0", volumes: ["/srv/data/:/d", "/var/run/docker.sock:/s", "/etc/acme:/e", "/srv/acme.conf:/c", "/nfs-root/x:/x:ro"]}
                  b: {image: "acme/b:1.0.0", volumes: ["/srv/data:/d", "/srv/more:/m"], deploy: {placement: {constraints: [node.role == manager]}}}

                """
        ).made()
        #expect(
            made.bundle.binds == [
                .init(path: "/srv/data", constraints: []), .init(path: "/srv/data", constraints: ["node.role == manager"]),
                .init(path: "/srv/more", constraints: ["node.role == manager"]),
            ])
    }

    @Test func refusesPortsThatTwoStacksPublish() throws {
        let parsed = try ClusterFile.read(
            text: """
                cluster: c
                kind: target
                audiences: {management: [198.51.100.0/24]}
                nodes: {n1: {}}
                stacks: {a: {compose: a.yml}, b: {compose: b.yml}}
                """, file: "c.yaml")
        let compose = Array("services: {web: {image: a, ports: [\"9000:80\"]}}".utf8)
        #expect {
            _ = try BundleMaker.makeAll(spec: parsed.spec, clusterFile: parsed, clusterFileName: "c.yaml") { $0.hasSuffix(".yml") ? compose : nil }
        } throws: {
            ($0 as? ComposeError)?.diagnostics.map(\.description) == [
                "c.yaml:5:31: the port 9000/tcp is published by 'web' of the stack 'b' and by 'web' of 'a'; publish another port"
            ]
        }
    }

    /// On machines a port is taken there alone: it depends on whether there are machines enough.
    @Test(arguments: [("n1", true), ("n2", false)]) func refusesPortsOfMachinesThatTwoStacksWant(_ node: String, _ isRefused: Bool) throws {
        let parsed = try ClusterFile.read(
            text: """
                cluster: c
                kind: target
                audiences: {management: [198.51.100.0/24]}
                nodes: {n1: {role: manager, labels: {at: n1}}, n2: {labels: {at: n2}}}
                networks: {public: {}}
                stacks: {traefik: {from: catalogue, network: public}, b: {compose: b.yml}}
                """, file: "c.yaml")
        let compose =
            "services: {web: {image: \"a:1.0.0\", ports: [{target: 80, published: 80, mode: host}], "
            + "deploy: {placement: {constraints: [node.labels.at == \(node)]}}}}"
        let examined = BundleMaker.examineAll(spec: parsed.spec, clusterFile: parsed, clusterFileName: "c.yaml") {
            $0 == "b.yml" ? Array(compose.utf8) : nil
        }
        #expect(
            examined.between.map(\.line)
                == (isRefused
                    ? [
                        "c.yaml:6:55: error: the port 80/tcp is published by 'web' of the stack 'b' and by 'traefik' of 'traefik'; publish another port [port-taken]"
                    ] : []))
    }

    @Test func saysWhereItsImagesStandAndWhatIsAskedForWithoutReplicas() throws {
        let made = try Stack(
            compose: """
                services:
                  web: {image: "acme/web:1.0.0"}
                  other: {image: "acme/web:1.0.0", deploy: {replicas: 0}}
                  idle: {image: "acme/idle:1.0.0", scale: 0}

                """
        ).made()
        #expect(made.bundle.imagePlaces == ["acme/web:1.0.0": "shop/compose.yml:2:16", "acme/idle:1.0.0": "shop/compose.yml:4:17"])
        #expect(made.bundle.idle == ["other", "idle"])
    }

    /// What is shown to a registry goes with the stacks that pull from it, and with no other; another password is another deployment.
    @Test func loginsGoWithTheStacksThatPullWithThem() throws {
        let text =
            "cluster: c\nkind: target\naudiences: {management: [10.0.0.0/8], nodes: [10.0.0.0/8], users: [10.0.0.0/8]}\nnodes: {m: {role: manager}}\n"
            + "docker: {registries: {authorities: {r.io: ca.crt}, logins: {r.io: {user: robot, password-file: pw}, s.io: {user: a, password-file: pw}}}}\n"
            + "stacks: {own: {compose: own/c.yml}, hub: {compose: hub/c.yml}}\n"
        let spec = try ClusterFile.parse(text: text, file: "c.yaml")
        func files(_ password: String?) -> [String: String] {
            var files = [
                "own/c.yml": "services: {a: {image: \"r.io/a:1.0.0\"}}", "hub/c.yml": "services: {a: {image: \"acme/a:1.0.0\"}}",
                "ca.crt": "-----BEGIN CERTIFICATE-----\n",
            ]
            files["pw"] = password
            return files
        }
        func bundles(_ files: [String: String]) throws -> StackBundles {
            try BundleMaker.makeAll(spec: spec, read: { files[$0].map { Array($0.utf8) } })
        }
        let made = try bundles(files("secret\n"))
        #expect(made.bundles.map(\.logins) == [["r.io": RegistryLogin(user: "robot", password: "secret")], nil])
        #expect(made.bundles.map(\.images) == [["r.io/a:1.0.0"], ["acme/a:1.0.0"]])
        #expect(made.paths == ["ca.crt", "hub/c.yml", "own/c.yml", "pw"])
        let other = try bundles(files("other\n"))
        #expect(made.bundles[0].digest != other.bundles[0].digest && made.bundles[1].digest == other.bundles[1].digest)
        #expect(!made.bundles[0].compose.contains("secret"))
        for (files, words) in [
            (files(nil), "'pw' is not there, or holds no password for r.io"), (files("\n"), "'pw' is not there, or holds no password for r.io"),
            (files("a").merging(["ca.crt": "a key"]) { $1 }, "'ca.crt' holds no certificate in PEM"),
        ] {
            do {
                _ = try bundles(files)
                Issue.record("\(words) was not found")
            } catch let error as ComposeError { #expect(error.findings.contains { $0.diagnostic.message == words }, "\(error)") }
        }
    }
}
