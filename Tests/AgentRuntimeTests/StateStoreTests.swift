import AgentCore
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
