import AgentCore
import SkepModel
import SkepSystem
import Testing

@testable import AgentHost

@Suite struct DaemonConfigTests {
    private let wanted = NodeSpec.Docker(
        package: "docker.io", hold: true, mirrors: ["https://mirror.example"], insecure: ["10.0.0.1:5000"], mtu: 1400)

    @Test func keepsWhatIsNotOursAsItWasWritten() throws {
        let text = "{\"log-opts\": {\"max-size\": \"10m\"}, \"x\": 1.10, \"big\": 12345678901234567890, \"registry-mirrors\": [\"https://own\"]}"
        let merged = try DaemonConfig(text).merged(wanted, added: .init())
        #expect(
            merged.text == """
                {
                  "log-opts": {
                    "max-size": "10m"
                  },
                  "x": 1.10,
                  "big": 12345678901234567890,
                  "registry-mirrors": [
                    "https://own",
                    "https://mirror.example"
                  ],
                  "insecure-registries": [
                    "10.0.0.1:5000"
                  ],
                  "mtu": 1400
                }

                """)
        #expect(merged.isChanged && merged.needsRestart)
        let again = try DaemonConfig(merged.text).merged(wanted, added: merged.added)
        #expect(!again.isChanged && !again.needsRestart && again.added == merged.added)
    }

    @Test func takesOutOnlyWhatItPutIn() throws {
        let text = "{\"mtu\": 1450, \"registry-mirrors\": [\"https://mirror.example\"]}"
        let merged = try DaemonConfig(text).merged(wanted, added: .init())
        let nothing = NodeSpec.Docker(package: "docker.io", hold: true)
        let back = try DaemonConfig(merged.text).merged(nothing, added: merged.added)
        #expect(try DaemonConfig(back.text).root == DaemonConfig(text).root)
        #expect(back.added == .init())
    }

    @Test func aMirrorAloneNeedsNoRestart() throws {
        let merged = try DaemonConfig(nil).merged(.init(package: "docker.io", hold: true, mirrors: ["https://m"]), added: .init())
        #expect(merged.isChanged && !merged.needsRestart)
        #expect(try !DaemonConfig(nil).merged(.init(package: "docker.io", hold: true), added: .init()).isChanged)
    }

    @Test(arguments: [
        ("{\n  \"a\": 1,\n  \"b\": }\n", "line 3, column 8: a value is expected"),
        ("{\"a\": 1,}", "line 1, column 9: a key in double quotes is expected"),
        ("{\"a\": 'x'}", "line 1, column 7: ''x'' is no value"),
        ("{\"a\": 1} x", "line 1, column 10: something follows after the end"),
        ("{\"a\": \"x\n\"}", "line 1, column 9: a string is not closed on its line"),
        ("{\n\"a\": [1 2]}", "line 2, column 9: ',' or ']' is expected"),
        ("{\"a\"", "line 1, column 5: ':' is expected after a key"),
        ("[]", "the file must hold one object in braces"),
        ("{\"mtu\": \"1400\"}", "\"mtu\" must be a whole number"),
        ("{\"registry-mirrors\": \"https://m\"}", "\"registry-mirrors\" must be a list of texts"),
    ])
    func saysWhereAFileIsWrong(_ text: String, _ message: String) {
        #expect(throws: DaemonConfig.Problem(message: message)) { try DaemonConfig(text) }
    }

    @Test(arguments: ["{\"live-restore\": true}", "{\"iptables\": false}", "{\"firewall-backend\": \"nftables\"}"])
    func refusesWhatASwarmCannotLiveWith(_ text: String) {
        #expect(throws: DaemonConfig.Problem.self) { try DaemonConfig(text) }
        #expect(throws: Never.self) { try DaemonConfig("{\"live-restore\": false, \"iptables\": true}") }
    }
}

@Suite struct EngineActionTests {
    init() { EventLoop.runInBackground() }

    private let wanted = NodeSpec.Docker(package: "docker.io", hold: true, mirrors: ["https://m"], mtu: 1400)

    @Test @LoopActor func writesBeforeAnEngineIsThere() async throws {
        let machine = try TemporaryMachine()
        defer { machine.remove() }
        let state = HostState(machine.layout)
        let engine = EngineActions(state)
        #expect(try engine.look(wanted) == .differs(restart: true))
        #expect(await HostActuator(state).perform(.mergeDaemonConfig(wanted, restart: false)) == .originals(.init(daemonConfig: .some(nil))))
        #expect(try engine.look(wanted) == .asWanted)
        #expect(await HostActuator(state).perform(.restoreDaemonConfig(original: nil, restart: false)) == .done)
        #expect(machine.read("/etc/docker/daemon.json") == nil)
    }

    @Test @LoopActor func neverOverwritesWhatItCannotRead() async throws {
        let machine = try TemporaryMachine()
        defer { machine.remove() }
        try machine.write("/etc/docker/daemon.json", "{oops")
        let state = HostState(machine.layout)
        #expect(try EngineActions(state).look(wanted) == .invalid("line 1, column 2: a key in double quotes is expected"))
        let outcome = await HostActuator(state).perform(.mergeDaemonConfig(wanted, restart: true))
        #expect(outcome == .failed("daemon.json: line 1, column 2: a key in double quotes is expected"))
        #expect(machine.read("/etc/docker/daemon.json") == "{oops")
    }

    @Test @LoopActor func putsTheLastGoodFileBackWhenTheEngineDoesNotStart() async throws {
        var machine = try TemporaryMachine()
        defer { machine.remove() }
        let original = "{\"debug\": true}\n"
        try machine.write("/etc/docker/daemon.json", original)
        try machine.write("/run/docker.pid", "1")
        let restart = try machine.script("restart", "echo 'failed to start daemon: no such bridge' >&2; exit 1")
        machine.layout.engineRestart = Command(restart.path)
        machine.layout.engineStart = Command(try machine.script("start", "touch $ROOT/started").path)
        let state = HostState(machine.layout)
        guard case .failed(let words) = await HostActuator(state).perform(.mergeDaemonConfig(wanted, restart: true)) else {
            Issue.record("it should fail")
            return
        }
        #expect(words.contains("no such bridge") && words.contains("former file is back"))
        #expect(machine.read("/etc/docker/daemon.json") == original)
        #expect(machine.read("/started") != nil)
        #expect(try EngineActions(HostState(machine.layout)).look(wanted) == .differs(restart: true))
    }

    @Test @LoopActor func asksTheEngineItself() async throws {
        var machine = try TemporaryMachine()
        defer { machine.remove() }
        machine.layout.dockerd = try machine.script("dockerd", "echo 'unable to configure: bad mirror' >&2; exit 1")
        let outcome = await HostActuator(HostState(machine.layout)).perform(.mergeDaemonConfig(wanted, restart: false))
        #expect(outcome == .failed("the engine refuses the merged daemon.json, which was not installed: unable to configure: bad mirror"))
        #expect(machine.read("/etc/docker/daemon.json") == nil)
        machine.layout.dockerd = try machine.script("dockerd", "echo 'unknown flag: --validate' >&2; exit 125")
        let second = await HostActuator(HostState(machine.layout)).perform(.mergeDaemonConfig(wanted, restart: false))
        #expect(second == .originals(.init(daemonConfig: .some(nil))))
    }

    @Test(.enabled(if: Files.exists("/usr/sbin/dockerd"), "needs an engine")) @LoopActor func aRealEngineChecksIt() async throws {
        var machine = try TemporaryMachine()
        defer { machine.remove() }
        machine.layout.dockerd = Program("/usr/sbin/dockerd")
        let bad = NodeSpec.Docker(package: "docker.io", hold: true, mirrors: ["ftp://mirror"])
        let outcome = await HostActuator(HostState(machine.layout)).perform(.mergeDaemonConfig(bad, restart: false))
        let version = try await run(Command("/usr/sbin/dockerd", ["--help"])).output
        if version.contains("--validate") {
            guard case .failed(let words) = outcome else {
                Issue.record("a mirror by ftp should be refused")
                return
            }
            #expect(words.contains("mirror"))
        }
        let good = await HostActuator(HostState(machine.layout)).perform(.mergeDaemonConfig(wanted, restart: false))
        #expect(good == .originals(.init(daemonConfig: .some(nil))))
    }

    @Test @LoopActor func knowsThatTheEngineHasNotReadItYet() async throws {
        var machine = try TemporaryMachine()
        defer { machine.remove() }
        try machine.write("/run/docker.pid", "1")
        machine.layout.engineReload = Command("/bin/true")
        machine.layout.engineRestart = Command(try machine.script("restart", "sleep 0.05; echo 2 >$ROOT/run/docker.pid").path)
        let state = HostState(machine.layout)
        _ = await HostActuator(state).perform(.mergeDaemonConfig(wanted, restart: false))
        #expect(try EngineActions(state).look(wanted) == .restartNeeded)
        _ = await HostActuator(state).perform(.mergeDaemonConfig(wanted, restart: true))
        #expect(try EngineActions(HostState(machine.layout)).look(wanted) == .asWanted)
    }

    /// Restarts the engine unless there is a file `broken`, which leaves it stopped; and counts what it is told.
    private func running() throws -> TemporaryMachine {
        var machine = try TemporaryMachine()
        try machine.write("/etc/docker/daemon.json", "{}\n")
        try machine.write("/run/docker.pid", "1")
        let restart = try machine.script(
            "restart",
            """
            echo restart >>$ROOT/calls
            [ -e $ROOT/broken ] && { rm -f $ROOT/run/docker.pid; exit 1; }
            sleep 0.05; echo 2 >$ROOT/run/docker.pid
            """)
        machine.layout.engineRestart = Command(restart.path)
        machine.layout.engineReload = Command(try machine.script("reload", "echo reload >>$ROOT/calls").path)
        return machine
    }

    /// systemd holds the socket of an engine that was killed: whoever asks there waits, so that its process tells.
    @Test @LoopActor func anEngineThatWasKilledIsKnownByItsProcess() throws {
        var machine = try TemporaryMachine()
        defer { machine.remove() }
        machine.layout.processes = machine.root + "/proc"
        func isAlive() -> Bool? { EngineActions(HostState(machine.layout)).isAlive }
        #expect(isAlive() == nil, "it was never started")
        try machine.write("/run/docker.pid", "4711\n")
        #expect(isAlive() == false)
        try machine.write("/proc/4711/stat", "")
        #expect(isAlive() == true)
        try machine.write("/run/docker.pid", "nonsense")
        #expect(isAlive() == nil)
    }

    /// The file that is there before the engine is installed is read by its first start: nothing is left to restart it for.
    @Test @LoopActor func aLaterChangeIsNoReasonForAnEarlierRestart() async throws {
        var machine = try running()
        defer { machine.remove() }
        machine.layout.engineRestart = nil
        try Files.remove(machine.layout.enginePIDFile)
        let state = HostState(machine.layout)
        _ = await HostActuator(state).perform(.mergeDaemonConfig(wanted, restart: false))
        try await LoopActor.sleep(for: .milliseconds(50))
        try machine.write("/run/docker.pid", "1")
        try await LoopActor.sleep(for: .milliseconds(50))
        var more = wanted
        more.mirrors.append("https://other")
        #expect(try EngineActions(state).look(more) == .differs(restart: false))
        _ = await HostActuator(state).perform(.mergeDaemonConfig(more, restart: false))
        #expect(machine.read("/calls") == "reload\n")
        #expect(try EngineActions(state).look(more) == .asWanted)
        try machine.write("/etc/docker/daemon.json", machine.read("/etc/docker/daemon.json") ?? "")
        #expect(try EngineActions(HostState(machine.layout)).look(more) == .asWanted)
    }

    @Test @LoopActor func whatWasWrittenAndNotReloadedIsReloadedByTheNextAgent() async throws {
        let machine = try running()
        defer { machine.remove() }
        let state = HostState(machine.layout)
        _ = await HostActuator(state).perform(.mergeDaemonConfig(wanted, restart: true))
        #expect(try EngineActions(state).look(wanted) == .asWanted)
        // killed between the file and the reload
        try state.update { record in record.engine.unread = SystemClock.wallMilliseconds() }
        let next = HostState(machine.layout)
        #expect(try EngineActions(next).look(wanted) == .differs(restart: false))
        _ = await HostActuator(next).perform(.mergeDaemonConfig(wanted, restart: false))
        #expect(machine.read("/calls") == "restart\nreload\n")
        #expect(try EngineActions(HostState(machine.layout)).look(wanted) == .asWanted)
    }

    /// Somebody's file with which the engine does not start gives way to the one with which it did, and is not lost.
    @Test @LoopActor func theFileWithWhichTheEngineLastStartedComesBack() async throws {
        var machine = try running()
        defer { machine.remove() }
        let start = try machine.script("start", "grep -q bogus $ROOT/etc/docker/daemon.json && exit 1; echo 3 >$ROOT/run/docker.pid")
        machine.layout.engineStart = Command(start.path)
        let good = "{\"log-driver\": \"local\"}\n"
        try machine.write("/etc/docker/daemon.json", good)
        try await LoopActor.sleep(for: .milliseconds(50))
        try machine.write("/run/docker.pid", "1")
        let actuator = HostActuator(HostState(machine.layout))
        #expect(!HostObserver(HostState(machine.layout)).judgeDaemonConfig(runningSince: nil), "nobody has seen the engine run with it")
        let started = try #require(HostObserver(HostState(machine.layout)).engineStarted)
        #expect(!HostObserver(HostState(machine.layout)).judgeDaemonConfig(runningSince: started - 1))
        #expect(HostState(machine.layout).record.engine.good == nil, "it was started again since it was looked at")
        #expect(!HostObserver(HostState(machine.layout)).judgeDaemonConfig(runningSince: started))

        try await LoopActor.sleep(for: .milliseconds(50))
        let bad = "{\"bogus\": true}\n"
        try machine.write("/etc/docker/daemon.json", bad)
        let state = HostState(machine.layout)
        #expect(HostObserver(state).judgeDaemonConfig(runningSince: started), "the engine that runs has not started with it")
        #expect(await actuator.perform(.startEngine).isFailure)
        #expect(await HostActuator(state).perform(.putBackDaemonConfig) == .done)
        #expect(machine.read("/etc/docker/daemon.json") == good)
        #expect(machine.read("/etc/docker/daemon.json.broken") == bad)
        #expect(!HostObserver(state).judgeDaemonConfig(runningSince: nil))
        // where it does not start with the former one either, it was not the file
        try machine.write("/etc/docker/daemon.json", bad + "\n")
        try Files.remove(start.path)
        #expect(await HostActuator(state).perform(.putBackDaemonConfig).isFailure)
        #expect(machine.read("/etc/docker/daemon.json") == bad + "\n")
        #expect(machine.read("/etc/docker/daemon.json.broken") == bad, "what was put aside first stays")
    }

    @Test @LoopActor func nothingIsPutBackWhereNoGoodFileIsKnown() async throws {
        let machine = try running()
        defer { machine.remove() }
        let outcome = await HostActuator(HostState(machine.layout)).perform(.putBackDaemonConfig)
        #expect(outcome == .failed("no daemon.json is known with which the engine started"))
        #expect(machine.read("/etc/docker/daemon.json") == "{}\n")
    }

    @Test @LoopActor func aRestoreThatWasCutShortGoesOn() async throws {
        let machine = try running()
        defer { machine.remove() }
        let actuator = HostActuator(HostState(machine.layout))
        _ = await actuator.perform(.mergeDaemonConfig(wanted, restart: true))
        try machine.write("/broken", "")
        guard case .failed = await actuator.perform(.restoreDaemonConfig(original: "{}\n", restart: true)) else {
            Issue.record("the engine does not start")
            return
        }
        #expect(machine.read("/etc/docker/daemon.json") == "{}\n")
        // The file is as it was found, the engine is not.
        try Files.remove(machine.root + "/broken")
        let next = HostActuator(HostState(machine.layout))
        #expect(await next.perform(.restoreDaemonConfig(original: "{}\n", restart: true)) == .done)
        #expect(machine.read("/calls") == "restart\nrestart\nrestart\n" && machine.read("/run/docker.pid") == "2\n")
    }

    @Test @LoopActor func mirrorsAloneAreRestoredByAReload() async throws {
        let machine = try running()
        defer { machine.remove() }
        let actuator = HostActuator(HostState(machine.layout))
        _ = await actuator.perform(.mergeDaemonConfig(.init(package: "docker.io", hold: true, mirrors: ["https://m"]), restart: false))
        #expect(await actuator.perform(.restoreDaemonConfig(original: "{}\n", restart: true)) == .done)
        #expect(machine.read("/etc/docker/daemon.json") == "{}\n" && machine.read("/calls") == "reload\nreload\n")
    }

    @Test @LoopActor func restoresTheOriginalAndKeepsAnOperatorsOwnLaterEdit() async throws {
        let machine = try TemporaryMachine()
        defer { machine.remove() }
        let original = "{ \"debug\":true }"
        try machine.write("/etc/docker/daemon.json", original)
        let actuator = HostActuator(HostState(machine.layout))
        let outcome = await actuator.perform(.mergeDaemonConfig(wanted, restart: false))
        #expect(outcome == .originals(.init(daemonConfig: .some(original))))
        #expect(await actuator.perform(.restoreDaemonConfig(original: original, restart: false)) == .done)
        #expect(machine.read("/etc/docker/daemon.json") == original)

        _ = await actuator.perform(.mergeDaemonConfig(wanted, restart: false))
        try machine.write("/etc/docker/daemon.json", "{\"debug\": false, \"mtu\": 1400, \"registry-mirrors\": [\"https://m\", \"https://own\"]}")
        #expect(await actuator.perform(.restoreDaemonConfig(original: original, restart: false)) == .done)
        let left = try DaemonConfig(machine.read("/etc/docker/daemon.json"))
        #expect(try left == DaemonConfig("{\"debug\": false, \"registry-mirrors\": [\"https://own\"]}"))
    }
}
