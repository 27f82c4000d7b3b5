import AgentCore
import Glibc
import SkepModel
import SkepSystem
import Testing

@testable import AgentHost

private let isRoot = geteuid() == 0

/// Two network namespaces with a link between them; gone with ``remove()``.
@LoopActor private final class TwoMachines {
    let names: [String]
    private let enter: @convention(c) (Int32, Int32) -> Int32

    init(mtu: Int = 1500) async throws {
        EventLoop.runInBackground()
        let id = SystemRandom.hex(3)
        names = ["skt\(id)a", "skt\(id)b"]
        guard let symbol = dlsym(nil, "setns") else { throw SystemError(.unavailable, "no setns") }
        enter = unsafeBitCast(symbol, to: (@convention(c) (Int32, Int32) -> Int32).self)
        for name in names { try await ip("netns", "add", name) }
        try await ip("-n", names[0], "link", "add", "wire", "mtu", "\(mtu)", "type", "veth", "peer", "name", "wire", "netns", names[1])
        try await ip("-n", names[1], "link", "set", "wire", "mtu", "\(mtu)")
        for (index, name) in names.enumerated() {
            try await ip("-n", name, "address", "add", "10.99.0.\(index + 1)/24", "dev", "wire")
            try await ip("-n", name, "address", "add", "fd99::\(index + 1)/64", "dev", "wire", "nodad")
            try await ip("-n", name, "link", "set", "wire", "up")
            try await ip("-n", name, "link", "set", "lo", "up")
        }
    }

    func ip(_ arguments: String...) async throws { _ = try await run(Command("/usr/sbin/ip", arguments)).orThrow() }

    func remove() async { for name in names { try? await ip("netns", "del", name) } }

    /// Runs the body between two machines, and removes them whatever comes.
    static func with(mtu: Int = 1500, _ body: (TwoMachines) async throws -> Void) async throws {
        let wire = try await TwoMachines(mtu: mtu)
        do { try await body(wire) } catch {
            await wire.remove()
            throw error
        }
        await wire.remove()
    }

    /// nft in one of the machines.
    func nft(_ machine: Int) -> Program { Program("/usr/sbin/ip", ["netns", "exec", names[machine], "/usr/sbin/nft"]) }

    /// Sockets of one of the machines, made on the loop's thread.
    func sockets(_ machine: Int) -> ProbeSocket.Source {
        let (path, enter) = ("/run/netns/\(names[machine])", enter)
        return { domain, type in
            let home = open("/proc/thread-self/ns/net", O_RDONLY)
            let there = open(path, O_RDONLY)
            defer {
                close(home)
                close(there)
            }
            guard enter(there, 0) == 0 else { return -1 }
            let descriptor = ProbeSocket.system(domain, type)
            let failure = errno
            guard enter(home, 0) == 0 else { fatalError("cannot come home") }
            errno = failure
            return descriptor
        }
    }
}

@Suite(.serialized, .enabled(if: isRoot)) struct NamespaceSerialTests {
    init() { EventLoop.runInBackground() }

    private let one = NodeID(unchecked: "1111111111111111")
    private let two = NodeID(unchecked: "2222222222222222")
    private let table = """
        add table inet skep
        delete table inet skep
        table inet skep {
            counter management {
            }
            set cluster4 {
                type ipv4_addr
                flags interval
                elements = { 10.99.0.0/24 }
            }
            chain prerouting {
                type filter hook prerouting priority mangle; policy accept;
                ct state established,related accept
                tcp dport 22 ip saddr @cluster4 counter name management accept comment "ssh"
                tcp dport 7946 drop
            }
        }

        """

    @Test @LoopActor func installsListsCountsAndRemovesTheTable() async throws {
        try await TwoMachines.with { wire in
            var machine = try TemporaryMachine()
            machine.layout.nft = wire.nft(1)
            let layout = machine.layout
            let firewall = FirewallActions(layout)
            let state = HostState(layout)
            let actuator = HostActuator(state)
            #expect(try await firewall.look(state, counting: true) == .init(listing: nil))

            guard case .installed(let listing) = await actuator.perform(.installTable(text: table)) else {
                Issue.record("nft should take the table")
                return
            }
            #expect(listing.count == 64)
            #expect(try await firewall.look(state, counting: true) == .init(listing: listing, managementConnections: 0))
            #expect(machine.read("/var/lib/skep-agent/ruleset.nft") == nil, "it is not proven")
            #expect(await actuator.perform(.keepTable(text: table)) == .done)

            // A connection from the neighbour counts, and its listing stays the same.
            let port = try ProbeSocket.listen(.v4(0x0a63_0002), port: 22, ProbeSocket.stream, wire.sockets(1))
            close(try await ProbeSocket.dial(.v4(0x0a63_0002), port: 22, wire.sockets(0)))
            close(port)
            #expect(try await firewall.look(state, counting: true) == .init(listing: listing, managementConnections: 1, kept: table))

            // Somebody else's change shows in the listing; installing again undoes it and is the same as before.
            _ = try await run(layout.nft("add", "rule", "inet", "skep", "prerouting", "accept")).orThrow()
            #expect(try await firewall.look(state, counting: true).listing != listing)
            #expect(await actuator.perform(.installTable(text: table)) == .installed(listing: listing))

            // One that grows beyond what can be listed is another one, too.
            let rules = String(repeating: "add rule inet skep prerouting tcp dport 7946 accept\n", count: 30_000)
            for _ in 0..<2 { _ = try await run(layout.nft("-f", "-", input: Array(rules.utf8), deadline: .seconds(60))).orThrow() }
            let grown = try await firewall.look(state, counting: true).listing
            #expect(grown != nil && grown != listing)
            #expect(await actuator.perform(.installTable(text: table)) == .installed(listing: listing))

            guard case .failed(let words) = await actuator.perform(.installTable(text: "table inet skep { nonsense }")) else {
                Issue.record("nft should refuse nonsense")
                return
            }
            #expect(words.contains("syntax error"))
            #expect(try await firewall.look(state, counting: true).listing == listing)
            #expect(machine.read("/var/lib/skep-agent/ruleset.nft") == table)

            #expect(await actuator.perform(.removeTable) == .done)
            #expect(await actuator.perform(.removeTable) == .done)
            #expect(try await firewall.look(state, counting: true) == .init(listing: nil))
            #expect(machine.read("/var/lib/skep-agent/ruleset.nft") == nil)
            machine.remove()
        }
    }

    /// The drill that takes an address away gives it back with the routes that went with it, its neighbours on the link among them.
    @Test @LoopActor func aBorrowedAddressIsGivenBackWithItsRoutes() async throws {
        try await TwoMachines.with { wire in
            let machine = try TemporaryMachine()
            defer { machine.remove() }
            let name = wire.names[0]
            try await wire.ip("-n", name, "address", "add", "10.99.0.77/24", "dev", "wire")
            try await wire.ip("-n", name, "route", "add", "default", "via", "10.99.0.2", "dev", "wire", "src", "10.99.0.1")
            try await wire.ip("-n", name, "route", "add", "192.0.2.0/24", "via", "10.99.0.2", "dev", "wire")
            func shown(_ what: String) async throws -> [String] {
                let result = try await run(Command("/usr/sbin/ip", ["-n", name, "-4", what, "show", "dev", "wire"])).orThrow()
                return result.output.split(separator: "\n").map { $0.trimmed }.filter { $0.hasPrefix("inet ") || what == "route" }.sorted()
            }
            let before = (try await shown("address"), try await shown("route"))
            let script = DrillScript(
                drill: Drill(id: "d1", name: "address-change", from: .v4(0x0a63_0001), to: .v4(0x0a63_0063)), name: .addressChange,
                target: DrillTarget(), stamp: machine.root + "/stamp", dataFolder: "/", daemonConfig: "", agent: 1, hasSystemd: false
            ).text.replacing("sleep 180", with: "sleep 3")
            let result = try await run(Command("/usr/sbin/ip", ["netns", "exec", name, "/bin/sh", "-c", script]))
            #expect(result.succeeded, "\(result.errorOutput)")
            let during = (try await shown("address"), try await shown("route"))
            #expect(during.0.contains { $0.contains("10.99.0.99/24") } && !during.0.contains { $0.contains("10.99.0.1/24") })
            #expect(during.1.contains { $0.hasPrefix("default via 10.99.0.2") && $0.contains("src 10.99.0.99") }, "\(during)")
            #expect(during.1.contains { $0.hasPrefix("192.0.2.0/24 via 10.99.0.2") }, "\(during)")
            for _ in 0..<100 where try await shown("address").contains(where: { $0.contains("10.99.0.99/24") }) {
                try await LoopActor.sleep(for: .milliseconds(100))
            }
            try await LoopActor.sleep(for: .milliseconds(300))
            #expect(try await shown("route") == before.1)
            #expect(try await shown("address").contains { $0.contains("10.99.0.1/24") })
        }
    }

    @Test @LoopActor func namesAForeignFirewall() async throws {
        try await TwoMachines.with { wire in
            var machine = try TemporaryMachine()
            machine.layout.nft = wire.nft(0)
            let foreign = "table inet filter { chain input { type filter hook input priority 0; policy drop;\n}\n}\n"
            _ = try await run(machine.layout.nft("-f", "-", input: Array(foreign.utf8))).orThrow()
            #expect(OtherFirewalls.read(machine.layout, await FirewallChains.read(machine.layout, RulesetCache())) == ["nft table inet filter"])
            machine.layout.ip = Program("/usr/sbin/ip", ["-n", wire.names[0]])
            let (addresses, routes) = await NetworkFacts.read(machine.layout, bridges: [])
            #expect(addresses.map { "\($0.interface) \($0.address)/\($0.prefix) \($0.mtu)" } == ["wire 10.99.0.1/24 1500", "wire fd99::1/64 1500"])
            #expect(routes.map(\.description) == ["10.99.0.0/24", "fd99::/64"])
            machine.remove()
        }
    }

    @Test @LoopActor func theCanaryTellsSmallPacketsFromLargeOnes() async throws {
        try await TwoMachines.with { wire in
            var machine = try TemporaryMachine()
            machine.layout.ingressNetwork = "/run/netns/\(wire.names[0])"
            let folder = (try Files.readLink("/proc/self/exe")).split(separator: "/").dropLast().joined(separator: "/")
            machine.layout.agent = Program("/\(folder)/skep-agent")
            let overlay = OverlayTrial(layout: machine.layout)
            let (own, other, nobody) = (IPAddress.v4(0x0a63_0001), IPAddress.v4(0x0a63_0002), IPAddress.v4(0x0a63_0009))

            let outside = IPAddress.v4(0xc633_6401)
            let good = await overlay.round({ own }, [other, nobody, outside])
            #expect(good.echoes[outside] == .init(small: nil, large: nil), "nothing is sent there, and nothing passes")
            #expect(good.trouble == nil)
            #expect(good.end == .at(.init(address: own, mtu: 1500)))
            #expect(good.echoes[other]?.small != nil && good.echoes[other]?.large != nil)
            #expect(good.echoes[nobody] == .init(small: nil, large: nil))

            // as a path that is narrower than the network believes
            let table = "add table netdev cut; add chain netdev cut in { type filter hook ingress device wire priority 0; }; "
            _ = try await run(wire.nft(1)(table + "add rule netdev cut in ip length > 1400 drop")).orThrow()
            let cut = await overlay.round({ own }, [other])
            #expect(cut.echoes[other]?.small != nil)
            #expect(cut.echoes[other]?.large == nil)

            let elsewhere = await overlay.round({ nobody }, [other])
            #expect(elsewhere.trouble?.contains("no interface in this network namespace has the address 10.99.0.9") == true, "\(elsewhere)")
            machine.layout.ingressNetwork = "/run/netns/gone"
            let gone = await OverlayTrial(layout: machine.layout).round({ own }, [other]).trouble
            #expect(gone?.contains("/run/netns/gone") == true, "\(gone ?? "")")
            #expect(await overlay.round({ nil }, [other]).trouble?.contains("no end") == true)
            machine.remove()
        }
    }

    @Test @LoopActor func measuresARealPath() async throws {
        try await TwoMachines.with(mtu: 1450) { wire in
            let all: [IPAddress] = [.v4(0), .v6(0, 0)]
            let (left, right) = (AgentProbe(addresses: all, source: wire.sockets(0)), AgentProbe(addresses: all, source: wire.sockets(1)))
            let addresses: [IPAddress] = [.v4(0x0a63_0002), .v6(0xfd99_0000_0000_0000, 2), .v4(0x0a63_0063)]
            // The way back for VXLAN's own port is closed: another data-path port is left.
            _ = try await run(
                wire.nft(1)("-f", "-", input: Array("table inet t { chain i { type filter hook input priority 0; udp dport 4789 drop;\n}\n}\n".utf8))
            ).orThrow()
            right.update(ProbeRequest(round: 1, targets: [.init(node: one, addresses: [.v4(0x0a63_0001)])], dataPathPorts: [4789, 7789]), node: two)
            left.update(ProbeRequest(round: 1, targets: [.init(node: two, addresses: addresses)], dataPathPorts: [4789, 7789]), node: one)
            let begin = SystemClock.monotonicMilliseconds()
            while left.report?.complete != true, SystemClock.monotonicMilliseconds() - begin < 25_000 {
                try await LoopActor.sleep(for: .milliseconds(50))
            }
            #expect(
                left.report?.paths == [
                    .init(node: two, address: addresses[0], tcp: true, udp: true, dataPath: [7789], mtu: 1450),
                    .init(node: two, address: addresses[1], tcp: true, udp: true, dataPath: [7789], mtu: 1450),
                    .init(node: two, address: addresses[2], tcp: false, udp: false, dataPath: [], mtu: nil),
                ])
            #expect(left.report?.complete == true)
            #expect(right.report?.paths.first?.dataPath == [4789, 7789])
            left.stop()
            right.stop()
        }
    }
}

@Suite(.serialized, .enabled(if: isRoot)) struct MountSerialTests {
    init() { EventLoop.runInBackground() }

    @LoopActor private func unit(_ what: String, _ path: String, _ type: String, _ options: String) -> String {
        "# Written by skep-agent; a change here is put back.\n[Mount]\nWhat=\(what)\nWhere=\(path)\nType=\(type)\nOptions=\(options)\n"
    }

    @Test @LoopActor func bindsRemountsAndRemoves() async throws {
        var machine = try TemporaryMachine()
        defer { machine.remove() }
        machine.layout.shareProbe = try machine.script("probe", "echo pid $$; touch $1/.t && rm $1/.t && echo ok || echo errno 30")
        let (folder, path) = (machine.root + "/data", machine.root + "/mnt/share")
        try Files.makeDirectory(folder)
        let state = HostState(machine.layout)
        let actuator = HostActuator(state)
        let observer = MountObserver(state)
        let scope = HostScope(mounts: [path: .init(source: .folder(folder), write: true)], node: "n1")
        let text = unit(folder, path, "none", "bind")
        defer { _ = path.withCString { umount2($0, 2) } }

        #expect(await actuator.perform(.installMount(path: path, unit: text)) == .done)
        #expect(await actuator.perform(.installMount(path: path, unit: text)) == .done)
        #expect(try await observer.look(scope) == [path: .init(unit: text, source: folder, health: .good)])

        // Something else over it hides it, and is not ours to unmount.
        _ = try await run(Command("/usr/bin/mount", ["-t", "tmpfs", "none", path])).orThrow()
        guard case .bad(let reason, _)? = try await observer.look(scope)[path]?.health else {
            Issue.record("a cover should show")
            return
        }
        #expect(reason == "Shadowed" || reason == "WrongSource")
        for action in [AgentAction.remount(path: path), .removeMount(path: path)] {
            #expect(await actuator.perform(action) == .failed("none (tmpfs) is mounted over \(path) by somebody else; unmount it"))
        }
        _ = try await run(Command("/usr/bin/umount", [path])).orThrow()

        state.stuckProbes[path] = 1
        #expect(await actuator.perform(.remount(path: path)) == .done)
        #expect(state.stuckProbes.isEmpty)
        #expect(try await observer.look(scope)[path]?.health == .good)
        #expect(await actuator.perform(.removeMount(path: path)) == .done)
        #expect(await actuator.perform(.removeMount(path: path)) == .done)
        #expect(!Files.exists(path) && Files.exists(folder))
        #expect(try await observer.look(.init()) == [:])
    }

    @Test @LoopActor func aMountOfOthersIsLeftAlone() async throws {
        let machine = try TemporaryMachine()
        defer { machine.remove() }
        let path = machine.root + "/theirs"
        try Files.makeDirectory(path)
        _ = try await run(Command("/usr/bin/mount", ["-t", "tmpfs", "theirs", path])).orThrow()
        defer { _ = path.withCString { umount2($0, 2) } }
        let actuator = HostActuator(HostState(machine.layout))
        let outcome = await actuator.perform(.installMount(path: path, unit: unit("none", path, "tmpfs", "size=1m")))
        #expect(outcome == .failed("theirs is already mounted at \(path); unmount it or choose another path"))
        #expect(try Files.list(machine.layout.units).isEmpty)
        #expect(await actuator.perform(.removeMount(path: path)) == .done)
        #expect(try MountObserver.table(machine.layout).mounted(at: path)?.source == "theirs")
    }

    @Test @LoopActor func aReadOnlyMountShows() async throws {
        let machine = try TemporaryMachine()
        defer { machine.remove() }
        let path = machine.root + "/ro"
        let state = HostState(machine.layout)
        let outcome = await HostActuator(state).perform(.installMount(path: path, unit: unit("share", path, "tmpfs", "ro,size=1m")))
        #expect(outcome == .done)
        defer { _ = path.withCString { umount2($0, 2) } }
        #expect(ShareProbe.attempt(path, node: "n1", write: true) == EROFS)
        #expect(ShareProbe.attempt(path, node: "n1", write: false) == 0)
        #expect(await HostActuator(state).perform(.removeMount(path: path)) == .done)
        #expect(try MountObserver.table(machine.layout).mounted(at: path) == nil)
    }
}
