import AgentCore
import Glibc
import SkepModel
import SkepSystem
import Testing

@testable import AgentRuntime

@Suite struct StateStoreTests {
    static func spec(_ generation: Int) -> NodeSpec {
        NodeSpec(
            cluster: ClusterName(unchecked: "lab"), node: NodeID(unchecked: "0123456789abcdef"), name: NodeName(unchecked: "n1"),
            generation: Generation(generation), role: .manager)
    }

    let scratch: Scratch
    let store: StateStore

    init() throws {
        EventLoop.runInBackground()
        scratch = try Scratch()
        try Files.makeDirectory(scratch.paths.state, mode: 0o700)
        store = StateStore(scratch.paths)
    }

    @Test func nothingIsNoFault() {
        let loaded = store.load()
        #expect(loaded.spec == nil && loaded.revision == 0 && loaded.fault == nil)
    }

    @Test func comesBack() throws {
        var memory = AgentMemory()
        memory.swarm = "abc"
        try store.save(memory)
        try store.save(Self.spec(3), revision: 7)
        let loaded = store.load()
        #expect(loaded.spec == Self.spec(3) && loaded.revision == 7 && loaded.memory == memory && loaded.fault == nil)
        #expect(try Files.status(scratch.paths.spec)?.mode == 0o600)
    }

    @Test(.enabled(if: geteuid() == 0)) @LoopActor func aFullDiskKeepsWhatWasThere() async throws {
        let folder = scratch.paths.state
        _ = try await run(Command("/usr/bin/mount", ["-t", "tmpfs", "-o", "size=64k", "skep-test", folder])).orThrow()
        do {
            try store.save(Self.spec(1), revision: 1)
            try store.save(Self.spec(2), revision: 2)
            var memory = AgentMemory()
            memory.swarm = "kept"
            try store.save(memory)
            let filler = folder + "/filler"
            #expect(throws: SystemError.self) { try AtomicFile.write(filler + ".1", [UInt8](repeating: 1, count: 128 << 10)) }
            // to the last page, and a spec that needs some
            for index in 0..<16 { try? AtomicFile.write(filler + "\(index)", [UInt8](repeating: 1, count: 4096)) }
            var large = Self.spec(3)
            large.sysctls = Dictionary(uniqueKeysWithValues: (0..<500).map { ("vm.key\($0)", "value") })
            var words = ""
            do { try store.save(large, revision: 3) } catch { words = "\(error)" }
            #expect(words.contains("No space left on device") && words.contains("spec.json"), "\(words)")
            let loaded = store.load()
            #expect(loaded.spec == Self.spec(2) && loaded.revision == 2 && loaded.memory == memory && loaded.fault == nil)
            let names = try Files.list(folder).filter { !$0.hasPrefix("filler") }
            #expect(names.sorted() == ["memory.json", "spec.json", "spec.json.good"], "nothing half written is left")
            for name in try Files.list(folder) where name.hasPrefix("filler") { try Files.remove(folder + "/" + name) }
            try store.save(large, revision: 3)
            #expect(store.load().spec == large)
        } catch {
            _ = try? await run(Command("/usr/bin/umount", [folder]))
            throw error
        }
        _ = try await run(Command("/usr/bin/umount", [folder])).orThrow()
    }

    /// Cut at every length and with one byte altered at every place: never taken for good, and the one before it serves.
    @Test func damagedGivesWayToTheOneBefore() throws {
        try store.save(Self.spec(1), revision: 1)
        try store.save(Self.spec(2), revision: 2)
        let good = try Files.read(scratch.paths.spec)
        for index in good.indices {
            var altered = good
            altered[index] ^= 1
            for bytes in [Array(good[..<index]), altered] {
                try AtomicFile.write(scratch.paths.spec, bytes)
                let loaded = store.load()
                // A digit of the revision may differ; what is wanted may not.
                #expect(loaded.spec == Self.spec(1) && loaded.revision == 0 || loaded.spec == Self.spec(2))
                if loaded.spec == Self.spec(1) { #expect(loaded.fault?.contains("spec.json") == true) }
            }
        }
        try AtomicFile.write(scratch.paths.spec, "{}")
        try store.save(Self.spec(4), revision: 4)
        #expect(store.load().spec == Self.spec(4))
        // The damaged one did not replace the copy of the good one.
        #expect(try SealedFile<NodeSpec>(path: scratch.paths.formerSpec).read()?.value == Self.spec(1))
    }
}
