import AgentCore
import SkepHTTP
import SkepModel
import SkepSystem
import Testing

@testable import AgentRuntime

/// A machine in memory: sysctls that can be set, an action that may hang, a look that may take long.
@LoopActor final class FakeMachine: Machine {
    var sysctls: [String: String] = ["vm.swappiness": "60"]
    var looks = 0
    var performed: [AgentAction] = []
    var hangs: Set<Lane> = []
    var lookDelay = Duration.zero
    var mounts = Seen<[String: Observation.MountPoint]>.seen([:])
    var moved: (@LoopActor @Sendable () -> Void)?
    /// What was on disk when an action began.
    var atBegin: (@LoopActor (AgentAction) -> Void)?

    func start(moved: @escaping @LoopActor @Sendable () -> Void) { self.moved = moved }
    func stop() { moved = nil }

    func observe(spec: NodeSpec?, memory: AgentMemory) async -> Observation {
        looks += 1
        if lookDelay > .zero { try? await LoopActor.sleep(for: lookDelay) }
        return Observation(
            facts: NodeFacts(machineID: "m", hostname: "n1"), packages: .seen(.init(installed: ["nftables"])), engine: .seen(.absent),
            daemonConfig: .seen(.asWanted), sysctls: .seen(sysctls), table: .seen(.init(listing: nil)), server: .seen(.init()), mounts: mounts,
            swarm: .seen(SwarmStatus(state: .absent)))
    }

    func perform(_ action: AgentAction) async -> ActionOutcome {
        atBegin?(action)
        performed.append(action)
        if hangs.contains(action.lane) { try? await LoopActor.sleep(for: .seconds(3600)) }
        guard case .setSysctls(let values) = action else { return .done }
        let before = sysctls.filter { values[$0.key] != nil }
        sysctls.merge(values) { $1 }
        return .originals(.init(sysctls: before))
    }
}

@Suite struct AgentTests {
    let scratch: Scratch
    let identity = NodeIdentity(
        cluster: ClusterName(unchecked: "lab"), node: NodeID(unchecked: "0123456789abcdef"), name: NodeName(unchecked: "n1"),
        coordinator: "https://c",
        agentEndpoint: "c:7444", serverName: CoordinatorAddress.serverName)

    init() throws {
        scratch = try Scratch()
        try Files.makeDirectory(scratch.paths.state, mode: 0o700)
        try Files.makeDirectory(scratch.paths.run)
    }

    static func spec(_ sysctls: [String: String]) -> NodeSpec {
        var spec = StateStoreTests.spec(1)
        spec.sysctls = sysctls
        return spec
    }

    @LoopActor func agent(_ machine: FakeMachine, link: CoordinatorLink? = nil) -> Agent {
        var timing = Agent.Timing()
        timing.settle = .milliseconds(10)
        timing.eventGap = 50
        timing.lookLimit = .milliseconds(300)
        return Agent(
            machine: machine, store: StateStore(scratch.paths), paths: scratch.paths, identity: identity, link: link, version: "1", bootID: "b",
            timing: timing)
    }

    @Test @LoopActor func healsFromTheDiskAloneAndRemembersWhatWasThere() async throws {
        try StateStore(scratch.paths).save(Self.spec(["vm.swappiness": "10"]), revision: 4)
        let machine = FakeMachine()
        let agent = agent(machine)
        let task = Task { await agent.run() }
        #expect(try await eventually { machine.sysctls["vm.swappiness"] == "10" })
        #expect(try await eventually { StateStore(scratch.paths).load().memory.originalSysctls == ["vm.swappiness": "60"] })
        // Drift, and a nudge.
        machine.sysctls["vm.swappiness"] = "61"
        machine.moved?()
        #expect(try await eventually { machine.sysctls["vm.swappiness"] == "10" })
        agent.stop()
        await task.value
        #expect(try StatusFile.read(scratch.paths)?.status.revision == 4)
        #expect(StateStore(scratch.paths).load().memory.originalSysctls == ["vm.swappiness": "60"])
    }

    /// I7: while an action hangs, looks, other lanes and the loop go on.
    @Test @LoopActor func anActionThatHangsHoldsUpNothing() async throws {
        var spec = Self.spec(["vm.swappiness": "10"])
        spec.firewall = FirewallSpec(audiences: [.management: [CIDR("10.0.0.0/8")].compactMap { $0 }], rules: [])
        try StateStore(scratch.paths).save(spec, revision: 1)
        let machine = FakeMachine()
        machine.hangs = [.sysctls]
        let agent = agent(machine)
        let task = Task { await agent.run() }
        #expect(try await eventually { machine.performed.contains { $0.lane == .sysctls } })
        let looks = machine.looks
        let begin = ContinuousClock.now
        while ContinuousClock.now - begin < .milliseconds(500) {
            machine.moved?()
            let before = ContinuousClock.now
            try await LoopActor.sleep(for: .milliseconds(20))
            #expect(ContinuousClock.now - before < .seconds(1))
        }
        #expect(
            try await eventually {
                machine.moved?()
                return machine.looks > looks + 2
            })
        #expect(try await eventually { machine.performed.contains { $0.lane == .firewall } })
        #expect(machine.performed.filter { $0.lane == .sysctls }.count == 1)
        agent.stop()
        await task.value
    }

    @Test @LoopActor func aLookThatTakesLongIsSaid() async throws {
        let machine = FakeMachine()
        let agent = agent(machine)
        let task = Task { await agent.run() }
        #expect(try await eventually { agent.passes >= 1 })
        machine.lookDelay = .seconds(2)
        machine.moved?()
        #expect(
            try await eventually { try StatusFile.read(scratch.paths)?.status.condition(.agent)?.reason == "LookLate" })
        agent.stop()
        await task.value
    }

    @Test @LoopActor func aDamagedSpecIsSaidAndTheOneBeforeKept() async throws {
        let store = StateStore(scratch.paths)
        try store.save(Self.spec(["vm.swappiness": "10"]), revision: 1)
        try store.save(Self.spec(["vm.swappiness": "20"]), revision: 2)
        try AtomicFile.write(scratch.paths.spec, "{\"digest\":\"")
        let machine = FakeMachine()
        let agent = agent(machine)
        let task = Task { await agent.run() }
        #expect(try await eventually { machine.sysctls["vm.swappiness"] == "10" })
        let condition = agent.report()?.status.condition(.agent)
        #expect(condition?.status == .false && condition?.reason == "StateDamaged")
        // The coordinator is asked for everything.
        #expect(agent.report()?.holds == 0)
        agent.stop()
        await task.value
    }

    @Test @LoopActor func nothingBeginsWhenTheMemoryCannotBeWritten() async throws {
        var spec = Self.spec([:])
        spec.swarm = .undecided
        spec.firewall = FirewallSpec(audiences: [.management: [CIDR("10.0.0.0/8")].compactMap { $0 }], rules: [])
        try StateStore(scratch.paths).save(spec, revision: 1)
        // A folder in its place: renaming over it fails, for root as well.
        try Files.makeDirectory(scratch.paths.memory + "/x")
        let machine = FakeMachine()
        let agent = agent(machine)
        let task = Task { await agent.run() }
        #expect(try await eventually { agent.report()?.status.condition(.agent)?.reason == "StateNotWritable" })
        #expect(machine.performed.filter { $0.lane == .firewall }.isEmpty)
        agent.stop()
        await task.value
    }

    @Test @LoopActor func forgettingPutsBackWhatWasFound() async throws {
        let store = StateStore(scratch.paths)
        var memory = AgentMemory()
        memory.originalSysctls = ["vm.swappiness": "60"]
        try store.save(memory)
        try store.save(Self.spec(["vm.swappiness": "10"]), revision: 1)
        let machine = FakeMachine()
        machine.sysctls["vm.swappiness"] = "10"
        let lines = Lines()
        let status = try await Forgetting(paths: scratch.paths, say: { lines.add($0) }, machine: { _, _ in machine }).run(leaveSwarm: false)
        #expect(status == 0)
        #expect(machine.performed.contains(.restoreSysctls(["vm.swappiness": "60"])))
        #expect(store.load().memory.originalSysctls.isEmpty)
        #expect(!Files.exists(scratch.paths.spec))
    }
}
