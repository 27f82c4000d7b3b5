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
        seen.packages = .seen(.init())
        let engine = AgentAction.installPackages(["nftables", "docker.io", "apparmor"])
        #expect(brain.pass(seen, now: now).contains(engine))
        brain.finished(engine, .done, seconds: 1, now: now)
        seen.packages = .seen(.init(installed: ["nftables", "docker.io", "apparmor"]))
        #expect(brain.pass(seen, now: now).contains(.installPackages(["nfs-common"])))
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
}
