import AgentCore
import SkepModel
import Testing

@Suite struct HostPlannerTests {
    let now = Instant(milliseconds: 1_000_000)

    @Test func holdsWhatTheEngineRunsOnAndReleasesOnlyWhatItHeld() throws {
        #expect(AgentBrain.packages(for: Samples.spec()).contains("containerd"))
        #expect(!AgentBrain.packages(for: Samples.spec(docker: false)).contains("containerd"))
        var brain = AgentBrain()
        brain.accept(Samples.spec(), revision: 1)
        var seen = Samples.observation()
        seen.packages = .seen(.init(installed: ["docker.io", "apparmor", "containerd", "runc"], held: ["runc"]))
        let hold = try #require(brain.pass(seen, now: now).first)
        #expect(hold == .holdPackages(["docker.io", "containerd"]))
        brain.finished(hold, .done, seconds: 1, now: now)

        brain.accept(Samples.spec(docker: false), revision: 2)
        seen.packages = .seen(.init(installed: ["docker.io", "containerd", "runc"], held: ["docker.io", "containerd", "runc"]))
        #expect(brain.pass(seen, now: now) == [.unholdPackages(["docker.io", "containerd"])])
    }

    @Test func theEngineIsInstalledBeforeTheServerOfShares() {
        var spec = Samples.spec(firewall: Samples.firewall)
        spec.shares = .init(client: true)
        var brain = AgentBrain(spec: spec, revision: 1)
        var seen = Samples.observation()
        seen.engine = .seen(.absent)
        seen.packages = .seen(.init())
        let engine = AgentAction.installPackages(["nftables", "docker.io", "apparmor"])
        #expect(brain.pass(seen, now: now).contains(engine))
        brain.finished(engine, .done, seconds: 1, now: now)
        seen.packages = .seen(.init(installed: ["nftables", "docker.io", "apparmor"]))
        #expect(brain.pass(seen, now: now).contains(.installPackages(["nfs-common"])))
    }

    /// What an operator wrote into daemon.json is tried before it gives way.
    @Test func theFormerDaemonConfigComesBackOnlyWhenTheEngineDidNotStart() {
        var brain = AgentBrain(spec: Samples.spec(), revision: 1)
        let now = Instant(milliseconds: 1_000_000)
        var seen = Samples.observation()
        _ = brain.pass(seen, now: now)
        seen.engine = .seen(.stopped("unable to configure the Docker daemon with file /etc/docker/daemon.json"))
        seen.hasFormerDaemonConfig = true
        #expect(brain.pass(seen, now: now) == [.startEngine])
        brain.finished(.startEngine, .failed("it does not start"), seconds: 1, now: now)
        var late = brain
        #expect(late.pass(seen, now: now.advanced(by: 30_000)) == [.putBackDaemonConfig], "and not the same once more, after a look that took long")
        #expect(brain.pass(seen, now: now) == [.putBackDaemonConfig])
        brain.finished(.putBackDaemonConfig, .failed("nor with this one"), seconds: 1, now: now)
        #expect(brain.pass(seen, now: now).isEmpty, "both wait")
        #expect(brain.pass(seen, now: now.advanced(by: 2_500)) == [.startEngine])

        var other = AgentBrain(spec: Samples.spec(), revision: 1)
        seen.hasFormerDaemonConfig = false
        #expect(other.pass(seen, now: now) == [.startEngine])
        other.finished(.startEngine, .failed("it does not start"), seconds: 1, now: now)
        #expect(other.pass(seen, now: now).isEmpty)
    }

    @Test func dockersLostChainsAreSaidAndNothingIsRestarted() {
        var brain = AgentBrain(spec: Samples.spec(), revision: 1)
        let now = Instant(milliseconds: 1_000_000)
        var seen = Samples.observation()
        for (chains, reason) in [(nil, "Running"), (true, "Running"), (false, "ChainsGone")] as [(Bool?, String)] {
            seen.dockerChains = chains
            #expect(brain.pass(seen, now: now) == [])
            let status = brain.status(seen, node: NodeID(unchecked: "0000000000000001"), bootID: "b", version: "0", now: now)
            #expect(status.condition(.docker)?.reason == reason)
        }
    }

    @Test func theEngineHasItsOwnFileBackBeforeItIsRemoved() {
        var memory = AgentMemory()
        memory.packages = ["docker.io"]
        memory.originalDaemonConfigKnown = true
        var spec = Samples.spec(docker: false)
        spec.purge = true
        var brain = AgentBrain(memory: memory, spec: spec, revision: 1)
        let restore = AgentAction.restoreDaemonConfig(original: nil, restart: true)
        #expect(brain.pass(Samples.observation(), now: now) == [restore])
        brain.finished(restore, .done, seconds: 1, now: now)
        #expect(brain.pass(Samples.observation(), now: now) == [.removePackages(["docker.io"])])
    }

    @Test func anEngineOfAnotherPackageIsSaidAndKept() {
        var brain = AgentBrain()
        brain.accept(Samples.spec(), revision: 1)
        var seen = Samples.observation()
        seen.packages = .seen(.init(installed: ["apparmor"]))
        #expect(!brain.pass(seen, now: now).contains { $0.lane == .packages })
        #expect(condition(brain, seen, .packages)?.reason == "OtherEngine")
        seen.engine = .seen(.absent)
        #expect(brain.pass(seen, now: now).contains(.installPackages(["docker.io"])))
    }

    @Test func aMemberOfASwarmIsNotRestartedForItsSettings() {
        var brain = AgentBrain()
        brain.accept(Samples.spec(swarm: .member(swarm: "ours")), revision: 1)
        var seen = Samples.observation(swarm: .init(state: .active, nodeID: "x", swarmID: "ours", isManager: true))
        seen.daemonConfig = .seen(.differs(restart: true))
        let merge = AgentAction.mergeDaemonConfig(.init(package: "docker.io", hold: true), restart: false)
        #expect(brain.pass(seen, now: now) == [merge])
        brain.finished(merge, .done, seconds: 1, now: now)
        seen.daemonConfig = .seen(.restartNeeded)
        #expect(brain.pass(seen, now: now).isEmpty)
        #expect(condition(brain, seen, .daemonConfig)?.reason == "RestartNeeded")
        // the coordinator says when it is this one's turn
        var spec = Samples.spec(swarm: .member(swarm: "ours"))
        spec.docker?.restart = true
        brain.accept(spec, revision: 2)
        #expect(brain.pass(seen, now: now) == [.mergeDaemonConfig(spec.docker ?? .init(package: "", hold: false), restart: true)])
        seen.daemonConfig = .seen(.asWanted)
        seen.dockerChains = false
        var other = AgentBrain()
        other.accept(spec, revision: 2)
        #expect(other.pass(seen, now: now) == [.restartEngine])
        seen.dockerChains = nil
        seen.daemonConfig = .seen(.restartNeeded)
        // before it is in one, nothing of a stack runs here
        var fresh = AgentBrain()
        fresh.accept(Samples.spec(), revision: 1)
        seen.swarm = .seen(.init(state: .inactive))
        #expect(fresh.pass(seen, now: now) == [.mergeDaemonConfig(.init(package: "docker.io", hold: true), restart: true)])
    }

    private func condition(_ brain: AgentBrain, _ observation: Observation, _ kind: Condition.Kind) -> Condition? {
        brain.status(observation, node: NodeID(unchecked: "0000000000000001"), bootID: "b", version: "0", now: now).condition(kind)
    }
}
