import SkepClusterFile
import SkepModel

/// A good cluster file in lines, of which a test replaces some.
enum Sample {
    static let lines = [
        "cluster: geneva", // 1
        "kind: target", // 2
        "audiences:", // 3
        "  management: [198.51.100.0/24]", // 4
        "  nodes: [10.77.0.0/16]", // 5
        "  users: [0.0.0.0/0, \"::/0\"]", // 6
        "managers: 1", // 7
        "nodes:", // 8
        "  n1: {role: manager, labels: {type: frontend}}", // 9
        "  n2: {sysctls: {vm.max_map_count: 262144}}", // 10
        "  n3: {}", // 11
        "docker: {hold: true}", // 12
        "nfs:", // 13
        "  server: n1", // 14
        "  shares:", // 15
        "    data: {path: /nfs-root, write: [n1], owner: \"65534:65534\", mode: \"0750\"}", // 16
        "    more: {path: /srv/more}", // 17
        "firewall: {allow: {9100: [management]}}", // 18
        "networks: {public: {}}", // 19
        "stacks:", // 20
        "  traefik: {from: catalogue, tls: self-signed, network: public}", // 21
        "  shop: {compose: ./shop/compose.yml, env: {TAG: \"1.4\"}, after: [traefik], expose: {8443: [users]}}", // 22
        "policy: {approval: false}", // 23
    ]

    static func with(_ changes: [Int: String]) -> String {
        lines.enumerated().map { changes[$0.offset + 1] ?? $0.element }.joined(separator: "\n") + "\n"
    }

    /// Every diagnostic as `line:column message; fix`.
    static func refusals(_ changes: [Int: String]) -> [String] { refusals(of: with(changes)) }

    static func refusals(of text: String) -> [String] {
        do {
            _ = try ClusterFile.parse(text: text, file: "c.yaml")
            return []
        } catch {
            return error.diagnostics.map { String($0.description.dropFirst("c.yaml:".count)) }
        }
    }
}
