import AgentCore
import SkepModel
import Testing

/// What tasks can rely on: shares by a verdict that is slow to change, containers on mounts that live, a disk with room.
@Suite struct ReliabilityTests {
    let now = Instant(milliseconds: 1_000_000)
    private let data = ShareName(unchecked: "data")
    private let mount = NodeSpec.Mount(
        name: ShareName(unchecked: "data"), server: .v4(0x0a4d_000b), path: "/data", mount: "/mnt/data", write: true)

    private var spec: NodeSpec {
        var spec = Samples.spec(swarm: .member(swarm: "s"))
        spec.shares = .init(mounts: [mount])
        return spec
    }

    private func seen(_ health: Observation.MountPoint.Health? = .good, strays: [Observation.BoundContainer] = []) -> Observation {
        var seen = Samples.observation(swarm: .init(state: .active, nodeID: "m1", swarmID: "s", isManager: true))
        seen.packages = .seen(.init(installed: ["docker.io", "apparmor", "nfs-common"], held: ["docker.io"]))
        seen.mounts = .seen(["/mnt/data": .init(unit: ShareRenderer.unit(mount, v3: false), source: "10.77.0.11:/data", health: health)])
        seen.strays = .seen(strays)
        return seen
    }

    private func brain(_ spec: NodeSpec) -> AgentBrain {
        var brain = AgentBrain()
        brain.accept(spec, revision: 1)
        return brain
    }

    private func status(_ brain: AgentBrain, _ seen: Observation, _ now: Instant) -> NodeStatus {
        brain.status(seen, node: spec.node, bootID: "b", version: "v", now: now)
    }

    // MARK: Shares

    @Test func aVerdictOnAShareChangesOnlyAfterAWhile() {
        var brain = brain(spec)
        let bad = Observation.MountPoint.Health.bad(reason: "ServerGone", message: "no answer")
        func verdict(_ health: Observation.MountPoint.Health?, at seconds: Int64) -> ShareVerdict? {
            let (seen, time) = (seen(health), now.advanced(by: seconds * 1000))
            for action in brain.pass(seen, now: time) { brain.finished(action, .done, seconds: 1, now: time) }
            return status(brain, seen, time).shares?[data]
        }
        #expect(verdict(nil, at: 0) == nil, "nothing is known yet")
        #expect(verdict(.good, at: 1) == .ok)
        #expect(verdict(bad, at: 2) == .ok)
        #expect(verdict(.good, at: 50) == .ok)
        #expect(verdict(bad, at: 51) == .ok, "the doubt begins anew")
        #expect(verdict(bad, at: 110) == .ok)
        #expect(verdict(.bad(reason: "Late", message: ""), at: 111) == .ok, "a late look tells nothing")
        #expect(verdict(bad, at: 112) == .bad)
        #expect(verdict(.good, at: 113) == .bad)
        brain.clockStepped(by: 3_600_000)
        #expect(verdict(.good, at: 3600 + 114) == .bad, "a clock that was set is no time that passed")
        #expect(verdict(.good, at: 3600 + 174) == .ok)
    }

    @Test func aShareThatIsBadFromTheBeginningIsSaidToBeAfterAWhile() {
        var brain = brain(spec)
        for seconds in stride(from: Int64(0), through: 90, by: 30) {
            let seen = seen(.bad(reason: "ServerGone", message: "no answer"))
            _ = brain.pass(seen, now: now.advanced(by: seconds * 1000))
            #expect(status(brain, seen, now).shares?[data] == (seconds < 60 ? nil : .bad))
        }
    }

    @Test func aDoubtDoesNotOutliveTheAgent() {
        var brain = brain(spec)
        let bad = seen(.bad(reason: "ServerGone", message: "no answer"))
        _ = brain.pass(seen(), now: now)
        _ = brain.pass(bad, now: now)
        var next = AgentBrain(memory: brain.memory, spec: spec, revision: 1)
        _ = next.pass(bad, now: now.advanced(by: 3_600_000))
        #expect(status(next, bad, now).shares?[data] == .ok, "nobody watched it in that hour")
    }

    // MARK: Containers

    private func stray(_ name: String, isTask: Bool = true) -> Observation.BoundContainer {
        .init(
            id: "id of \(name)", name: name, isTask: isTask, process: 7, path: "/mnt/data", source: "/mnt/data/sub", destination: "/var/lib/minio")
    }

    @Test func tasksThatHoldADeadMountAreRestartedOnceTheShareIsGood() throws {
        var brain = brain(spec)
        #expect(brain.pass(seen(), now: now).isEmpty)
        let dead = seen(.bad(reason: "ServerGone", message: "no answer"), strays: [stray("minio.1")])
        #expect(brain.pass(dead, now: now).isEmpty, "it would hang again")
        let begun = brain.pass(seen(strays: [stray("minio.1"), stray("by-hand", isTask: false)]), now: now)
        #expect(begun == [.restartTask(container: "id of minio.1", name: "minio.1")])
        brain.finished(begun[0], .done, seconds: 0.1, now: now)
        _ = brain.pass(seen(), now: now.advanced(by: 300))
        let repair = try #require(brain.memory.events.last?.repair)
        #expect(repair.fault == .deadMount)
        #expect(repair.actions == ["restart the task minio.1"])
    }

    @Test func aContainerThatIsNoTasksIsNamedAndLeft() {
        var brain = brain(spec)
        let found = seen(strays: [stray("by-hand", isTask: false)])
        #expect(brain.pass(found, now: now).isEmpty)
        let condition = status(brain, found, now).condition(.bindings)
        #expect(condition?.status == .false)
        #expect(condition?.message.contains("`docker restart by-hand`") == true)
    }

    // MARK: Disk

    private func full(_ percent: Int64) -> Observation {
        var seen = seen()
        seen.facts.diskTotalBytes = 100 << 30
        seen.facts.diskFreeBytes = (100 - percent) << 30
        return seen
    }

    @Test func aManagersFullDiskIsPrunedOnceInAWhile() {
        var brain = brain(spec)
        #expect(brain.pass(full(85), now: now).isEmpty)
        #expect(status(brain, full(85), now).condition(.disk)?.reason == "FillingUp")
        let begun = brain.pass(full(93), now: now)
        #expect(begun == [.prune])
        brain.finished(.prune, .done, seconds: 3, now: now)
        #expect(brain.pass(full(91), now: now.advanced(by: 30_000)).isEmpty, "there was no more to remove")
        #expect(status(brain, full(91), now).condition(.disk)?.status == .false)
        #expect(brain.pass(full(91), now: now.advanced(by: 601_000)) == [.prune])
    }

    @Test func aWorkersDiskIsNotPruned() {
        var spec = spec
        spec.role = .worker
        var brain = brain(spec)
        #expect(brain.pass(full(99), now: now).isEmpty)
    }

    // MARK: The engine

    @Test func anEngineThatSomebodyElseExchangedIsTold() {
        var brain = brain(spec)
        _ = brain.pass(seen(), now: now)
        #expect(brain.memory.events.isEmpty)
        var newer = seen()
        newer.engine = .seen(.running(version: "29.0.1", bridges: []))
        _ = brain.pass(newer, now: now)
        _ = brain.pass(newer, now: now)
        #expect(brain.memory.events.map(\.message) == ["the Docker Engine is 29.0.1 now, it was 20.10.24: somebody else exchanged it"])
    }
}
