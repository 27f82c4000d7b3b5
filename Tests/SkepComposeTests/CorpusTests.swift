import Foundation
import SkepClusterFile
import SkepCompose
import SkepModel
import SkepYAML
import Testing

/// Compose files as people write them, good and bad, each in a folder of `Corpus` with what the doctor says of it (`findings.txt`, all levels)
/// and what the managers are given (`render.yml`, where there is no error). With SKEP_RECORD=1 what is found is written down instead.
struct CorpusCase: Sendable, CustomTestStringConvertible {
    static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("Corpus").path

    static let all: [CorpusCase] =
        ((try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []).sorted().filter {
            FileManager.default.fileExists(atPath: "\(folder)/\($0)/docker-compose.yml")
        }.map(CorpusCase.init)

    let name: String
    var testDescription: String { name }
    var path: String { "\(Self.folder)/\(name)" }

    func bytes(_ file: String) -> [UInt8]? { FileManager.default.contents(atPath: "\(path)/\(file)").map { Array($0) } }
    func text(_ file: String) -> String? { bytes(file).map { String(decoding: $0, as: UTF8.self) } }
    /// The compose files in the order in which they are merged.
    var composeFiles: [String] { ["docker-compose.yml"] + (bytes("override.yml") == nil ? [] : ["override.yml"]) }

    func examined() throws -> ExaminedStack {
        let spec = try text("cluster.yaml").map { try ClusterFile.parse(text: $0, file: "cluster.yaml") }
        let subject = StackSubject(name: try #require(StackName(rawValue: "corpus")), paths: composeFiles, spec: spec)
        let now = Instant(milliseconds: 1_790_000_000_000)
        var facts = DoctorFacts(now: now) { bytes in
            switch String(decoding: bytes, as: UTF8.self) {
            case "ended in the test\n": Instant(milliseconds: now.milliseconds - 1)
            case "ends soon in the test\n": Instant(milliseconds: now.milliseconds + 14 * 86_400_000)
            default: nil
            }
        }
        facts.images = try bytes("images.json").map { try JSONDecoder().decode([String: ImageFinding].self, from: Data($0)) } ?? [:]
        return StackMaker.examine(subject, facts: facts, read: bytes)
    }
}

@Suite struct CorpusTests {
    private static let records = ProcessInfo.processInfo.environment["SKEP_RECORD"] == "1"

    private func compare(_ text: String?, with file: String, of path: String) throws {
        let url = URL(fileURLWithPath: "\(path)/\(file)")
        if Self.records {
            if let text { try text.write(to: url, atomically: true, encoding: .utf8) } else { try? FileManager.default.removeItem(at: url) }
        }
        #expect(text == (try? String(contentsOf: url, encoding: .utf8)), "\(path)/\(file)")
    }

    @Test(arguments: CorpusCase.all) func isFoundAndRenderedAsRecorded(_ given: CorpusCase) throws {
        let examined = try given.examined()
        try compare(examined.findings.map { $0.line + "\n" }.joined(), with: "findings.txt", of: given.path)
        try compare(examined.bundle?.compose, with: "render.yml", of: given.path)
    }

    @Test(arguments: CorpusCase.all.filter { $0.name.hasPrefix("good-") }) func whatIsGoodGetsNoFinding(_ given: CorpusCase) throws {
        #expect(try given.examined().findings.filter { $0.level != .note }.map(\.line) == [])
    }

    @Test func scriptsAreLookedAtToo() throws {
        let path = "\(CorpusCase.folder)/scripts"
        let text = try String(contentsOfFile: "\(path)/deploy.sh", encoding: .utf8)
        #expect(ScriptDoctor.isScript(path: "deploy", bytes: Array(text.utf8)))
        try compare(ScriptDoctor.examine(text, file: "deploy.sh").map { $0.line + "\n" }.joined(), with: "findings.txt", of: path)
    }

    @Test func everyRuleHasAFileOfItsOwn() throws {
        var found: Set<String> = []
        for folder in try FileManager.default.contentsOfDirectory(atPath: CorpusCase.folder) {
            let text = (try? String(contentsOfFile: "\(CorpusCase.folder)/\(folder)/findings.txt", encoding: .utf8)) ?? ""
            for line in text.split(separator: "\n") { found.insert(String(line.split(separator: "[").last?.dropLast() ?? "")) }
        }
        #expect(Set(DoctorRule.allCases.map(\.rawValue)) == found)
    }

    @Test func everyRuleIsExplained() throws {
        let repository = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        let text = try String(contentsOf: repository.appendingPathComponent("docs/doctor.md"), encoding: .utf8)
        let headings = text.split(separator: "\n").filter { $0.hasPrefix("### ") }.map { String($0.dropFirst(4)) }
        #expect(headings == DoctorRule.allCases.map(\.rawValue))
    }
}

/// What the Docker CLI says of the same files.
struct DockerCLI: Sendable {
    let path: String

    /// The first that has `stack config`, which came with 25.
    static let withConfig: DockerCLI? = candidates.first { $0.run(["stack", "config", "--help"]).output.contains("interpolation") }
    /// The oldest that Skep deploys with.
    static let debian: DockerCLI? = candidates.first { $0.run(["--version"]).output.contains("version 20.10") }
    private static let candidates = ["/usr/local/bin/docker", "/usr/bin/docker"].filter(FileManager.default.isExecutableFile).map(DockerCLI.init)

    func run(_ arguments: [String], environment: [String: String] = [:]) -> (status: Int32, output: String, error: String) {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: path)
        process.arguments = arguments
        process.environment = environment.merging(["HOME": "/nonexistent", "DOCKER_HOST": "unix:///nonexistent.sock"]) { $1 }
        let (output, error) = (Pipe(), Pipe())
        process.standardOutput = output
        process.standardError = error
        process.standardInput = FileHandle.nullDevice
        guard (try? process.run()) != nil else { return (-1, "", "") }
        let text = output.fileHandleForReading.readDataToEndOfFile()
        let words = error.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        return (process.terminationStatus, String(decoding: text, as: UTF8.self), String(decoding: words, as: UTF8.self))
    }
}

/// The rendered file and the one that was given mean the same to Docker.
@Suite struct DockerAgreesTests {
    private static let rendered = CorpusCase.all.filter { $0.bytes("render.yml") != nil }

    /// Writes what the agent would write, for as long as the body takes.
    private func withRendered(_ given: CorpusCase, _ body: (String) throws -> Void) throws {
        let bundle = try #require(try given.examined().bundle)
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("skc-\(given.name)-\(ProcessInfo.processInfo.processIdentifier)")
        defer { try? FileManager.default.removeItem(at: folder) }
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        for (path, content) in bundle.files {
            let url = folder.appendingPathComponent(path)
            try FileManager.default.createDirectory(at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
            try #require(Data(base64Encoded: content)).write(to: url)
        }
        try Data(bundle.compose.utf8).write(to: folder.appendingPathComponent("compose.yml"))
        try body(folder.path)
    }

    @Test(.enabled(if: DockerCLI.debian != nil), arguments: rendered) func theOldestCLITakesIt(_ given: CorpusCase) throws {
        let docker = try #require(DockerCLI.debian)
        try withRendered(given) { folder in
            let result = docker.run(["stack", "deploy", "-c", "\(folder)/compose.yml", "corpus"])
            #expect(result.error.contains("Cannot connect to the Docker daemon"), "\(result.error)")
        }
    }

    @Test(.enabled(if: DockerCLI.withConfig != nil), arguments: rendered) func bothMeanTheSame(_ given: CorpusCase) throws {
        // what Docker's reader refuses as it stands is what Skep rewrites
        guard !["rewritten-", "ignored-", "good-generated"].contains(where: given.name.hasPrefix) else { return }
        let docker = try #require(DockerCLI.withConfig)
        var variables: [String: String] = [:]
        for line in (given.text(".env") ?? "").split(separator: "\n") where !line.hasPrefix("#") {
            let parts = line.replacing("export ", with: "").split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            variables[String(parts[0])] = String(parts[1]).split(separator: " #")[safe: 0].map { $0.trimmingCharacters(in: ["'", "\""]) } ?? ""
        }
        let original = docker.run(["stack", "config"] + given.composeFiles.flatMap { ["-c", "\(given.path)/\($0)"] }, environment: variables)
        #expect(original.status == 0, "\(original.error)")
        try withRendered(given) { folder in
            let ours = docker.run(["stack", "config", "-c", "\(folder)/compose.yml"])
            #expect(ours.status == 0, "\(ours.error)")
            let one = try meaning(original.output, folder: given.path)
            let other = try meaning(ours.output, folder: folder)
            #expect(one == other)
        }
    }

    /// A document without order, without what Skep adds, and without where it lies.
    private func meaning(_ text: String, folder: String) throws -> [String] {
        var root = try #require(try YAMLReader.read(text, file: "docker"))
        root["version"] = nil
        for section in ["configs", "secrets"] {
            guard let entries = root[section]?.map else { continue }
            root[section] = .map(
                entries.map { entry in
                    var value = entry.value
                    if value["external"] == nil { value["name"] = nil }
                    return (entry.key, value)
                })
        }
        var lines: [String] = []
        flatten(root, "", folder, &lines)
        // what Docker fills in for the short form alone, and the names of files whose content it has taken in
        return lines.filter { !$0.hasSuffix(".update_config.failure_action = rollback") }.filter {
            !$0.hasSuffix(".protocol = tcp") && !$0.hasSuffix(".mode = ingress") && !$0.contains(".env_file[")
        }.sorted()
    }

    private func flatten(_ node: YAMLNode, _ path: String, _ folder: String, _ lines: inout [String]) {
        switch node.content {
        case .scalar(let scalar): lines.append("\(path) = \(scalar.text.replacing(folder + "/", with: ""))")
        case .list(let items):
            if items.isEmpty { lines.append("\(path) = []") }
            // ports have no order, and Docker's merging gives them none
            let isSet = path.hasSuffix("ports") || path.hasSuffix("volumes")
            let sorted =
                isSet
                ? items.sorted {
                    "\($0.map?.map { "\($0.key)\($0.value.scalar?.text ?? "")" } ?? [])"
                        < "\($1.map?.map { "\($0.key)\($0.value.scalar?.text ?? "")" } ?? [])"
                } : items
            for (index, item) in sorted.enumerated() { flatten(item, "\(path)[\(index)]", folder, &lines) }
        case .map(let entries):
            for entry in entries where !entry.key.hasPrefix("skep.") && !entry.key.hasPrefix("x-") {
                flatten(entry.value, "\(path).\(entry.key)", folder, &lines)
            }
        }
    }
}

extension Array {
    fileprivate subscript(safe index: Int) -> Element? { indices.contains(index) ? self[index] : nil }
}
