import AgentCore
import SkepModel
import SkepSystem
import Testing

@testable import AgentRuntime

@Suite struct ForgettingTests {
    let scratch: Scratch

    init() throws {
        scratch = try Scratch()
        try Files.makeDirectory(scratch.paths.state, mode: 0o700)
        try StateStore(scratch.paths).save(StateStoreTests.spec(1), revision: 1)
    }

    @LoopActor private func forgetting(_ machine: FakeMachine) -> Forgetting {
        Forgetting(paths: scratch.paths, say: { _ in }, machine: { _, _ in machine })
    }

    @Test @LoopActor func refusesWhileTheServiceRuns() async throws {
        let machine = FakeMachine()
        let lock = try StateLock(scratch.paths)
        do {
            _ = try await forgetting(machine).run(leaveSwarm: false)
            Issue.record("it should refuse")
        } catch let error as AgentError {
            #expect(error == AgentError(.busy, ""))
            #expect(error.message.contains("systemctl stop skep-agent"))
        }
        #expect(machine.looks == 0)
        lock.release()
        let status = try await forgetting(machine).run(leaveSwarm: false)
        #expect(status == 0)
    }

    @Test @LoopActor func aLookThatFailsTellsOfNoEnd() async throws {
        let machine = FakeMachine()
        machine.mounts = .failed("no mount table to read")
        let status = try await forgetting(machine).run(leaveSwarm: false)
        #expect(status == 1)
        #expect(machine.looks > 1, "it may be seen in a moment")
        #expect(Files.exists(scratch.paths.spec))
    }

    @Test @LoopActor func whatTheLimitCutsOffIsNotDone() async throws {
        var memory = AgentMemory()
        memory.originalSysctls = ["vm.swappiness": "10"]
        try StateStore(scratch.paths).save(memory)
        let machine = FakeMachine()
        var forgetting = forgetting(machine)
        forgetting.limit = 0
        let status = try await forgetting.run(leaveSwarm: false)
        #expect(status == 1)
        #expect(machine.performed.isEmpty)
        #expect(Files.exists(scratch.paths.spec))
    }
}
