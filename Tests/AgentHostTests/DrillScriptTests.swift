import AgentCore
import SkepModel
import SkepSystem
import Testing

@testable import AgentHost

@Suite struct DrillScriptTests {
    init() { EventLoop.runInBackground() }

    private func script(_ name: DrillName, _ root: String = "", systemd: Bool = true) -> DrillScript {
        DrillScript(
            drill: Drill(id: "d1", name: name.rawValue, from: .v4(0x0a4d_000d), to: .v4(0x0a4d_0063)), name: name,
            target: DrillTarget(path: "/mnt/it's", server: .v4(0x0a4d_000b)),
            stamp: root + "/stamp", dataFolder: root + "/data", daemonConfig: root + "/daemon.json", agent: 4711, hasSystemd: systemd)
    }

    @Test(arguments: DrillName.allCases, [true, false]) @LoopActor func eachIsAScriptThatTellsTheMomentBeforeItBreaks(name: DrillName, systemd: Bool)
        async throws
    {
        let text = script(name, systemd: systemd).text
        let result = try await run(Command("/bin/sh", ["-n"], input: Array(text.utf8)))
        #expect(result.succeeded, "\(result.errorOutput)\n\(text)")
        let lines = text.split(separator: "\n")
        let stamp = try #require(lines.firstIndex { $0.contains("'/stamp'") })
        #expect(stamp < lines.count - 1, "the break comes after it")
        #expect(!text.contains("${"), "systemd would expand it")
        if name.hold != nil {
            let undo = try #require(lines.firstIndex { $0.contains(systemd ? "--unit=skep-drill-undo" : "(sleep ") })
            #expect(undo < stamp, "what undoes it is on its way before")
        }
    }

    @Test func anOperatorsPathIsQuoted() { #expect(script(.shareUnmount).text.contains(#"umount --lazy '/mnt/it'\''s'"#)) }

    /// Run for real, where it hurts nobody: the disk is a folder, of whose file system a part is taken and given back.
    @Test @LoopActor func aFilledDiskIsGivenBack() async throws {
        var machine = try TemporaryMachine()
        defer { machine.remove() }
        try Files.makeDirectory(machine.root + "/data")
        let bin = machine.root + "/bin"
        try machine.write("/bin/df", "#!/bin/sh\necho size avail\necho 1000000 500000\n")
        try Files.setMode(bin + "/df", 0o755)
        let text = "PATH=\(bin):$PATH\n" + script(.diskFull, machine.root, systemd: false).text.replacing("sleep 60", with: "sleep 1")
        let result = try await run(Command("/bin/sh", ["-c", text]))
        #expect(result.succeeded, "\(result.errorOutput)")
        #expect(try Files.status(machine.root + "/data/.skep-drill")?.size == 430_000)
        machine.layout.drillStamp = machine.root + "/stamp"
        let broken = try #require(DrillActions.broken("d1", machine.layout))
        #expect((0..<5000).contains(SystemClock.monotonicMilliseconds() - broken))
        #expect(DrillActions.broken("d2", machine.layout) == nil)
        for _ in 0..<100 where Files.exists(machine.root + "/data/.skep-drill") { try await LoopActor.sleep(for: .milliseconds(50)) }
        #expect(!Files.exists(machine.root + "/data/.skep-drill"))
    }
}
