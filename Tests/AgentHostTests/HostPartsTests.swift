import AgentCore
import SkepModel
import SkepSystem
import Testing

@testable import AgentHost

@Suite struct HostPartsTests {
    init() { EventLoop.runInBackground() }

    @Test @LoopActor func setsKeepsAndRestoresSysctls() async throws {
        let machine = try TemporaryMachine()
        defer { machine.remove() }
        try machine.write("/proc/sys/vm/max_map_count", "65530\n")
        try machine.write("/proc/sys/net/ipv4/ip_local_port_range", "32768\t60999\n")
        let actuator = HostActuator(HostState(machine.layout))
        let sysctls = SysctlActions(machine.layout)
        #expect(
            try sysctls.look(["vm.max_map_count", "net.ipv4.ip_local_port_range", "no.such", "../etc/passwd"])
                == ["vm.max_map_count": "65530", "net.ipv4.ip_local_port_range": "32768 60999"])
        #expect(
            await actuator.perform(.setSysctls(["vm.max_map_count": "262144"]))
                == .originals(.init(sysctls: ["vm.max_map_count": "65530"])))
        #expect(await actuator.perform(.setSysctls(["no.such": "1"])) == .failed("this kernel has no setting no.such"))
        #expect(machine.read("/etc/sysctl.d/60-skep.conf")?.hasSuffix("vm.max_map_count = 262144\n") == true)
        #expect(try sysctls.look(["vm.max_map_count"]) == ["vm.max_map_count": "262144"])
        #expect(await actuator.perform(.restoreSysctls(["vm.max_map_count": "65530"])) == .done)
        #expect(try sysctls.look(["vm.max_map_count"]) == ["vm.max_map_count": "65530"])
        #expect(machine.read("/etc/sysctl.d/60-skep.conf") == nil)
        #expect(SysctlActions.path("net/ipv4/conf/eth0.100/forwarding") == "net/ipv4/conf/eth0.100/forwarding")
        #expect(SysctlActions.path("net.ipv4.conf.eth0/100.forwarding") == "net/ipv4/conf/eth0.100/forwarding")
        #expect(SysctlActions.path("a/../../b") == nil)
    }

    /// The file decides at the next start.
    @Test @LoopActor func keepsASysctlBeforeItIsSet() async throws {
        var machine = try TemporaryMachine()
        defer { machine.remove() }
        try machine.write("/proc/sys/vm/max_map_count", "65530\n")
        try Files.link(machine.root + "/proc/sys/vm/refused", to: "max_map_count")
        // The kernel's file, being a link, is not opened for writing.
        guard case .failed = await HostActuator(HostState(machine.layout)).perform(.setSysctls(["vm.refused": "1"])) else {
            Issue.record("it should be refused")
            return
        }
        #expect(machine.read("/etc/sysctl.d/60-skep.conf") == nil)
        try machine.write("/etc/file", "")
        machine.layout.sysctls = machine.root + "/etc/file/60-skep.conf"
        guard case .failed = await HostActuator(HostState(machine.layout)).perform(.setSysctls(["vm.max_map_count": "262144"])) else {
            Issue.record("it cannot be kept")
            return
        }
        #expect(try SysctlActions(machine.layout).look(["vm.max_map_count"]) == ["vm.max_map_count": "65530"])
    }

    @Test @LoopActor func exportsAndEnds() async throws {
        var machine = try TemporaryMachine()
        defer { machine.remove() }
        let actuator = HostActuator(HostState(machine.layout))
        let early = await actuator.perform(.writeExports(exports: "/a 10.0.0.1(rw)\n", settings: "[nfsd]\n"))
        #expect(early == .failed("nfs-kernel-server is not installed; exports and settings are written and wait for it"))
        #expect(machine.read("/etc/exports.d/skep.exports") == "/a 10.0.0.1(rw)\n")

        machine.layout.exportfs = try machine.script(
            "exportfs", "mkdir -p $ROOT/var/lib/nfs; sed 's/ /\\t/' $ROOT/etc/exports.d/*.exports >$ROOT/var/lib/nfs/etab 2>/dev/null; true")
        try machine.write("/proc/fs/nfsd/threads", "8\n")
        let state = HostState(machine.layout)
        #expect(await HostActuator(state).perform(.writeExports(exports: "/b\\040c 10.0.0.1(rw)\n", settings: "[nfsd]\nvers3=n\n")) == .done)
        let server = try await ServerActions(state).look(["/nowhere"])
        #expect(server.active && server.exported == ["/b c"] && server.settings == "[nfsd]\nvers3=n\n")
        #expect(server.folders == ["/nowhere": .init(exists: false)])
        #expect(await HostActuator(state).perform(.removeExports) == .done)
        let after = try await ServerActions(state).look([])
        #expect(after == .init())
    }

    /// A folder that was removed and made anew is another one, which the kernel does not serve before its table is emptied.
    @Test @LoopActor func aRemovedFolderIsNotServedUntilTheKernelForgetsIt() async throws {
        var machine = try TemporaryMachine()
        defer { machine.remove() }
        machine.layout.exportfs = try machine.script(
            "exportfs",
            "[ $1 != -f ] || : >$ROOT/proc/fs/nfsd/served; mkdir -p $ROOT/var/lib/nfs; printf '/b\\t10.0.0.1(rw)\\n' >$ROOT/var/lib/nfs/etab")
        try machine.write("/proc/fs/nfsd/threads", "8\n")
        let state = HostState(machine.layout)
        let exports = AgentAction.writeExports(exports: "/b 10.0.0.1(rw)\n", settings: "[nfsd]\n")
        #expect(await HostActuator(state).perform(exports) == .done)
        #expect(try await ServerActions(state).look([]).exported == ["/b"])
        try machine.write("/proc/fs/nfsd/served", "#path domain(flags)\n/c\t10.0.0.1(rw)\n/b\\040(deleted)\t10.0.0.1(rw,fsid=2)\n")
        #expect(try await ServerActions(state).look([]).exported.isEmpty)
        #expect(await HostActuator(state).perform(exports) == .done)
        #expect(try await ServerActions(state).look([]).exported == ["/b"])
    }

    /// systemd in small: a server that is active and enabled, and one verb that fails as long as there is a file `broken`.
    private func served(failing verb: String) throws -> TemporaryMachine {
        var machine = try TemporaryMachine()
        machine.layout.hasSystemd = true
        machine.layout.exportfs = try machine.script("exportfs", "true")
        machine.layout.systemctl = try machine.script(
            "systemctl",
            """
            echo "$@" >>$ROOT/systemctl.calls
            case "$*" in
            *show*) printf 'LoadState=loaded\\nActiveState=active\\nSubState=exited\\nResult=success\\nUnitFileState=enabled\\n';;
            *\\ \(verb)\\ *) [ ! -e $ROOT/broken ] || exit 1;;
            esac
            case "$*" in *restart*) [ -e $ROOT/stubborn ] || echo 8 >$ROOT/proc/fs/nfsd/threads;; esac
            """)
        try machine.write("/proc/fs/nfsd/threads", "8\n")
        return machine
    }

    @Test(arguments: ["stop", "restart"]) @LoopActor func endingTheExportsIsResumed(_ verb: String) async throws {
        let machine = try served(failing: verb)
        defer { machine.remove() }
        let state = HostState(machine.layout)
        // A server that came with us is stopped, one that was at work before goes on with its own settings.
        if verb == "stop" { try state.update { $0.packages = ["nfs-kernel-server"] } }
        #expect(await HostActuator(state).perform(.writeExports(exports: "/a 10.0.0.1(rw)\n", settings: "[nfsd]\n")) == .done)
        try machine.write("/broken", "")
        guard case .failed = await HostActuator(state).perform(.removeExports) else {
            Issue.record("it should fail")
            return
        }
        #expect(machine.read("/etc/exports.d/skep.exports") == nil && machine.read("/etc/nfs.conf.d/skep.conf") == nil)

        // Another agent goes on where that one was killed.
        let next = HostState(machine.layout)
        #expect(try await ServerActions(next).look([]).isOurs)
        try Files.remove(machine.root + "/broken")
        try Files.remove(machine.root + "/systemctl.calls")
        #expect(await HostActuator(next).perform(.removeExports) == .done)
        #expect(machine.read("/systemctl.calls")?.contains("\(verb) nfs-server.service") == true)
        #expect(try await !ServerActions(next).look([]).isOurs)
    }

    @Test @LoopActor func aServerThatStartedWithItsSettingsIsNotRestarted() async throws {
        var machine = try served(failing: "none")
        defer { machine.remove() }
        let exportfs = machine.layout.exportfs
        machine.layout.exportfs = Program(machine.root + "/nowhere")
        #expect(await HostActuator(HostState(machine.layout)).perform(.prepareServer(settings: "[nfsd]\n")) == .done)
        #expect(machine.read("/etc/nfs.conf.d/skep.conf") == "[nfsd]\n")
        machine.layout.exportfs = exportfs
        let actuator = HostActuator(HostState(machine.layout))
        guard case .failed = await actuator.perform(.prepareServer(settings: "[nfsd]\n# other\n")) else {
            Issue.record("a server that is there is not prepared behind its back")
            return
        }
        #expect(await actuator.perform(.writeExports(exports: "/a 10.0.0.1(rw)\n", settings: "[nfsd]\n")) == .done)
        #expect(machine.read("/systemctl.calls")?.contains("restart") == false)
    }

    @Test @LoopActor func aServerWithoutThreadsIsStartedAnew() async throws {
        let machine = try served(failing: "none")
        defer { machine.remove() }
        let state = HostState(machine.layout)
        let write = AgentAction.writeExports(exports: "/a 10.0.0.1(rw)\n", settings: "[nfsd]\n")
        #expect(await HostActuator(state).perform(write) == .done)
        // systemd goes on saying that it is active.
        try machine.write("/proc/fs/nfsd/threads", "0\n")
        #expect(try await !ServerActions(state).look([]).active)
        #expect(await HostActuator(state).perform(write) == .done)
        #expect(try await ServerActions(state).look([]).active)
        try machine.write("/proc/fs/nfsd/threads", "0\n")
        try machine.write("/stubborn", "")
        guard case .failed(let words) = await HostActuator(state).perform(write) else {
            Issue.record("it does not serve")
            return
        }
        #expect(words.contains("no thread of it serves"))
    }

    @Test(arguments: [
        ("echo 'netlink: Error: cache initialization failed: Operation not permitted' >&2; exit 1", "cache initialization failed"),
        ("kill -SEGV $$", "nft cannot list"), ("head -c 100000 /dev/urandom >&2; exit 3", "nft cannot list"),
    ]) @LoopActor func whatNftSaysInsteadOfAnAnswerIsNoAbsence(_ body: String, _ words: String) async throws {
        var machine = try TemporaryMachine()
        defer { machine.remove() }
        machine.layout.nft = try machine.script("nft", body)
        // so that it is asked, whatever the kernel's generation says
        machine.layout.nft.arguments = ["-a"]
        let look = await HostObserver(HostState(machine.layout)).look(HostScope(spec: nil, memory: AgentMemory(), packages: [], bridges: []))
        guard case .failed(let said) = look.table else {
            Issue.record("it was believed: \(look.table)")
            return
        }
        #expect(said.contains(words), "\(said)")
    }

    @Test @LoopActor func makesFoldersAndLeavesTheSystemsAlone() async throws {
        let machine = try TemporaryMachine()
        defer { machine.remove() }
        let state = HostState(machine.layout)
        let actuator = HostActuator(state)
        let path = machine.root + "/srv/a/b"
        #expect(await actuator.perform(.makeFolder(path: path, owner: "0:0", mode: "0750")) == .done)
        #expect(try await ServerActions(state).look([path]).folders == [path: .init(exists: true, owner: "0:0", mode: "0750")])
        #expect(await actuator.perform(.makeFolder(path: path, owner: "0:0", mode: "2775")) == .done)
        #expect(try await ServerActions(state).look([path]).folders[path]?.mode == "2775")
        for path in ["/etc/x", "/", "/var", "relative", "/srv/../etc", "/srv//a", "/usr/share/x"] {
            guard case .failed = await actuator.perform(.makeFolder(path: path, owner: "0:0", mode: "0755")) else {
                Issue.record("\(path) should be refused")
                continue
            }
        }
        guard case .failed = await actuator.perform(.makeFolder(path: path, owner: "root:root", mode: "0755")) else {
            Issue.record("names should be refused")
            return
        }
    }

    @Test @LoopActor func looksAtThisMachine() async throws {
        EventLoop.runInBackground()
        var layout = HostLayout(hasSystemd: false)
        layout.state = "/tmp/skep-host-\(SystemRandom.hex(6))"
        let look = await HostObserver(HostState(layout)).look(.init(packages: ["dpkg", "no-such-package"], sysctls: ["kernel.hostname"]))
        #expect(look.facts.machineID.count == 32 || look.facts.machineID.isEmpty)
        #expect(!look.facts.kernel.isEmpty && !look.facts.system.isEmpty && look.facts.memoryBytes > 1 << 20 && look.facts.diskTotalBytes > 1 << 20)
        #expect(look.facts.localPorts != nil)
        #expect(look.packages.value?.installed == ["dpkg"])
        #expect(look.sysctls.value?["kernel.hostname"] == look.facts.hostname)
        #expect(look.daemonConfig == .seen(.asWanted))
        #expect(look.mounts == .seen([:]))
    }

    @Test @LoopActor func refusesTheEnginesWork() async throws {
        let machine = try TemporaryMachine()
        defer { machine.remove() }
        #expect(
            await HostActuator(HostState(machine.layout)).perform(.leaveSwarm(force: false)) == .failed("this is the engine's work, not the host's"))
    }
}

@Suite struct NetworkFactsTests {
    @Test func namesOnlyWhatOthersMayReach() {
        let json = """
            [{"ifname":"lo","flags":["UP"],"mtu":65536,"addr_info":[{"local":"127.0.0.1","prefixlen":8,"scope":"host"}]},
             {"ifname":"eth0","flags":["UP"],"mtu":1450,"addr_info":[{"local":"10.77.0.11","prefixlen":24,"scope":"global"},
               {"local":"fe80::1","prefixlen":64,"scope":"link"},{"local":"fd00::11","prefixlen":64,"scope":"global"},
               {"local":"fd00::99","prefixlen":64,"scope":"global","temporary":true}]},
             {"ifname":"eth1","flags":["BROADCAST"],"mtu":1500,"addr_info":[{"local":"10.1.1.1","prefixlen":24,"scope":"global"}]},
             {"ifname":"docker0","flags":["UP"],"mtu":1500,"addr_info":[{"local":"172.17.0.1","prefixlen":16,"scope":"global"}]},
             {"ifname":"br-0123456789ab","flags":["UP"],"mtu":1500,"addr_info":[{"local":"172.20.0.1","prefixlen":16,"scope":"global"}]},
             {"ifname":"mine","flags":["UP"],"mtu":1500,"addr_info":[{"local":"172.30.0.1","prefixlen":16,"scope":"global"}]}]
            """
        let found = NetworkFacts.addresses(Array(json.utf8), bridges: ["mine"])
        #expect(found.map { "\($0.interface) \($0.address)/\($0.prefix) \($0.mtu)" } == ["eth0 10.77.0.11/24 1450", "eth0 fd00::11/64 1450"])
    }

    @Test func namesRoutesThatLeadOut() {
        let json = """
            [{"dst":"default","gateway":"10.0.2.2","dev":"eth1"},{"dst":"10.77.0.0/24","dev":"eth0"},{"type":"local","dst":"10.77.0.11","dev":"eth0"},
             {"type":"broadcast","dst":"10.77.0.255","dev":"eth0"},{"dst":"172.17.0.0/16","dev":"docker0"},{"dst":"10.9.9.9","dev":"wg0","table":"52"},
             {"dst":"fe80::/64","dev":"eth0"},{"type":"multicast","dst":"ff00::/8","dev":"eth0"},{"type":"blackhole","dst":"10.3.0.0/16","dev":"lo"}]
            """
        #expect(NetworkFacts.routes(Array(json.utf8), bridges: []).map(\.description) == ["10.77.0.0/24", "10.9.9.9/32"])
    }

    @Test func namesOtherFirewallsAndNotDockers() {
        func chain(_ family: String, _ table: String, _ name: String, _ rest: String = "") -> String {
            "{\"chain\":{\"family\":\"\(family)\",\"table\":\"\(table)\",\"name\":\"\(name)\",\"handle\":1\(rest)}}"
        }
        func base(_ hook: String, _ policy: String) -> String { ",\"type\":\"filter\",\"hook\":\"\(hook)\",\"prio\":0,\"policy\":\"\(policy)\"" }
        let items = [
            chain("ip", "filter", "FORWARD", base("forward", "drop")), chain("ip", "filter", "DOCKER-USER"),
            chain("ip", "filter", "INPUT", base("input", "accept")), chain("inet", "skep", "prerouting", base("prerouting", "drop")),
            chain("inet", "filter", "input", base("input", "drop")), chain("inet", "filter", "output", base("output", "drop")),
            chain("ip6", "filter", "FORWARD", base("forward", "drop")),
        ]
        let json = "{\"nftables\":[{\"metainfo\":{\"version\":\"1.0.6\"}},\(items.joined(separator: ","))]}"
        #expect(FirewallChains(Array(json.utf8)).dropping(hasUfw: false) == ["nft table inet filter", "nft table ip6 filter"])
        #expect(FirewallChains(Array(json.utf8)).dropping(hasUfw: true) == ["nft table inet filter"])
    }

    @Test @LoopActor func authoritiesOfRegistriesAreOursAloneToChange() throws {
        let machine = try TemporaryMachine()
        defer { machine.remove() }
        try machine.write("/etc/docker/certs.d/r:5000/ca.crt", "an operator's")
        let actions = RegistryActions(layout: machine.layout)
        try actions.write(["r:5000": "ours", "s.example.com": "other"])
        #expect(try actions.look() == ["r:5000": "ours", "s.example.com": "other"])
        try actions.write(["r:5000": "ours anew"])
        #expect(try actions.look() == ["r:5000": "ours anew"] && !Files.exists(machine.root + "/etc/docker/certs.d/s.example.com"))
        try actions.write([:])
        #expect(try actions.look() == [:] && machine.read("/etc/docker/certs.d/r:5000/ca.crt") == "an operator's")
        #expect(throws: (any Error).self) { try actions.write(["../x": "y"]) }
    }

    @Test @LoopActor func foldersThatStacksBindAreMadeAndNothingIsChanged() async throws {
        let machine = try TemporaryMachine()
        defer { machine.remove() }
        try machine.write("/srv/file", "x")
        try Files.makeDirectory(machine.root + "/srv/there", mode: 0o700)
        let wanted = ["/srv/file", "/srv/there", "/srv/new/deep"]
        let actions = FolderActions(layout: machine.layout)
        func missing() throws -> [String] { try actions.look(wanted).filter { !$0.value.exists }.keys.sorted() }
        #expect(try missing() == ["/srv/new/deep"])
        try actions.make(wanted)
        #expect(try missing() == [] && machine.read("/srv/file") == "x")
        #expect(try Files.status(machine.root + "/srv/there")?.mode == 0o700 && Files.status(machine.root + "/srv/new/deep")?.mode == 0o755)
        #expect(throws: (any Error).self) { try actions.make(["/srv/../none"]) }
    }
}
