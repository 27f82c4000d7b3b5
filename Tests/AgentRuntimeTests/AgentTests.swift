import AgentCore
import SkepHTTP
import SkepModel
import SkepSystem
import SkepWire
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
    var moved: (@LoopActor @Sendable (Movement) -> Void)?
    var table = Seen<Observation.Table>.seen(.init(listing: nil))
    var glances: [Aspect] = []
    /// What was on disk when an action began.
    var atBegin: (@LoopActor (AgentAction) -> Void)?

    func start(moved: @escaping @LoopActor @Sendable (Movement) -> Void) { self.moved = moved }
    func stop() { moved = nil }

    func observe(spec: NodeSpec?, memory: AgentMemory) async -> Observation {
        looks += 1
        let table = table
        if lookDelay > .zero { try? await LoopActor.sleep(for: lookDelay) }
        return Observation(
            facts: NodeFacts(machineID: "m", hostname: "n1"), packages: .seen(.init(installed: ["nftables"])), engine: .seen(.absent),
            daemonConfig: .seen(.asWanted), sysctls: .seen(sysctls), table: table, server: .seen(.init()), mounts: mounts,
            swarm: .seen(SwarmStatus(state: .absent)))
    }

    func glance(_ aspect: Aspect, over last: Observation, spec: NodeSpec?, memory: AgentMemory) async -> Observation {
        glances.append(aspect)
        var look = last
        look.table = table
        look.mounts = mounts
        return look
    }

    private static func kept(_ table: Seen<Observation.Table>) -> String? { table.value?.kept }

    func perform(_ action: AgentAction) async -> ActionOutcome {
        atBegin?(action)
        performed.append(action)
        if hangs.contains(action.lane) { try? await LoopActor.sleep(for: .seconds(3600)) }
        if case .installTable(let text) = action {
            table = .seen(.init(listing: text, kept: Self.kept(table)))
            return .installed(listing: text)
        }
        if case .keepTable(let text) = action, case .seen(let there) = table { table = .seen(.init(listing: there.listing, kept: text)) }
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
        machine.moved?(.anything)
        #expect(try await eventually { machine.sysctls["vm.swappiness"] == "10" })
        agent.stop()
        await task.value
        #expect(try StatusFile.read(scratch.paths)?.status.revision == 4)
        #expect(StateStore(scratch.paths).load().memory.originalSysctls == ["vm.swappiness": "60"])
    }

    static func guarded() -> NodeSpec {
        var spec = spec([:])
        spec.firewall = FirewallSpec(audiences: [.management: [CIDR("10.0.0.0/8")].compactMap { $0 }], rules: [])
        return spec
    }

    /// Brings the agent to where its table is proven and kept.
    @LoopActor func prove(_ agent: Agent, _ machine: FakeMachine) async throws {
        #expect(try await eventually { machine.performed.contains { $0.lane == .firewall } })
        #expect(
            try await eventually {
                if case .seen(var table) = machine.table {
                    table.managementConnections = 1
                    machine.table = .seen(table)
                }
                agent.answered(
                    ReportAnswer(revision: 1, spec: nil, acknowledged: 0, now: Instant(milliseconds: 0)),
                    openedAt: Instant(milliseconds: SystemClock.wallMilliseconds()), askedAt: Instant(milliseconds: 0))
                machine.moved?(.part(.firewall))
                return machine.performed.contains { if case .keepTable = $0 { true } else { false } }
            })
        #expect(try await eventually { agent.report()?.status.condition(.firewall)?.reason == "AsSpecified" })
    }

    /// A complete look may hang for as long as a share's server is frozen; a table that somebody deletes meanwhile does not wait for it.
    @Test @LoopActor func aGlanceMendsWhileALookHangs() async throws {
        try StateStore(scratch.paths).save(Self.guarded(), revision: 1)
        let machine = FakeMachine()
        let agent = agent(machine)
        let task = Task { await agent.run() }
        try await prove(agent, machine)
        let text = machine.performed.compactMap { if case .installTable(let text) = $0 { text } else { nil } }.last
        machine.lookDelay = .seconds(30)
        let looks = machine.looks
        machine.moved?(.anything)
        #expect(try await eventually { machine.looks > looks })
        machine.performed = []
        machine.table = .seen(.init(listing: nil, kept: text, changedBy: "nft, process 7"))
        machine.moved?(.part(.firewall))
        #expect(try await eventually { machine.performed == [text.map { .installTable(text: $0) }] })
        #expect(try await eventually { agent.report()?.status.events.last?.kind == .repair })
        let event = agent.report()?.status.events.last
        #expect(event?.message == "install the table inet skep, as it was gone (nft, process 7)")
        #expect(event?.repair?.fault == .tableGone)
        #expect(event?.repair?.after == "AsSpecified: the table inet skep is as specified")
        #expect((event?.seconds ?? 9) < 5, "not only when the look had ended")
        agent.stop()
        machine.lookDelay = .zero
        task.cancel()
    }

    /// Each event is looked at, and ten thousand of them do not make ten thousand looks.
    @Test @LoopActor func aStormOfEventsIsSpread() async throws {
        try StateStore(scratch.paths).save(Self.guarded(), revision: 1)
        let machine = FakeMachine()
        let agent = agent(machine)
        let task = Task { await agent.run() }
        #expect(try await eventually { agent.passes >= 1 })
        machine.glances = []
        let end = ContinuousClock.now + .seconds(2)
        while ContinuousClock.now < end {
            for _ in 0..<100 { machine.moved?(.part(.mounts)) }
            try await LoopActor.sleep(for: .milliseconds(1))
        }
        #expect((2...20).contains(machine.glances.count), "\(machine.glances.count) glances in 2 s")
        agent.stop()
        await task.value
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
            machine.moved?(.anything)
            let before = ContinuousClock.now
            try await LoopActor.sleep(for: .milliseconds(20))
            #expect(ContinuousClock.now - before < .seconds(1))
        }
        #expect(
            try await eventually {
                machine.moved?(.anything)
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
        machine.moved?(.anything)
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
