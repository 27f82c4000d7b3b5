import Foundation
import Testing

/// The cores decide and do nothing: a test fails when one imports Foundation, does I/O or reads a clock.
@Suite struct PureCoreTests {
    private static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

    private static func sources(_ folder: String) -> [URL] {
        let files = FileManager.default.enumerator(at: root.appendingPathComponent(folder), includingPropertiesForKeys: nil)
        return (files?.compactMap { $0 as? URL } ?? []).filter { $0.pathExtension == "swift" }
    }

    private static func imports(_ text: String) -> [String] {
        text.split(separator: "\n").compactMap { line in
            let words = line.split(separator: " ")
            guard let at = words.firstIndex(of: "import"), at <= 2, at + 1 < words.count else { return nil }
            return words[..<at].allSatisfy { $0.hasPrefix("@") || ["public", "internal", "private", "package"].contains($0) }
                ? String(words[at + 1]) : nil
        }
    }

    @Test(arguments: ["Sources/Shared/Model", "Sources/Agent/Core", "Sources/Coordinator/Core"])
    func coresImportTheModelAlone(folder: String) throws {
        let files = Self.sources(folder)
        #expect(files.count > 3)
        for file in files {
            let found = Self.imports(try String(contentsOf: file, encoding: .utf8)).filter { $0 != "SkepModel" }
            #expect(found.isEmpty, "\(file.lastPathComponent) imports \(found)")
        }
    }

    @Test(arguments: ["Sources/Shared/Model", "Sources/Agent/Core", "Sources/Coordinator/Core"])
    func coresReadNoClockAndNoChance(folder: String) throws {
        for file in Self.sources(folder) {
            let text = try String(contentsOf: file, encoding: .utf8)
            for word in [
                "ContinuousClock", "SuspendingClock", "SystemRandomNumberGenerator", ".random(", ".randomElement(", ".shuffled()", "print(", "async ",
            ] {
                #expect(!text.contains(word), "\(file.lastPathComponent) uses \(word)")
            }
        }
    }

    @Test func agentAndCoordinatorNeverImportEachOther() throws {
        for file in Self.sources("Sources/Agent") {
            let found = Self.imports(try String(contentsOf: file, encoding: .utf8)).filter {
                $0.hasPrefix("Coordinator") || $0 == "Foundation" || $0 == "Yams" || $0.hasPrefix("NIO")
            }
            #expect(found.isEmpty, "\(file.path) imports \(found)")
        }
        for file in Self.sources("Sources/Coordinator") {
            let found = Self.imports(try String(contentsOf: file, encoding: .utf8)).filter { $0.hasPrefix("Agent") }
            #expect(found.isEmpty, "\(file.path) imports \(found)")
        }
    }
}
