import Foundation
import SkepSystem
import Testing

/// `skep stack doctor` and `skep stack render`, as processes.
@Suite struct StackCommandTests {
    private static let bad = """
        services:
          web:
            image: acme/web:1.0.0
            ports: ["9200:80"]
            volumes: ["./x:/x"]

        """

    @Test func findingsAreLinesWithTheirPlaceAndRule() async throws {
        let desk = try Desk()
        try desk.write("shop/docker-compose.yml", Self.bad)
        let result = try await desk.skep(["stack", "doctor", "shop/docker-compose.yml"])
        #expect(result.termination == .exited(1))
        let lines = result.output.split(separator: "\n")
        #expect(lines.count == 2 && lines[0].hasPrefix("shop/docker-compose.yml:4:13: warning: the port 9200/tcp of 'web'"))
        #expect(lines.last?.hasPrefix("shop/docker-compose.yml:5:15: error: ") == true && lines.last?.hasSuffix("[bind-path]") == true)
        #expect(result.errorOutput == "1 error, 1 warning\n")
    }

    @Test func whatIsFineIsSilentAndNotesAreAskedFor() async throws {
        let desk = try Desk()
        try desk.write("docker-compose.yml", "services: {web: {image: \"acme/web:1.0.0\"}}\n")
        let fine = try await desk.skep(["stack", "doctor", "docker-compose.yml"])
        #expect(fine.termination == .exited(0) && fine.output.isEmpty && fine.errorOutput == "nothing found\n")
        let notes = try await desk.skep(["stack", "doctor", "--notes", "docker-compose.yml"])
        #expect(notes.termination == .exited(0) && notes.output.contains("[no-version]"))
    }

    @Test func warningsCountWhereTheyAreAskedTo() async throws {
        let desk = try Desk()
        try desk.write("docker-compose.yml", "services: {web: {image: \"acme/web:1.0.0\", restart: always}}\n")
        #expect(try await desk.skep(["stack", "doctor", "docker-compose.yml"]).termination == .exited(0))
        #expect(try await desk.skep(["stack", "doctor", "--strict", "docker-compose.yml"]).termination == .exited(1))
    }

    @Test func jsonAndSARIFHaveTheirForms() async throws {
        let desk = try Desk()
        try desk.write("shop/docker-compose.yml", Self.bad)
        let json = try await desk.skep(["stack", "doctor", "--json", "shop/docker-compose.yml"])
        let rows = try #require(try JSONSerialization.jsonObject(with: Data(json.stdout)) as? [[String: Any]])
        #expect(rows.map { $0["rule"] as? String } == ["port-open", "bind-path"])
        #expect(Set(rows[0].keys) == ["rule", "level", "file", "line", "column", "service", "message", "fix"])
        let sarif = try await desk.skep(["stack", "doctor", "--sarif", "shop/docker-compose.yml"])
        let log = try #require(try JSONSerialization.jsonObject(with: Data(sarif.stdout)) as? [String: Any])
        let run = try #require((log["runs"] as? [[String: Any]])?.first)
        let results = try #require(run["results"] as? [[String: Any]])
        #expect(log["version"] as? String == "2.1.0" && results.map { $0["level"] as? String } == ["warning", "error"])
        let physical = ((results[1]["locations"] as? [[String: Any]])?.first?["physicalLocation"] as? [String: Any])
        #expect((physical?["artifactLocation"] as? [String: Any])?["uri"] as? String == "shop/docker-compose.yml")
        #expect((physical?["region"] as? [String: Any])?["startLine"] as? Int == 5)
        let rules = ((run["tool"] as? [String: Any])?["driver"] as? [String: Any])?["rules"] as? [[String: Any]]
        let index = try #require(results[1]["ruleIndex"] as? Int)
        #expect(rules?[index]["id"] as? String == "bind-path")
        #expect(try await desk.skep(["stack", "doctor", "--json", "--sarif", "x.yml"]).termination == .exited(2))
    }

    @Test func aClusterFileSaysWhatItsStacksMayRelyOn() async throws {
        let desk = try Desk()
        try desk.write(
            "cluster.yaml",
            """
            cluster: geneva
            kind: target
            audiences: {management: [127.0.0.0/8], nodes: [127.0.0.0/8]}
            nodes: {n1: {}}
            networks: {public: {}}
            stacks: {shop: {compose: [shop/a.yml, shop/b.yml], env: {TAG: "1.4"}, expose: {9200: [management]}}}

            """)
        try desk.write(
            "shop/a.yml",
            "services: {web: {image: \"acme/web:${TAG:?}\", ports: [\"9200:80\"], networks: [public]}}\nnetworks: {public: {external: true}}\n")
        try desk.write("shop/b.yml", "services: {web: {deploy: {replicas: 2}}}\n")
        let fine = try await desk.skep(["stack", "doctor", "-f", "cluster.yaml"])
        #expect(fine.termination == .exited(0) && fine.output.isEmpty, "\(fine.output)\(fine.errorOutput)")
        let render = try await desk.skep(["stack", "render", "-f", "cluster.yaml", "shop"])
        #expect(render.termination == .exited(0) && render.output.contains("image: \"acme/web:1.4\"") && render.output.contains("replicas: 2"))
        let alone = try await desk.skep(["stack", "render", "-c", "shop/a.yml", "-c", "shop/b.yml"])
        #expect(alone.termination == .exited(2) && alone.errorOutput.hasPrefix("shop/a.yml:1:25: the variable 'TAG' is required"))
        let given = try await desk.skep(["stack", "render", "-c", "shop/a.yml", "-c", "shop/b.yml", "--env", "TAG=2.0", "--name", "other"])
        #expect(given.termination == .exited(0) && given.output.contains("skep.stack: other") && given.output.contains("acme/web:2.0"))
    }

    /// The doctor of a cluster file says no less than `skep apply` would refuse.
    @Test func whatIsWrongBetweenStacksIsFoundToo() async throws {
        let desk = try Desk()
        try desk.write(
            "cluster.yaml",
            """
            cluster: geneva
            kind: target
            audiences: {management: [127.0.0.0/8], nodes: [127.0.0.0/8]}
            nodes: {n1: {}}
            docker: {registries: {logins: {r.example.com: {user: robot, password-file: ./none}}}}
            stacks: {a: {compose: a.yml, expose: {9000: [management]}}, b: {compose: b.yml}, c: {compose: c.yml}}

            """)
        for name in ["a", "b"] { try desk.write("\(name).yml", "services: {web: {image: \"acme/web:1.0.0\", ports: [\"9000:80\"]}}\n") }
        let result = try await desk.skep(["stack", "doctor", "-f", "cluster.yaml"])
        #expect(result.termination == .exited(1))
        #expect(
            result.output.split(separator: "\n").filter { $0.contains(" error: ") }.map { $0.split(separator: ";")[0] } == [
                "cluster.yaml:6:95: error: the compose file is not there (c.yml)",
                "cluster.yaml:5:76: error: 'none' is not there, or holds no password for r.example.com",
                "cluster.yaml:6:61: error: the port 9000/tcp is published by 'web' of the stack 'b' and by 'web' of 'a'",
            ], "\(result.output)")
    }

    @Test func scriptsAndMissingFilesAreSaid() async throws {
        let desk = try Desk()
        try desk.write("deploy.sh", "#!/bin/sh\ndocker swarm init --force-new-cluster\n")
        let script = try await desk.skep(["stack", "doctor", "deploy.sh"])
        #expect(script.termination == .exited(1) && script.output.hasPrefix("deploy.sh:2:1: error: "))
        let missing = try await desk.skep(["stack", "doctor", "none.yml"])
        #expect(missing.termination == .exited(1) && missing.output.hasPrefix("none.yml: error: the compose file is not there"))
        #expect(try await desk.skep(["stack", "doctor"]).termination == .exited(2))
    }
}
