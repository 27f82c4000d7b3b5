import SkepClusterFile
import SkepCompose
import SkepModel
import Testing

/// A cluster with one stack, `shop`, whose compose file is the test's.
struct Stack {
    var compose: String
    var files: [String: String] = [:]
    var options = ""

    static func spec(_ options: String = "") throws -> ClusterSpec {
        try ClusterFile.parse(
            text: """
                cluster: geneva
                kind: target
                audiences: {management: [198.51.100.0/24]}
                nodes: {n1: {}, n2: {}}
                nfs: {server: n1, shares: {data: {path: /nfs-root}}}
                networks: {public: {}}
                stacks:
                  traefik: {from: catalogue, network: public}
                  shop: {compose: shop/compose.yml\(options)}
                """, file: "c.yaml")
    }

    func made() throws -> MadeBundle {
        let spec = try Self.spec(options)
        var all = files.mapValues { Array($0.utf8) }
        all["shop/compose.yml"] = Array(compose.utf8)
        return try BundleMaker.make(stack: spec.stacks[1], spec: spec) { all[$0] }
    }

    /// Every diagnostic as `line:column message; fix`.
    func refusals() throws -> [String] {
        do {
            _ = try made()
            return []
        } catch let error as ComposeError {
            return error.diagnostics.map { diagnostic in
                diagnostic.file == "shop/compose.yml" ? String(diagnostic.description.dropFirst("shop/compose.yml:".count)) : diagnostic.description
            }
        }
    }
}

extension StackBundle {
    /// The text of a file of the bundle.
    func file(_ path: String) -> String? { files[path].flatMap(Self.decode) }

    private static func decode(_ base64: String) -> String? {
        var bits = 0
        var count = 0
        var bytes: [UInt8] = []
        let digits = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/")
        for character in base64 where character != "=" {
            guard let value = digits.firstIndex(of: character) else { return nil }
            bits = bits << 6 | value
            count += 6
            if count >= 8 {
                count -= 8
                bytes.append(UInt8(bits >> count & 0xff))
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
