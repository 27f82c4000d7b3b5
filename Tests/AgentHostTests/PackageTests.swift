import AgentCore
import SkepSystem
import Testing

@testable import AgentHost

@Suite struct PackageTests {
    init() { EventLoop.runInBackground() }

    /// dpkg and apt in small: a file per installed package, and what the last call was.
    @LoopActor private func machine() throws -> TemporaryMachine {
        var machine = try TemporaryMachine()
        try Files.makeDirectory(machine.root + "/installed")
        try machine.write("/installed/bash", "install")
        try machine.write("/var/lib/apt/lists/deb_Packages", "x")
        try machine.write("/var/lib/dpkg/status", "x")
        machine.layout.dpkgQuery = try machine.script(
            "dpkg-query", "cd $ROOT/installed; for p in *; do echo \"$p $(cat $p) installed\"; done; echo 'old deinstall config-files'")
        machine.layout.dpkg = try machine.script(
            "dpkg", "echo \"$@\" >>$ROOT/dpkg.calls; case \"$*\" in *--configure*) rm -f $ROOT/var/lib/dpkg/updates/*;; esac")
        machine.layout.aptGet = try machine.script(
            "apt-get",
            """
            echo "$DEBIAN_FRONTEND $NEEDRESTART_MODE $@" >>$ROOT/apt.calls
            for last; do :; done
            case "$*" in
            *\\ update) touch $ROOT/updated; exit 0;;
            *\\ remove\\ *) rm -f $ROOT/installed/$last; exit 0;;
            esac
            echo "Unpacking $last ..."
            [ "$last" = nowhere ] && [ ! -e $ROOT/updated ] && { echo "E: Unable to locate package nowhere" >&2; exit 100; }
            [ "$last" = broken ] && { echo "noise"; echo "E: Sub-process /usr/bin/dpkg returned an error code (1)" >&2; exit 100; }
            [ "$last" = killed ] && kill -9 $$
            echo install >$ROOT/installed/$last; echo y >>$ROOT/var/lib/dpkg/status
            """)
        machine.layout.aptMark = try machine.script(
            "apt-mark", "verb=$1; shift; for p; do echo $verb >$ROOT/installed/$p; done; echo z >>$ROOT/var/lib/dpkg/status")
        return machine
    }

    @Test @LoopActor func installsWhatIsMissingAndRemembersIt() async throws {
        let machine = try machine()
        defer { machine.remove() }
        let state = HostState(machine.layout)
        let observer = PackageObserver(state)
        #expect(try await observer.look(["bash", "docker.io"]) == .init(installed: ["bash"]))
        let outcome = await HostActuator(state).perform(.installPackages(["bash", "docker.io"]))
        #expect(outcome == .originals(.init(packages: ["docker.io"])))
        #expect(try await observer.look(["bash", "docker.io"]) == .init(installed: ["bash", "docker.io"], ours: ["docker.io"]))
        let calls = machine.read("/apt.calls") ?? ""
        #expect(calls.split(separator: "\n").count == 1)
        for word in ["noninteractive l", "--force-confold", "--no-install-recommends", "DPkg::Lock::Timeout=600"] { #expect(calls.contains(word)) }
        // Nothing was interrupted, so dpkg was asked and not set to work.
        #expect(machine.read("/dpkg.calls") == "--audit\n")
    }

    @Test @LoopActor func holdsReleasesAndRemoves() async throws {
        let machine = try machine()
        defer { machine.remove() }
        let state = HostState(machine.layout)
        let actuator = HostActuator(state)
        let observer = PackageObserver(state)
        _ = await actuator.perform(.installPackages(["docker.io"]))
        try machine.write("/installed/runc", "install")
        #expect(await actuator.perform(.holdPackages(["docker.io", "runc"])) == .done)
        #expect(try await observer.look(["docker.io", "runc", "bash"]).held == ["docker.io", "runc"])
        #expect(await actuator.perform(.unholdPackages(["docker.io", "runc"])) == .done)
        #expect(try await observer.look(["docker.io", "runc", "bash"]).held.isEmpty)
        #expect(await actuator.perform(.removePackages(["docker.io", "old", "never-there"])) == .done)
        #expect(try await PackageObserver(state).look(["docker.io", "bash"]) == .init(installed: ["bash"]))
        #expect(machine.read("/apt.calls")?.hasSuffix(" remove docker.io\n") == true)
    }

    /// docker.io's own script would wipe /var/lib/docker.
    @Test(arguments: AptStep.allCases) func nothingIsEverPurged(_ step: AptStep) {
        #expect(!step.arguments(["docker.io"]).contains { $0.contains("purge") })
    }

    @Test @LoopActor func aDpkgThatIsAtWorkIsNotAnInterruptedOne() async throws {
        let machine = try machine()
        defer { machine.remove() }
        try machine.write("/var/lib/dpkg/updates/0001", "")
        try machine.write("/var/lib/dpkg/lock", "")
        let observer = PackageObserver(HostState(machine.layout))
        #expect(try await observer.look(["bash"]).interrupted)
        let hold = "import fcntl, time; f = open('\(machine.root)/var/lib/dpkg/lock', 'w'); fcntl.lockf(f, fcntl.LOCK_EX); time.sleep(1)"
        let other = Task { try await run(Command("/usr/bin/python3", ["-c", hold])) }
        var sawItHeld = false
        for _ in 0..<100 where !sawItHeld {
            try await LoopActor.sleep(for: .milliseconds(20))
            sawItHeld = try await !observer.look(["bash"]).interrupted
        }
        #expect(sawItHeld)
        _ = try await other.value
        #expect(try await observer.look(["bash"]).interrupted, "it ended without taking its changes over")
    }

    @Test @LoopActor func mendsAnInterruptedDpkgFirst() async throws {
        let machine = try machine()
        defer { machine.remove() }
        try machine.write("/var/lib/dpkg/updates/0001", "Package: x")
        let state = HostState(machine.layout)
        #expect(try await PackageObserver(state).look(["bash"]).interrupted)
        #expect(await HostActuator(state).perform(.installPackages([])) == .originals(.init(packages: [])))
        #expect(machine.read("/dpkg.calls")?.contains("--configure --pending") == true)
        #expect(try await !PackageObserver(state).look(["bash"]).interrupted)
    }

    @Test @LoopActor func readsTheListsWhenTheyLackThePackage() async throws {
        let machine = try machine()
        defer { machine.remove() }
        #expect(await HostActuator(HostState(machine.layout)).perform(.installPackages(["nowhere"])) == .originals(.init(packages: ["nowhere"])))
        let calls = (machine.read("/apt.calls") ?? "").split(separator: "\n").map { $0.split(separator: " ").suffix(2).joined(separator: " ") }
        #expect(calls == ["install nowhere", "Acquire::Retries=3 update", "install nowhere"])
    }

    @Test @LoopActor func saysWhyInAptsOwnWords() async throws {
        let machine = try machine()
        defer { machine.remove() }
        let state = HostState(machine.layout)
        let words = "\(machine.root)/bin/apt-get: E: Sub-process /usr/bin/dpkg returned an error code (1)"
        #expect(await HostActuator(state).perform(.installPackages(["broken"])) == .failed(words))
        #expect(try await PackageObserver(state).look(["broken"]).failure == words)
        guard case .failed(let killed) = await HostActuator(state).perform(.installPackages(["killed"])) else {
            Issue.record("it should fail")
            return
        }
        #expect(killed.contains("ended by signal 9"))
    }

    @Test @LoopActor func aRestartedAgentStillKnowsWhatWasNotThere() async throws {
        let machine = try machine()
        defer { machine.remove() }
        let first = HostState(machine.layout)
        try first.update { $0.packages = ["docker.io"] }
        try machine.write("/installed/docker.io", "install")
        #expect(try await PackageObserver(HostState(machine.layout)).look(["docker.io"]).ours == ["docker.io"])
    }

    @Test @LoopActor func readsApt() {
        let fetching = "Get:8 http://deb.debian.org/debian bookworm/main amd64 docker.io amd64 20.10.24+dfsg1-1 [36.3 MB]"
        #expect(AptStep.progress("Reading state information...\n\(fetching)\n") == "fetching docker.io [36.3 MB]")
        #expect(AptStep.progress("\(fetching)\nUnpacking docker.io (20.10) ...\n  libfoo libbar\n") == "Unpacking docker.io (20.10) ...")
        #expect(AptStep.progress("Reading package lists...\n  libfoo libbar\n") == nil)
        #expect(AptStep.lastLine("Reading\nUnpacking docker.io (20.10) ...\r\n\n") == "Unpacking docker.io (20.10) ...")
        #expect(AptStep.isLocked("E: Could not get lock /var/lib/dpkg/lock-frontend. It is held by process 12 (apt)"))
        #expect(AptStep.isLocked("dpkg: error: dpkg frontend lock was locked by another process with pid 12"))
        #expect(AptStep.failure("a\nb\nE: one\nmore\nE: two\n") == "E: one; E: two")
        #expect(AptStep.failure("a\nb\n") == "a; b")
    }

    @Test @LoopActor func readsSystemd() {
        let text =
            "Id=skep-apt-install.service\nLoadState=loaded\nActiveState=active\nSubState=exited\nResult=success\nUnitFileState=transient\n\nId=b\nLoadState=not-found\nActiveState=inactive\nSubState=dead\nResult=success\nUnitFileState=\n"
        let units = Systemd.parse(text)
        #expect(units.count == 2)
        #expect(units.first == .init(isLoaded: true, active: "active", sub: "exited", result: "success", file: "transient"))
        #expect(units.map(\.isRunning) == [false, false])
        let journal =
            "time=x level=info msg=\"Starting up\"\nfailed to start daemon: Error initializing network controller\ndocker.service: Failed with result 'exit-code'.\n"
        #expect(Systemd.telling(journal) == "failed to start daemon: Error initializing network controller")
    }
}
