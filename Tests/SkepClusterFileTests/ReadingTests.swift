import SkepClusterFile
import SkepModel
import SkepYAML
import Testing

@Suite struct ReadingTests {
    private func spec(_ changes: [Int: String] = [:]) throws -> ClusterSpec { try ClusterFile.parse(text: Sample.with(changes), file: "c.yaml") }

    @Test func readsTheWholeFileWithDefaults() throws {
        let spec = try spec()
        #expect(spec.name.rawValue == "geneva" && spec.kind == .target)
        #expect(spec.audiences[.users]?.map(\.description) == ["0.0.0.0/0", "::/0"])
        #expect(spec.nodes.map(\.name.rawValue) == ["n1", "n2", "n3"])
        #expect(spec.nodes.map(\.role) == [.manager, .worker, .worker])
        #expect(spec.nodes[0].labels == ["type": "frontend"] && spec.nodes[1].sysctls == ["vm.max_map_count": "262144"])
        #expect(spec.docker == ClusterSpec.Docker())
        let more = try #require(spec.nfs?.shares.last)
        #expect(more.mount == "/srv/more" && more.write.map(\.rawValue) == ["n1"] && more.owner == "65534:65534" && more.mode == "0750")
        #expect(spec.allow == [.init(ports: try #require(PortRange(9100)), audiences: [.management])])
        #expect(spec.stacks[0].source == .catalogue && spec.stacks[0].network?.rawValue == "public")
        #expect(spec.stacks[1].source == .compose("shop/compose.yml") && spec.stacks[1].environment == ["TAG": "1.4"])
        #expect(spec.stacks[1].after.map(\.rawValue) == ["traefik"])
        #expect(spec.policy == ClusterSpec.Policy())
    }

    @Test func fillsManagersFromUnmarkedNodesInTheFilesOrder() throws {
        #expect(try spec([7: "managers: 3"]).nodes.map(\.role) == [.manager, .manager, .manager])
        #expect(try spec([7: "", 9: "  n1: {}"]).nodes.map(\.role) == [.manager, .worker, .worker])
        #expect(try spec([9: "  n1: {role: worker}"]).nodes.map(\.role) == [.worker, .manager, .worker])
        #expect(try spec([9: "  n1: {}", 11: "  n3: {role: manager}"]).nodes.map(\.role) == [.worker, .worker, .manager])
    }

    @Test func readsEveryDockerKey() throws {
        let docker = try spec([
            12:
                "docker: {address-pool: 10.200.0.0/16, data-path-port: 4790, mtu: 1400, registries: {mirrors: [\"http://a:5000\"], insecure: [\"a:5000\"]}}"
        ]).docker
        #expect(
            docker.addressPool == .fixed(try #require(CIDR("10.200.0.0/16"))) && docker.dataPathPort == .fixed(4790) && docker.mtu == .fixed(1400))
        #expect(docker.mirrors == ["http://a:5000"] && docker.insecure == ["a:5000"])
        #expect(try spec([12: "docker: {data-path-port: 4789}"]).docker.dataPathPort == .fixed(4789))
        let text = "docker: {registries: {authorities: {\"r.io:5000\": ./ca.crt}, logins: {docker.io: {user: robot, password-file: keys/hub}}}}"
        let registries = try spec([12: text]).docker
        #expect(registries.authorityFiles == ["r.io:5000": "ca.crt"] && registries.authorities == nil)
        #expect(registries.logins == ["docker.io": .init(user: "robot", passwordFile: "keys/hub")] && registries.files == ["ca.crt", "keys/hub"])
    }

    @Test func readsPortsWithTransportsAndRanges() throws {
        let allow = try spec([18: "firewall: {allow: {9000-9010/tcp+udp: [users], 9100/udp: [cluster, management]}}"]).allow
        #expect(allow.map(\.ports.description) == ["9000-9010", "9100"])
        #expect(allow.map(\.transports) == [[.tcp, .udp], [.udp]])
        #expect(allow[1].audiences == [.cluster, .management])
        // Ports of the data path and of NFS version 3 are anybody's when neither has them.
        #expect(try spec([12: "docker: {data-path-port: 4789}", 18: "firewall: {allow: {7789: [users], 33333: [users]}}"]).allow.count == 2)
    }

    @Test func saysWhereAValueStands() throws {
        let parsed = try ClusterFile.read(text: Sample.with([:]), file: "c.yaml")
        #expect(parsed.place("stacks.shop.compose").map { [$0.line, $0.column] } == [22, 19])
        #expect(parsed.place("stacks.shop").map { [$0.line, $0.column] } == [22, 3])
        #expect(parsed.place("stacks.shop.share") == nil)
    }

    /// Data do not follow a node's name: a choice that the file left open stays made.
    @Test func theDataOfTheCataloguesStacksStayWhereTheyAre() throws {
        func read(_ nodes: String, _ stacks: String = "", standing: ClusterSpec? = nil) throws(ClusterFileError) -> ClusterSpec {
            let audiences = "audiences: {management: [10.0.0.0/8], nodes: [10.0.0.0/8], users: [10.0.0.0/8]}"
            let text = "cluster: geneva\nkind: host\n\(audiences)\nnodes: {\(nodes)}\n\(stacks)"
            return try ClusterFile.read(text: text, file: "c.yaml", standing: standing).spec
        }
        func home(_ spec: ClusterSpec) -> String? { spec.stacks.first { $0.name.rawValue == "nuvla-db" }?.home?.rawValue }
        let first = try read("m: {role: manager}, w: {}")
        #expect(home(first) == "w" && first.nodes.last?.sysctls["vm.max_map_count"] == "262144")
        let more = "m: {role: manager}, a: {}, w: {}"
        #expect(home(try read(more)) == "a", "another cluster's is the first worker's")
        let grown = try read(more, standing: first)
        #expect(home(grown) == "w" && grown.nodes[1].sysctls == [:] && grown.nodes[2].sysctls["vm.max_map_count"] == "262144")
        let named = "networks: {nuvla-backend: {}}\nstacks: {nuvla-db: {from: catalogue}}\n"
        #expect(home(try read(more, named, standing: first)) == "w")
        #expect(home(try read(more, named.replacing("from: catalogue", with: "from: catalogue, node: a"), standing: first)) == "a", "it says so")

        for stacks in ["", named] {
            do {
                _ = try read("m: {role: manager}, a: {}", stacks, standing: first)
                Issue.record("the data of nuvla-db would be left behind")
            } catch {
                #expect(error.diagnostics.contains { $0.message == "the data of 'nuvla-db' are on w, which is not in the file any more" })
                #expect(error.diagnostics.first?.fix?.contains("nuvla-db: {from: catalogue, node: NODE}") == true)
            }
        }
    }

    @Test func followsAnchorsAndMergeKeys() throws {
        let spec = try spec([9: "  n1: &base {labels: {type: frontend}}", 10: "  n2: {<<: *base, role: worker}", 11: "  n3: *base"])
        #expect(spec.nodes.map(\.labels) == Array(repeating: ["type": "frontend"], count: 3))
    }

    @Test func takesAByteOrderMarkForNothing() throws {
        #expect(try ClusterFile.parse(text: "\u{feff}" + Sample.with([:]), file: "c.yaml") == spec())
        #expect(Sample.refusals(of: "\u{feff}" + Sample.with([1: "claster: geneva"])).contains { $0.hasPrefix("1:1: unknown key 'claster'") })
    }

    @Test func takesForAliasesOnlyWhatIsOne() throws {
        let text = """
            a: &a {b: c}
            d: *a
            script: |
              ? what
              * note : this
              *d : x
            quoted: ["{*a : 1}", '? *a', plain *a : 1] # {*a : 1}
            '*x' : 1
            ? plain
            : y

            """
        let root = try #require(try YAMLReader.read(text, file: "a.yaml"))
        #expect(root.map?.map(\.key) == ["a", "d", "script", "quoted", "*x", "plain"])
        #expect(root["d"]?["b"]?.scalar?.text == "c")
        #expect(root["script"]?.scalar?.text == "? what\n* note : this\n*d : x\n")
    }

    @Test func refusesWhatIsNoFile() {
        #expect(Sample.refusals(of: "") == ["1:1: the file is empty; begin with 'cluster: NAME' and 'kind: target'"])
        #expect(Sample.refusals(of: "- a\n") == ["1:1: the file must be a mapping, not a list; write 'key: value' lines or {}"])
        #expect(Sample.refusals(of: "a: 1\n---\nb: 2\n").first?.hasPrefix("2:1: this is not YAML") == true)
        #expect(Sample.refusals(of: "cluster: \u{1}\n").first?.hasPrefix("1:10: this is not YAML") == true)
    }

    @Test func refusesBombsQuickly() {
        #expect(
            Sample.refusals(of: "a: \(String(repeating: "x", count: YAMLReader.sizeLimit))").first?.hasPrefix("1:1: the file has 1048579 bytes")
                == true)
        var bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n"
        for level in 1...12 { bomb += "a\(level): &a\(level) [\((0..<10).map { _ in "*a\(level - 1)" }.joined(separator: ", "))]\n" }
        #expect(Sample.refusals(of: bomb).first?.contains("too many pieces") == true)
        let keys = [
            "? *a12\n: x\n", "*a12 : x\n", "x: {*a12 : 1}\n", "x: {*a12: 1}\n", "x: {*a12:1}\n", "x: {? *a12 : 1}\n", "x: {?*a12 : 1}\n",
            "x: [*a12 : 1]\n", "x: [? *a12]\n", "x: {[*a12]: 1}\n", "? [*a12]\n: x\n", "? - *a12\n: x\n",
            "? x: *a12\n: x\n",
        ]
        for key in keys { #expect(Sample.refusals(of: bomb + key).first?.contains("a key is a structure or an alias") == true, "\(key)") }
        #expect(Sample.refusals(of: String(repeating: "[", count: 50_000)).first?.contains("this is not YAML") == true)
        let deep = String(repeating: "[", count: 900) + String(repeating: "]", count: 900)
        #expect(Sample.refusals(of: deep).first?.contains("nested too deeply") == true)
    }

    @Test func findsAllThatIsWrongAtOnce() {
        #expect(
            Sample.refusals([2: "kind: x", 7: "managers: 2", 14: "  server: n7", 23: "policy: {x: 1}"]).map { $0.prefix(4) } == [
                "2:7:", "7:11", "14:1", "23:1",
            ])
    }
}

@Suite struct DifferenceTests {
    private func spec(_ changes: [Int: String] = [:]) throws -> ClusterSpec { try ClusterFile.parse(text: Sample.with(changes), file: "c.yaml") }

    @Test func equalSpecsDifferInNothing() throws {
        #expect(SpecDifference.lines(try spec(), try spec()) == [])
        #expect(SpecDifference.lines(try spec(), try spec([23: ""])) == [])
    }

    @Test func namesEachChange() throws {
        let lines = SpecDifference.lines(
            try spec(),
            try spec([
                7: "managers: 3", 10: "  n2: {labels: {zone: b}}", 17: "", 18: "", 22: "  shop: {compose: ./shop/compose.yml, env: {TAG: \"1.5\"}}",
            ]))
        #expect(
            lines == [
                "- allow 9100/tcp: management", "~ node n2: worker → manager", "+ node n2 label zone: b", "- node n2 sysctl vm.max_map_count: 262144",
                "~ node n3: worker → manager", "- share more: /srv/more on /srv/more, written by n1, 65534:65534 0750", "- stack shop after: traefik",
                "- stack shop expose 8443/tcp: users", "~ stack shop variable TAG",
            ])
    }

    @Test func aNewClusterIsNewInAllParts() throws {
        let lines = SpecDifference.lines(nil, try spec())
        #expect(lines.first == "+ cluster geneva (target)")
        #expect(lines.contains("+ stack traefik: from the catalogue"))
        #expect(lines.allSatisfy { $0.hasPrefix("+ ") && !$0.contains("1.4") })
    }
}
