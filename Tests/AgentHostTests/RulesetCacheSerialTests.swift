import CLinux
import Foundation
import Glibc
import SkepSystem
import Testing

@testable import AgentHost

@Suite(.serialized) struct RulesetCacheSerialTests {
    /// Runs on a thread that has a network namespace of its own.
    private func inNamespace<Value: Sendable>(_ body: @escaping @Sendable () throws -> Value) async throws -> Value {
        try await withCheckedThrowingContinuation { continuation in
            Thread.detachNewThread {
                guard unshare(CLONE_NEWNET) == 0 else { return continuation.resume(throwing: SystemError.last("unshare")) }
                continuation.resume(with: Result { try body() })
            }
        }
    }

    private static func nft(_ words: String...) throws {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/sbin/nft")
        process.arguments = words
        try process.run()
        process.waitUntilExit()
        guard process.terminationStatus == 0 else { throw SystemError(.failed, "nft \(words) ended with \(process.terminationStatus)") }
    }

    @Test func everyChangeOfTheRulesetIsAnotherGeneration() async throws {
        let seen = try await inNamespace {
            var seen = [clinux_nft_generation()]
            try Self.nft("add", "table", "inet", "skep")
            seen.append(clinux_nft_generation())
            seen.append(clinux_nft_generation())
            try Self.nft("add", "chain", "inet", "skep", "c")
            seen.append(clinux_nft_generation())
            try Self.nft("list", "ruleset")
            seen.append(clinux_nft_generation())
            try Self.nft("flush", "ruleset")
            seen.append(clinux_nft_generation())
            return seen
        }
        #expect(!seen.contains(-1))
        #expect(seen[0] != seen[1] && seen[1] == seen[2] && seen[2] != seen[3] && seen[3] == seen[4] && seen[4] != seen[5], "\(seen)")
    }

    @Test @LoopActor func nftIsAskedAgainOnlyWhenSomethingChanged() async throws {
        let cache = RulesetCache()
        var asked = 0
        for _ in 0..<3 {
            _ = await cache.listing(HostLayout()) {
                asked += 1
                return "digest"
            }
        }
        #expect(asked == 1)
        // Where nft runs in another namespace, this process's generation says nothing.
        var elsewhere = HostLayout()
        elsewhere.nft = Program("/usr/sbin/ip", ["netns", "exec", "other", "nft"])
        for _ in 0..<2 {
            _ = await cache.listing(elsewhere) {
                asked += 1
                return "digest"
            }
        }
        #expect(asked == 3)
    }
}
