import SkepCompose
import SkepModel

/// Findings as editors and code hosts read them: SARIF 2.1.0 (OASIS, sarif-v2.1.0), with the properties that they use.
struct SARIF: Encodable {
    struct Text: Encodable { let text: String }
    struct Rule: Encodable {
        let id: String
        let shortDescription: Text
    }
    struct Driver: Encodable {
        let name = "skep stack doctor"
        let version: String
        let rules: [Rule]
    }
    struct Tool: Encodable { let driver: Driver }
    struct Artifact: Encodable { let uri: String }
    struct Region: Encodable {
        let startLine: Int
        let startColumn: Int
    }
    struct Physical: Encodable {
        let artifactLocation: Artifact
        let region: Region?
    }
    struct Location: Encodable { let physicalLocation: Physical }
    struct Result: Encodable {
        let ruleId: String
        let ruleIndex: Int
        let level: String
        let message: Text
        let locations: [Location]
    }
    struct Run: Encodable {
        let tool: Tool
        let results: [Result]
        let columnKind = "unicodeCodePoints"
    }

    let schema = "https://json.schemastore.org/sarif-2.1.0.json"
    let version = "2.1.0"
    let runs: [Run]

    private enum CodingKeys: String, CodingKey {
        case schema = "$schema"
        case version, runs
    }

    init(_ findings: [Finding]) {
        let all = DoctorRule.allCases
        let rules = all.map { Rule(id: $0.rawValue, shortDescription: Text(text: $0.summary)) }
        let results = findings.map { finding in
            let place = finding.diagnostic
            return Result(
                ruleId: finding.rule.rawValue, ruleIndex: all.firstIndex(of: finding.rule) ?? 0, level: finding.level.rawValue,
                message: Text(text: place.message + (place.fix.map { "; \($0)" } ?? "")),
                locations: [
                    Location(
                        physicalLocation: Physical(
                            artifactLocation: Artifact(uri: Self.uri(place.file)),
                            region: place.line > 0 ? Region(startLine: place.line, startColumn: max(place.column, 1)) : nil))
                ])
        }
        runs = [Run(tool: Tool(driver: Driver(version: SkepCommand.version, rules: rules)), results: results)]
    }

    /// A path as a URI reference: what is not plain is escaped.
    private static func uri(_ path: String) -> String {
        path.utf8.map { byte in
            let isPlain = (0x61...0x7a).contains(byte | 0x20) || (0x2d...0x39).contains(byte) || byte == 0x5f || byte == 0x7e
            return isPlain ? String(UnicodeScalar(byte)) : "%" + (byte < 16 ? "0" : "") + String(byte, radix: 16, uppercase: true)
        }.joined()
    }
}
