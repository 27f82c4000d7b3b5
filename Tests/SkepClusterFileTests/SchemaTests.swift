import FoundationEssentials
import SkepModel
import Testing

@testable import SkepClusterFile

/// The schema for editors knows the keys that the reader knows.
@Suite struct SchemaTests {
    private struct Schema: Decodable {
        struct Property: Decodable { let propertyNames: Names? }
        struct Names: Decodable { let pattern: String }
        let properties: [String: Property]
    }

    private func schema() throws -> Schema {
        let root = #filePath.split(separator: "/", omittingEmptySubsequences: false).dropLast(3).joined(separator: "/")
        let data = try Data(contentsOf: URL(filePath: root + "/packaging/cluster.schema.json"))
        return try JSONDecoder().decode(Schema.self, from: data)
    }

    @Test func hasTheReadersKeys() throws { #expect(try schema().properties.keys.sorted() == SpecReader.keys.sorted()) }

    @Test func takesTheReadersNamesOfNetworks() throws {
        let pattern = try Regex(try #require(try schema().properties["networks"]?.propertyNames?.pattern))
        let names = [
            "a", "A1", "a--b", "a_-b", "default-x", "", "a.b", "net-", "net_", "_net", "bridge", "container", "default", "docker_gwbridge", "host",
            "ingress", "none", String(repeating: "a", count: 63), String(repeating: "a", count: 64),
        ]
        for name in names {
            #expect((name.wholeMatch(of: pattern) != nil) == (NetworkName(rawValue: name) != nil), "\(name)")
        }
    }
}
