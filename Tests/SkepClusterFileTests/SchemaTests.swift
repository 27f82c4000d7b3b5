import FoundationEssentials
import Testing

@testable import SkepClusterFile

/// The schema for editors knows the keys that the reader knows.
@Suite struct SchemaTests {
    private struct Schema: Decodable {
        struct Property: Decodable {}
        let properties: [String: Property]
    }

    @Test func hasTheReadersKeys() throws {
        let root = #filePath.split(separator: "/", omittingEmptySubsequences: false).dropLast(3).joined(separator: "/")
        let data = try Data(contentsOf: URL(filePath: root + "/packaging/cluster.schema.json"))
        #expect(try JSONDecoder().decode(Schema.self, from: data).properties.keys.sorted() == SpecReader.keys.sorted())
    }
}
