import AgentCore
import SkepModel
import Testing

@Suite struct SharePlannerTests {
    let now = Instant(milliseconds: 1_000_000)
    private let mount = NodeSpec.Mount(
        name: ShareName(unchecked: "data"), server: .v4(0x0a4d_000b), path: "/data", mount: "/mnt/data", write: true)

    /// What a node does that has these shares and sees this, and what it says.
    private func pass(_ shares: NodeSpec.Shares?, _ seen: Observation) -> (actions: [AgentAction], status: NodeStatus) {
        var spec = Samples.spec(docker: false)
        spec.shares = shares
        var brain = AgentBrain()
        brain.accept(spec, revision: 1)
        let actions = brain.pass(seen, now: now)
        return (actions, brain.status(seen, node: NodeID(unchecked: "0000000000000001"), bootID: "b", version: "0", now: now))
    }

    @Test(arguments: [
        ("Stale", true), ("Frozen", true), ("Shadowed", true), ("WrongSource", true), ("ReadOnly", true), ("Full", false), ("NoPermission", false),
        ("ReadOnlyExport", false), ("ServerGone", false), ("Late", false), ("Failing", false), ("Unknown", false),
    ])
    func mountsAgainOnlyWhereThatMayHelp(_ reason: String, _ isMended: Bool) {
        var seen = Samples.observation()
        seen.packages = .seen(.init(installed: ["nfs-common"]))
        let unit = ShareRenderer.unit(mount, v3: false)
        seen.mounts = .seen(["/mnt/data": .init(unit: unit, source: "10.77.0.11:/data", health: .bad(reason: reason, message: "why"))])
        let (actions, status) = pass(NodeSpec.Shares(client: true, mounts: [mount]), seen)
        let expected: [AgentAction] = isMended ? [.remount(path: "/mnt/data")] : []
        #expect(actions == expected)
        let condition = status.condition(.mounts)
        #expect(condition?.status == .false && condition?.reason == (isMended ? "Mounting" : reason))
        #expect(condition?.message == "/mnt/data: \(reason): why")
    }

    @Test func theServersFirstStartHasItsSettings() {
        let export = NodeSpec.Export(
            name: ShareName(unchecked: "data"), path: "/data", mount: "/data", owner: "0:0", mode: "0755", fsid: 1, clients: [])
        var seen = Samples.observation()
        seen.packages = .seen(.init(installed: ["nfs-common"]))
        let settings = ShareRenderer.settings(v3: false)
        #expect(pass(NodeSpec.Shares(exports: [export]), seen).actions.contains(.prepareServer(settings: settings)))
        seen.server = .seen(.init(settings: settings))
        let (actions, status) = pass(NodeSpec.Shares(exports: [export]), seen)
        #expect(actions.allSatisfy { $0.lane != .server })
        #expect(status.condition(.exports)?.reason == "NotInstalled")
    }

    /// A teardown takes a part without a condition for done.
    @Test func whatCouldNotBeSeenIsNotTakenForGone() {
        var seen = Samples.observation()
        seen.server = .failed("no exports.d")
        seen.mounts = .failed("no mountinfo")
        seen.swarm = .failed("timed out")
        let (actions, status) = pass(nil, seen)
        #expect(actions.isEmpty)
        for type in [Condition.Kind.exports, .mounts, .swarm] { #expect(status.condition(type)?.status == .unknown, "\(type)") }
    }

    @Test func theExportsAreEndedUntilWhatWasFoundIsPutBack() {
        var seen = Samples.observation()
        #expect(pass(nil, seen).actions.isEmpty)
        // The files are gone, and the server is not stopped yet.
        seen.server = .seen(.init(isOurs: true))
        let (actions, status) = pass(nil, seen)
        #expect(actions == [.removeExports])
        #expect(status.condition(.exports)?.status == .false)
    }
}
