import AgentCore
import SkepModel
import SkepSystem
import Testing

@testable import AgentHost

@Suite struct MountTableTests {
    init() { EventLoop.runInBackground() }

    private let text = """
        22 1 8:1 / / rw,relatime - ext4 /dev/sda1 rw
        23 22 0:20 / /proc rw - proc proc rw
        30 22 0:50 / /mnt/a\\040b rw,relatime shared:5 - nfs4 10.0.0.1:/data rw,vers=4.2
        31 22 0:51 / /nfs rw - nfs4 10.0.0.1:/data ro,vers=4.2
        40 22 8:1 /srv/data /bound rw - ext4 /dev/sda1 rw
        50 22 0:60 / /deep/share rw - nfs4 10.0.0.1:/x rw
        51 22 0:61 / /deep rw - tmpfs tmpfs rw
        60 22 0:70 / /stack rw - nfs4 10.0.0.1:/y rw
        61 60 0:71 / /stack rw - tmpfs cover rw
        """

    @Test func followsTheWayTheKernelGoes() {
        let table = MountTable(text)
        #expect(table.mounted(at: "/mnt/a b")?.source == "10.0.0.1:/data")
        #expect(table.mounted(at: "/nfs")?.isReadOnly == true)
        #expect(table.mounted(at: "/nfs")?.isRemote == true)
        #expect(table.containing("/nfs/sub/folder")?.id == 31)
        #expect(table.containing("/nfsx")?.id == 22)
        #expect(table.mounted(at: "/bound")?.root == "/srv/data")
        #expect(table.mounted(at: "/deep/share") == nil)
        #expect(table.containing("/deep/share")?.source == "tmpfs")
        #expect(table.mounted(at: "/stack")?.source == "cover")
    }

    /// The node mounted both shares anew while containers held the former mounts: one by NFS, where another device tells, and a bound folder, where its
    /// place does.
    @Test(
        arguments: [
            ("0:50 / /data rw - nfs4 10.0.0.1:/data rw", "/mnt/a b", false), ("0:50 /sub /data rw - nfs4 10.0.0.1:/data rw", "/mnt/a b/sub", false),
            ("0:49 / /data rw - nfs4 10.0.0.1:/data rw", "/mnt/a b", true),
            ("0:50 /renamed /data rw - nfs4 10.0.0.1:/data rw", "/mnt/a b/sub", false),
            ("8:1 /srv/data /data rw - ext4 /dev/sda1 rw", "/bound", false), ("8:1 /srv/data/x /data rw - ext4 /dev/sda1 rw", "/bound/x", false),
            ("8:1 /srv/data/x//deleted /data rw - ext4 /dev/sda1 rw", "/bound/x", false),
            ("8:1 /bound /data rw - ext4 /dev/sda1 rw", "/bound", true), ("8:1 /srv/database /data rw - ext4 /dev/sda1 rw", "/bound", true),
        ] as [(String, String, Bool)]
    ) @LoopActor func tellsWhichContainersHoldAFormerMount(held: String, source: String, isStray: Bool) throws {
        var machine = try TemporaryMachine()
        defer { machine.remove() }
        try machine.write("/mountinfo", text)
        try machine.write("/proc/7/mountinfo", "90 1 0:9 / / rw - overlay overlay rw\n91 90 \(held)\n")
        machine.layout.mountTables = [machine.root + "/mountinfo"]
        machine.layout.processes = machine.root + "/proc"
        let path = source.hasPrefix("/bound") ? "/bound" : "/mnt/a b"
        let bound = Observation.BoundContainer(
            id: "c", name: "c", isTask: true, process: 7, path: path, source: source, destination: "/data")
        let observer = MountObserver(HostState(machine.layout))
        #expect(try observer.strays([bound]) == (isStray ? [bound] : []))
        try machine.write("/mountinfo", text + "\n70 30 0:80 / /mnt/a\\040b/sub rw - xfs /dev/sdc1 rw\n71 40 0:81 / /bound/x rw - xfs /dev/sdd1 rw\n")
        try machine.write("/proc/7/mountinfo", "90 1 0:9 / / rw - overlay overlay rw\n91 90 0:80 / /data rw - xfs /dev/sdc1 rw\n")
        if source != path { #expect(try observer.strays([bound]).isEmpty, "another file system below the share is none of ours") }
        try machine.write("/mountinfo", text)
        var ended = bound
        ended.process = 8
        #expect(try observer.strays([ended]).isEmpty, "a container that has ended holds nothing")
    }

    @Test func knowsWhatABoundFolderIs() throws {
        let table = MountTable(
            """
            22 1 8:1 / / rw - ext4 /dev/sda1 rw
            24 22 8:17 /vol /disk rw - xfs /dev/sdb1 rw
            40 22 8:1 /srv/data /one rw - ext4 /dev/sda1 rw
            41 22 8:17 /vol/data /two rw - xfs /dev/sdb1 rw
            42 22 8:17 /vol /three rw - xfs /dev/sdb1 rw
            43 22 8:1 /srv/gone//deleted /four rw - ext4 /dev/sda1 rw
            44 22 0:9 / /five rw - tmpfs cover rw
            """)
        for (path, folder) in [("/one", "/srv/data"), ("/two", "/disk/data"), ("/three", "/disk"), ("/four", "/srv/gone")] {
            let entry = try #require(table.mounted(at: path))
            #expect(table.binds(entry, folder), "\(path)")
        }
        for (path, folder) in [("/one", "/srv/other"), ("/two", "/srv/data"), ("/five", "/srv/data")] {
            let entry = try #require(table.mounted(at: path))
            #expect(!table.binds(entry, folder), "\(path)")
        }
    }

    @Test(arguments: [
        ("/nfs-root", "nfs\\x2droot.mount"), ("/mnt/data", "mnt-data.mount"), ("/a b/.c_d", "a\\x20b-.c_d.mount"), ("/.x", "\\x2ex.mount"),
    ])
    func namesUnitsAsSystemdDoes(_ path: String, _ name: String) async throws {
        #expect(MountUnit.name(path) == name)
        EventLoop.runInBackground()
        guard Files.exists("/usr/bin/systemd-escape") else { return }
        #expect(try await run(Command("/usr/bin/systemd-escape", ["--path", "--suffix=mount", path])).output == name + "\n")
    }

    @Test func readsUnits() {
        let unit = MountUnit("# Written by skep-agent; x\n[Mount]\nWhat=10.0.0.1:/a%%b\nWhere=/c\nType=nfs4\nOptions=rw,hard\n")
        #expect(unit.what == "10.0.0.1:/a%b" && unit.path == "/c" && unit.type == "nfs4" && unit.options == "rw,hard" && unit.isOurs)
        #expect(!MountUnit("[Mount]\nWhere=/c\n").isOurs)
    }
}

@Suite struct ShareHealthTests {
    init() { EventLoop.runInBackground() }

    private let server = HostScope.Mount.Source.remote(server: .v4(0x7f00_0001), path: "/data")

    /// A table that says NFS is mounted at a folder which in truth is a plain one.
    @LoopActor private func machine(_ probe: String, options: String = "rw") throws -> TemporaryMachine {
        var machine = try TemporaryMachine()
        try machine.write("/mountinfo", "22 1 8:1 / / rw - ext4 /dev/sda1 rw\n31 22 0:51 / /share \(options) - nfs4 127.0.0.1:/data rw\n")
        machine.layout.mountTables = [machine.root + "/mountinfo"]
        machine.layout.shareProbe = try machine.script("probe", probe)
        return machine
    }

    @LoopActor private func health(_ machine: TemporaryMachine, _ state: HostState? = nil, source: HostScope.Mount.Source? = nil) async throws
        -> Observation
        .MountPoint?
    {
        let scope = HostScope(mounts: ["/share": .init(source: source ?? server, write: true)], node: "n1")
        return try await MountObserver(state ?? HostState(machine.layout)).look(scope)["/share"]
    }

    @LoopActor private func reason(_ point: Observation.MountPoint?) -> String? {
        if case .bad(let reason, _)? = point?.health { reason } else { nil }
    }

    @Test(arguments: [
        ("echo pid $$; echo ok", nil), ("echo pid $$; echo errno 116", "Stale"), ("echo errno 30", "ReadOnlyExport"),
        ("echo errno 13", "NoPermission"),
        ("echo errno 5", "ServerGone"), ("echo errno 28", "Full"), ("exit 3", "Unknown"),
    ])
    @LoopActor func saysWhatTheProbeFound(_ probe: String, _ expected: String?) async throws {
        let machine = try machine(probe)
        defer { machine.remove() }
        let point = try await health(machine)
        #expect(point?.source == "127.0.0.1:/data")
        #expect(reason(point) == expected)
        #expect((point?.health == .good) == (expected == nil))
    }

    /// A machine that is busy is late once; a mount that works is not taken away for it.
    @Test @LoopActor func onlyTheSecondLateProbeIsAFrozenShare() async throws {
        let machine = try machine("echo pid $$; [ -e $ROOT/quick ] || exec sleep 30; echo ok")
        defer { machine.remove() }
        let folder = machine.root + "/folder"
        try Files.makeDirectory(folder)
        try machine.write("/mountinfo", "22 1 8:1 / / rw - ext4 /dev/sda1 rw\n31 22 8:1 /x \(folder) rw - ext4 /dev/sda1 rw\n")
        let state = HostState(machine.layout)
        state.probeDeadline = .milliseconds(300)
        let scope = HostScope(mounts: [folder: .init(source: .folder(folder), write: true)], node: "n1")
        func look() async throws -> Observation.MountPoint? { try await MountObserver(state).look(scope)[folder] }
        #expect(reason(try await look()) == "Late")
        #expect(reason(try await look()) == "Frozen")
        state.probeDeadline = .seconds(10)
        try machine.write("/quick", "")
        #expect(try await look()?.health == .good)
        state.probeDeadline = .milliseconds(300)
        try Files.remove(machine.root + "/quick")
        #expect(reason(try await look()) == "Late", "an answer in between begins anew")
    }

    /// Else each would take the other's file away, and a good share be called a failing one.
    @Test @LoopActor func aLookAndAGlanceDoNotProbeAtOnce() async throws {
        let machine = try machine("mkdir $ROOT/taken 2>/dev/null || { echo errno 17; exit 1; }; sleep 0.2; rmdir $ROOT/taken; echo ok")
        defer { machine.remove() }
        let observer = MountObserver(HostState(machine.layout))
        let scope = HostScope(mounts: ["/share": .init(source: server, write: true)], node: "n1")
        async let one = observer.look(scope)["/share"]
        async let two = observer.look(scope)["/share"]
        async let three = observer.look(scope)["/share"]
        let all = try await [one, two, three]
        #expect(all.allSatisfy { $0?.health == .good })
    }

    @Test @LoopActor func saysWhatTheTableTells() async throws {
        let machine = try machine("echo ok", options: "ro")
        defer { machine.remove() }
        #expect(reason(try await health(machine)) == "ReadOnly")
        #expect(reason(try await health(machine, source: .remote(server: .v4(0x7f00_0002), path: "/data"))) == "WrongSource")
        try machine.write("/mountinfo", "22 1 8:1 / / rw - ext4 /dev/sda1 rw\n")
        #expect(reason(try await health(machine)) == "NotMounted")
        try machine.write(
            "/mountinfo",
            "22 1 8:1 / / rw - ext4 /dev/sda1 rw\n31 22 0:51 / /share rw - nfs4 127.0.0.1:/data rw\n32 31 0:9 / /share rw - tmpfs t rw\n")
        #expect(reason(try await health(machine)) == "Shadowed")
    }

    @Test @LoopActor func aLookThatDoesNotComeBackIsCutOff() async throws {
        let machine = try machine("echo pid $$; exec sleep 60")
        defer { machine.remove() }
        let begin = SystemClock.monotonicMilliseconds()
        // Nobody listens on 2049 of the loopback here.
        #expect(reason(try await health(machine)) == "ServerGone")
        #expect(SystemClock.monotonicMilliseconds() - begin < 30_000)
    }

    @Test @LoopActor func aStuckLookIsNotRepeated() async throws {
        let machine = try machine("echo pid $$; echo again >>$ROOT/looks; echo ok")
        defer { machine.remove() }
        let state = HostState(machine.layout)
        state.stuckProbes["/share"] = 1
        #expect(reason(try await health(machine, state)) == "ServerGone")
        #expect(machine.read("/looks") == nil)
        state.stuckProbes["/share"] = Int(Int32.max)
        #expect(try await health(machine, state)?.health == .good)
        #expect(state.stuckProbes.isEmpty)
    }

    @Test @LoopActor func theProbeItself() throws {
        let machine = try TemporaryMachine()
        defer { machine.remove() }
        #expect(ShareProbe.attempt(machine.root, node: "n1", write: true) == 0)
        #expect(ShareProbe.attempt(machine.root, node: "n1", write: false) == 0)
        #expect(!Files.exists(machine.root + "/.skep-probe-n1"))
        #expect(ShareProbe.attempt(machine.root + "/absent", node: "n1", write: true) == 2)
        #expect(ShareProbe.attempt("/proc/sys", node: "n1", write: true) != 0)
    }
}

@Suite struct MountActionTests {
    init() { EventLoop.runInBackground() }

    private let below = "22 1 8:1 / / rw - ext4 /dev/sda1 rw\n"

    /// A table in a file, which `mount` and `umount` change.
    private func machine() throws -> (TemporaryMachine, path: String) {
        var machine = try TemporaryMachine()
        let path = machine.root + "/share"
        machine.layout.mountTables = [machine.root + "/mountinfo"]
        machine.layout.umount = try machine.script("umount", "echo umount >>$ROOT/calls; sed -i '$d' $ROOT/mountinfo")
        machine.layout.mount = try machine.script(
            "mount",
            "echo mount >>$ROOT/calls; for last; do :; done; echo \"31 22 0:51 / $last rw - nfs4 127.0.0.1:/data rw\" >>$ROOT/mountinfo")
        return (machine, path)
    }

    private func ours(_ path: String) -> String { "31 22 0:51 / \(path) rw - nfs4 127.0.0.1:/data rw\n" }
    private func theirs(_ path: String, over: Int) -> String { "32 \(over) 0:9 / \(path) rw - tmpfs theirs rw\n" }
    private func unit(_ path: String, options: String = "rw,hard") -> String {
        "# Written by skep-agent; a change here is put back.\n[Mount]\nWhat=127.0.0.1:/data\nWhere=\(path)\nType=nfs4\nOptions=\(options)\n"
    }

    private func writeUnit(_ machine: TemporaryMachine, _ path: String) throws -> String {
        let file = "\(machine.layout.units)/\(MountUnit.name(path))"
        try AtomicFile.write(file, unit(path))
        return file
    }

    @Test @LoopActor func aRepairThatDoesNotHelpWaits() async throws {
        let (machine, path) = try self.machine()
        defer { machine.remove() }
        try machine.write("/mountinfo", below + ours(path))
        _ = try writeUnit(machine, path)
        let state = HostState(machine.layout)
        state.stuckProbes[path] = 1
        #expect(await HostActuator(state).perform(.remount(path: path)) == .done)
        #expect(machine.read("/calls") == "umount\nmount\n")
        #expect(state.stuckProbes.isEmpty, "what hung in the former mount says nothing of this one")
        let second = await HostActuator(state).perform(.remount(path: path))
        #expect(second == .failed("it was mounted again 1×, which did not help, or not for long"))
        #expect(machine.read("/calls") == "umount\nmount\n")
    }

    @Test @LoopActor func whatOthersMountedInThePlaceOfOursStays() async throws {
        let (machine, path) = try self.machine()
        defer { machine.remove() }
        let state = HostState(machine.layout)
        try state.update { $0.mounts = [path] }
        try machine.write("/mountinfo", below + theirs(path, over: 22))
        let refused = ActionOutcome.failed("theirs is already mounted at \(path); unmount it or choose another path")
        #expect(await HostActuator(state).perform(.installMount(path: path, unit: unit(path))) == refused)
        let file = try writeUnit(machine, path)
        #expect(await HostActuator(state).perform(.installMount(path: path, unit: unit(path, options: "ro,hard"))) == refused)

        // Over ours it must go first; alone it stays, and only our unit goes.
        try machine.write("/mountinfo", below + ours(path) + theirs(path, over: 31))
        let covered = ActionOutcome.failed("theirs (tmpfs) is mounted over \(path) by somebody else; unmount it")
        #expect(await HostActuator(state).perform(.removeMount(path: path)) == covered)
        try machine.write("/mountinfo", below + theirs(path, over: 22))
        #expect(await HostActuator(state).perform(.removeMount(path: path)) == .done)
        #expect(!Files.exists(file) && machine.read("/calls") == nil)
    }

    /// The unit is what tells the next look that something remains.
    @Test @LoopActor func theUnitGoesLast() async throws {
        let (machine, path) = try self.machine()
        defer { machine.remove() }
        try machine.write("/mountinfo", below + ours(path))
        let file = try writeUnit(machine, path)
        let state = HostState(machine.layout)
        try state.update { $0.mounts = [path] }
        // The record cannot be written any more.
        try Files.removeTree(machine.layout.state)
        try machine.write("/var/lib/skep-agent", "")
        guard case .failed = await HostActuator(state).perform(.removeMount(path: path)) else {
            Issue.record("it should fail")
            return
        }
        #expect(Files.exists(file))
        try Files.remove(machine.layout.state)
        #expect(await HostActuator(state).perform(.removeMount(path: path)) == .done)
        #expect(!Files.exists(file) && machine.read("/calls") == "umount\n")
    }

    @Test func pausesDoubleAndAreForgotten() {
        var pause = RepairPause()
        var now: Int64 = 1_000_000
        #expect(pause.left(now) == 0)
        var pauses: [Int64] = []
        for _ in 0..<10 {
            pause.done(now)
            pauses.append(pause.left(now))
            now += pause.left(now)
            #expect(pause.left(now) == 0)
        }
        #expect(pauses == [2000, 4000, 8000, 16_000, 32_000, 64_000, 128_000, 256_000, 300_000, 300_000])
        now += RepairPause.calm
        pause.done(now)
        #expect(pause.left(now) == 2000)
    }
}
