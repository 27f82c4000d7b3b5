import AgentCore
import Glibc
import SkepModel
import SkepSystem
import Testing

@testable import AgentHost

/// Real events of this machine's kernel: files, mounts and the ruleset.
@Suite(.serialized) struct WatchSerialTests {
    /// What was told, in order.
    @LoopActor final class Told {
        var movements: [Movement] = []
        /// What the host itself may do meanwhile is left aside: its addresses, its clock.
        var parts: [Movement] { movements.filter { if case .part = $0 { true } else { false } } }
        func has(_ movement: Movement) -> Bool { movements.contains(movement) }
    }

    init() { EventLoop.runInBackground() }

    @LoopActor private func eventually(_ condition: @LoopActor () throws -> Bool) async throws -> Bool {
        let end = ContinuousClock.now + .seconds(10)
        while ContinuousClock.now < end {
            if try condition() { return true }
            try await LoopActor.sleep(for: .milliseconds(5))
        }
        return try condition()
    }

    @LoopActor private func with(
        _ machine: TemporaryMachine, _ scope: HostScope, _ body: @LoopActor (Told, HostWatches, HostState) async throws -> Void
    ) async throws {
        let told = Told()
        let state = HostState(machine.layout)
        let watches = HostWatches(state) { told.movements.append($0) }
        watches.start()
        watches.follow(scope)
        defer {
            watches.stop()
            machine.remove()
        }
        do { try await body(told, watches, state) } catch {
            await cleanUp(machine)
            throw error
        }
        await cleanUp(machine)
    }

    /// What a test that failed half-way may have left.
    @LoopActor private func cleanUp(_ machine: TemporaryMachine) async {
        for folder in ["/share", "/container"] where Files.exists(machine.root + folder) {
            _ = try? await run(Command("/usr/bin/umount", ["-q", machine.root + folder]))
        }
        guard machine.layout.nft.isInstalled else { return }
        _ = try? await run(machine.layout.nft("delete", "table", "inet", "skep"))
    }

    @Test @LoopActor func filesThatAreOursAreHeardOfAndOthersAreNot() async throws {
        let machine = try TemporaryMachine()
        for folder in ["/etc/exports.d", "/etc/nfs.conf.d", "/var/lib/nfs", "/srv/share"] { try Files.makeDirectory(machine.root + folder) }
        let scope = HostScope(
            docker: NodeSpec.Docker(package: "docker.io", hold: true), folders: [machine.root + "/srv/share"])
        try await with(machine, scope) { told, watches, _ in
            try machine.write("/etc/docker/other.json", "{}")
            try machine.write("/etc/exports.d/other.exports", "")
            try await LoopActor.sleep(for: .milliseconds(100))
            #expect(told.parts.isEmpty)

            try machine.write("/etc/docker/daemon.json", "{}")
            #expect(try await eventually { told.has(.part(.engine)) })
            for path in ["/etc/exports.d/skep.exports", "/etc/nfs.conf.d/skep.conf", "/var/lib/nfs/etab"] {
                told.movements = []
                try machine.write(path, "x")
                #expect(try await eventually { told.has(.part(.server)) }, "\(path) was written")
                told.movements = []
                try Files.remove(machine.root + path)
                #expect(try await eventually { told.has(.part(.server)) }, "\(path) was removed")
            }
            told.movements = []
            try machine.write("/srv/share/file", "x")
            try Files.setMode(machine.root + "/srv/share/file", 0o600)
            try await LoopActor.sleep(for: .milliseconds(100))
            #expect(told.parts.isEmpty, "a file in the share is its users' matter")
            try Files.setMode(machine.root + "/srv/share", 0o700)
            #expect(try await eventually { told.has(.part(.server)) }, "the share's mode was changed")
            told.movements = []
            try Files.removeTree(machine.root + "/srv/share")
            #expect(try await eventually { told.has(.part(.server)) }, "the share was removed")
            // what is written beside it, or in it, is no news
            try Files.makeDirectory(machine.root + "/srv/share")
            watches.follow(scope)
            let open = open(machine.root + "/srv/share", O_RDONLY)
            defer { close(open) }
            try await LoopActor.sleep(for: .milliseconds(50))
            told.movements = []
            try machine.write("/srv/other", "x")
            try machine.write("/srv/share/file", "x")
            try await LoopActor.sleep(for: .milliseconds(100))
            #expect(!told.has(.part(.server)))
            try Files.removeTree(machine.root + "/srv/share")
            #expect(try await eventually { told.has(.part(.server)) }, "a share that an NFS server still holds open was removed")
        }
    }

    /// What was not there when the watch began, or went and came again, is watched from the next complete look on.
    @Test @LoopActor func aFolderThatComesLaterIsWatched() async throws {
        let machine = try TemporaryMachine()
        let scope = HostScope(folders: [machine.root + "/srv/share"])
        try await with(machine, scope) { told, watches, _ in
            try Files.makeDirectory(machine.root + "/etc/exports.d")
            try Files.makeDirectory(machine.root + "/srv/share")
            watches.follow(scope)
            try machine.write("/etc/exports.d/skep.exports", "x")
            #expect(try await eventually { told.has(.part(.server)) })
            try Files.removeTree(machine.root + "/etc/exports.d")
            #expect(try await eventually { !Files.exists(machine.root + "/etc/exports.d") })
            try await LoopActor.sleep(for: .milliseconds(50))
            try Files.makeDirectory(machine.root + "/etc/exports.d")
            watches.follow(scope)
            told.movements = []
            try machine.write("/etc/exports.d/skep.exports", "x")
            #expect(try await eventually { told.has(.part(.server)) })
        }
    }

    @Test(.enabled(if: geteuid() == 0)) @LoopActor func mountsAtTheSharesPathsAreHeardOfAndOthersAreNot() async throws {
        let machine = try TemporaryMachine()
        let ours = machine.root + "/share"
        let others = machine.root + "/container"
        try Files.makeDirectory(ours)
        try Files.makeDirectory(others)
        let mounts = [ours: HostScope.Mount(source: .folder("/srv"), write: true)]
        try await with(machine, HostScope(mounts: mounts)) { told, _, _ in
            func mount(_ path: String) async throws { try await run(Command("/usr/bin/mount", ["-t", "tmpfs", "none", path])).orFail("mount") }
            func unmount(_ path: String) async throws { try await run(Command("/usr/bin/umount", [path])).orFail("umount") }
            try await mount(others)
            try await LoopActor.sleep(for: .milliseconds(200))
            #expect(told.parts.isEmpty)
            try await unmount(others)

            try await mount(ours)
            #expect(try await eventually { told.has(.part(.mounts)) })
            told.movements = []
            try await run(Command("/usr/bin/mount", ["-o", "remount,ro", ours])).orFail("remount")
            #expect(try await eventually { told.has(.part(.mounts)) }, "it was mounted read-only")
            told.movements = []
            try await unmount(ours)
            #expect(try await eventually { told.has(.part(.mounts)) })
        }
    }

    private static let table = "add table inet skep\nadd set inet skep s { type ipv4_addr; }\nadd chain inet skep c\n"

    /// Not on a machine that an agent looks after: its table would go.
    private static func hasRuleset() async -> Bool {
        guard geteuid() == 0, Files.exists("/usr/sbin/nft") else { return false }
        EventLoop.runInBackground()
        let listing = try? await run(Program("/usr/sbin/nft")("list", "table", "inet", "skep"))
        return listing?.succeeded == false
    }

    /// In this process's own network namespace, with a table of our name that is removed again.
    @Test(.enabled { await WatchSerialTests.hasRuleset() }) @LoopActor func changesOfOurTableAreHeardOfWithWhoMadeThem() async throws {
        var machine = try TemporaryMachine()
        machine.layout.nft = Program("/usr/sbin/nft")
        func nft(_ text: String) async throws { try await run(machine.layout.nft("-f", "-", input: Array(text.utf8))).orFail("nft") }
        try await with(machine, HostScope()) { told, _, state in
            try await nft("add table inet skep-other\nadd chain inet skep-other c")
            try await nft("delete table inet skep-other")
            try await LoopActor.sleep(for: .milliseconds(100))
            #expect(told.parts.isEmpty)

            let actuator = HostActuator(state)
            guard case .installed = await actuator.perform(.installTable(text: Self.table)) else {
                Issue.record("nft should take the table")
                return
            }
            #expect(try await eventually { told.has(.part(.firewall)) })
            #expect(state.rulesetWatch?.changedBy == nil, "it was this agent itself")
            for (change, what) in [
                ("add rule inet skep c accept", "a rule"), ("add element inet skep s { 10.0.0.1 }", "an element"),
                ("flush chain inet skep c", "a flush"), ("delete table inet skep", "the table's end"),
            ] {
                told.movements = []
                try await nft(change)
                #expect(try await eventually { told.has(.part(.firewall)) }, "\(what)")
                #expect(state.rulesetWatch?.changedBy?.hasPrefix("nft, process ") == true, "\(what)")
            }
        }
    }
}
