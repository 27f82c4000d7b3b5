import AgentCore
import SkepModel
import Testing

@Suite struct SwarmPlannerTests {
    let now = Instant(milliseconds: 1_000_000)
    let making = NodeSpec.Swarm.initialise(
        .init(operation: "op1", advertise: .v4(0x0a4d_000b), addressPool: Samples.ranges("10.100.0.0/16")[0], dataPathPort: 4789))

    private func reason(_ brain: AgentBrain, _ observation: Observation) -> String? {
        brain.status(observation, node: NodeID(unchecked: "0000000000000001"), bootID: "b", version: "0", now: now).condition(.swarm)?.reason
    }

    @Test func aForeignSwarmIsSaidAndLeftAlone() {
        var brain = AgentBrain()
        brain.accept(Samples.spec(swarm: making), revision: 1)
        let seen = Samples.observation(swarm: .init(state: .active, nodeID: "x", swarmID: "foreign", isManager: true))
        #expect(brain.pass(seen, now: now).isEmpty)
        #expect(reason(brain, seen) == "ForeignSwarm")
    }

    @Test func aMachineOfAnothersSwarmGetsNothing() {
        let rules = FirewallSpec(audiences: [.management: Samples.ranges("10.77.0.0/24")], rules: [])
        let foreign = SwarmStatus(state: .active, nodeID: "x", swarmID: "foreign", isManager: true)
        for swarm in [making, .undecided, .member(swarm: "ours")] {
            var brain = AgentBrain()
            brain.accept(Samples.spec(firewall: rules, swarm: swarm), revision: 1)
            var seen = Samples.observation(swarm: foreign)
            seen.packages = .seen(.init(installed: ["docker.io"]))
            seen.daemonConfig = .seen(.differs(restart: true))
            #expect(brain.pass(seen, now: now).isEmpty)
            #expect(reason(brain, seen) == "ForeignSwarm")
            // once it is out of there, it becomes a node as any other
            seen.swarm = .seen(.init(state: .inactive))
            #expect(!brain.pass(seen, now: now).isEmpty)
        }
    }

    @Test func aManagersAgentThatLostItsMemoryIsAtHome() {
        var brain = AgentBrain()
        brain.accept(Samples.spec(swarm: .member(swarm: "ours")), revision: 1)
        let seen = Samples.observation(swarm: .init(state: .active, nodeID: "x", swarmID: "ours", isManager: true))
        _ = brain.pass(seen, now: now)
        #expect(reason(brain, seen) == "Member")
        #expect(brain.memory.swarm == "ours")
    }

    /// A worker's engine does not say which swarm it is in: the acting manager knows the member.
    @Test func aWorkersAgentThatLostItsMemoryIsAtHome() {
        var brain = AgentBrain()
        var spec = Samples.spec(swarm: .member(swarm: "ours"))
        brain.accept(spec, revision: 1)
        let seen = Samples.observation(swarm: .init(state: .active, nodeID: "x"))
        _ = brain.pass(seen, now: now)
        #expect(reason(brain, seen) == "ForeignSwarm", "nobody has said yet that it is ours")
        spec.knownMember = "y"
        brain.accept(spec, revision: 2)
        _ = brain.pass(seen, now: now)
        #expect(reason(brain, seen) == "ForeignSwarm", "that is another one")
        spec.knownMember = "x"
        brain.accept(spec, revision: 3)
        _ = brain.pass(seen, now: now)
        #expect(reason(brain, seen) == "Member")
        #expect(brain.memory.swarm == "ours")
        let status = brain.status(seen, node: NodeID(unchecked: "0000000000000001"), bootID: "b", version: "0", now: now)
        #expect(status.swarm.swarmID == "ours", "so that the coordinator knows as well")
    }

    @Test func theIntentIsRememberedBeforeTheSwarmIsMade() {
        var brain = AgentBrain()
        brain.accept(Samples.spec(swarm: making), revision: 1)
        #expect(brain.pass(Samples.observation(), now: now).contains { $0.lane == .swarm })
        var reborn = AgentBrain(memory: brain.memory, spec: brain.spec, revision: 1)
        let made = Samples.observation(swarm: .init(state: .active, nodeID: "x", swarmID: "ours", isManager: true))
        #expect(reborn.pass(made, now: now).isEmpty)
        #expect(reason(reborn, made) == "Member")
        #expect(reborn.memory.swarm == "ours")
    }

    @Test func aSecondSwarmIsNeverMade() {
        var brain = AgentBrain()
        brain.accept(Samples.spec(swarm: making), revision: 1)
        _ = brain.pass(Samples.observation(), now: now)
        brain.finished(
            .initialiseSwarm(
                .init(operation: "op1", advertise: .v4(0x0a4d_000b), addressPool: Samples.ranges("10.100.0.0/16")[0], dataPathPort: 4789)), .done,
            seconds: 2, now: now)
        _ = brain.pass(Samples.observation(swarm: .init(state: .active, nodeID: "x", swarmID: "ours", isManager: true)), now: now)
        let gone = Samples.observation()
        #expect(brain.pass(gone, now: now.advanced(by: 1_000)).isEmpty)
        #expect(reason(brain, gone) == "SwarmLost")
    }

    @Test func failuresCarryTheirOwnWordsAndBackOff() throws {
        var brain = AgentBrain()
        brain.accept(Samples.spec(swarm: making), revision: 1)
        let action = try #require(brain.pass(Samples.observation(), now: now).first { $0.lane == .swarm })
        brain.finished(action, .failed("could not find a suitable address"), seconds: 1, now: now)
        #expect(brain.pass(Samples.observation(), now: now.advanced(by: 1_000)).isEmpty)
        let status = brain.status(Samples.observation(), node: NodeID(unchecked: "0000000000000001"), bootID: "b", version: "0", now: now)
        #expect(status.condition(.swarm)?.message.contains("could not find a suitable address") == true)
        #expect(brain.pass(Samples.observation(), now: now.advanced(by: 2_000)).contains(action))
    }
}
