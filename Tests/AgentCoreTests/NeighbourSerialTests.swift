import AgentCore
import Foundation
import SkepModel
import Testing

/// The rendered table in a real kernel, from where an attacker stands: a neighbour that has routes to a node's Docker bridges.
///
/// One namespace is the node, with a bridge `docker_gwbridge` and a "container" behind it, published as Docker publishes (DNAT at
/// prerouting, -100); another is the neighbour.
@Suite(.serialized, .enabled(if: getuid() == 0, "needs root for network namespaces")) struct NeighbourSerialTests {
    private let node = "skep-t-node"
    private let neighbour = "skep-t-peer"
    private let container = "skep-t-box"
    /// Another container on the same bridge, which publishes nothing.
    private let client = "skep-t-client"

    @discardableResult
    private func sh(_ script: String, input: String? = nil) throws -> (Int32, String) {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/bin/bash")
        // Foundation knows that a process has ended when a descriptor closes that its children inherit: those in the background must not.
        let closing = "for f in /proc/$$/fd/*; do n=${f##*/}; [ \"$n\" -gt 2 ] && eval \"exec $n>&-\"; done 2>/dev/null\n"
        process.arguments = ["-c", closing + script]
        let output = Pipe()
        process.standardOutput = output
        process.standardError = output
        let given = Pipe()
        process.standardInput = given
        try process.run()
        if let input { given.fileHandleForWriting.write(Data(input.utf8)) }
        given.fileHandleForWriting.closeFile()
        let data = output.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        return (process.terminationStatus, String(decoding: data, as: UTF8.self))
    }

    /// Whether a TCP connection from the namespace to the address and port is made.
    private func connects(_ namespace: String, _ address: String, _ port: Int) throws -> Bool {
        let code = """
            import socket,sys; s=socket.socket(socket.AF_INET6 if ":" in sys.argv[1] else socket.AF_INET)
            s.settimeout(1.5); sys.exit(0 if s.connect_ex((sys.argv[1], int(sys.argv[2])))==0 else 1)
            """
        return try sh("ip netns exec \(namespace) python3 -c '\(code)' \(address) \(port)").0 == 0
    }

    /// The same, with patience for a listener that is only just starting.
    private func connectsSoon(_ namespace: String, _ address: String, _ port: Int) throws -> Bool {
        for _ in 0..<20 {
            if try connects(namespace, address, port) { return true }
            usleep(300_000)
        }
        return false
    }

    private func setUp() throws {
        try tearDown()
        let made = try sh(
            """
            set -e
            for n in \(node) \(neighbour) \(container) \(client); do ip netns add $n; ip -n $n link set lo up; done
            ip -n \(node) link add eth0 type veth peer name eth0 netns \(neighbour)
            ip -n \(node) link add docker_gwbridge type bridge
            ip -n \(node) link add box type veth peer name eth0 netns \(container)
            ip -n \(node) link set box master docker_gwbridge
            ip -n \(node) link add client type veth peer name eth0 netns \(client)
            ip -n \(node) link set client master docker_gwbridge
            ip -n \(client) addr add 172.18.0.3/16 dev eth0
            ip -n \(node) addr add 10.77.0.11/24 dev eth0; ip -n \(neighbour) addr add 10.77.0.12/24 dev eth0
            ip -n \(node) addr add fd77::11/64 dev eth0 nodad; ip -n \(neighbour) addr add fd77::12/64 dev eth0 nodad
            ip -n \(node) addr add fd18::1/64 dev docker_gwbridge nodad; ip -n \(container) addr add fd18::2/64 dev eth0 nodad
            ip -n \(node) addr add 172.18.0.1/16 dev docker_gwbridge; ip -n \(container) addr add 172.18.0.2/16 dev eth0
            for l in eth0 docker_gwbridge box client; do ip -n \(node) link set $l up; done
            ip -n \(neighbour) link set eth0 up; ip -n \(container) link set eth0 up; ip -n \(client) link set eth0 up
            ip -n \(container) route add default via 172.18.0.1
            ip -n \(client) route add default via 172.18.0.1
            ip -n \(neighbour) route add 172.18.0.0/16 via 10.77.0.11
            ip -n \(container) -6 route add default via fd18::1
            ip -n \(neighbour) -6 route add fd18::/64 via fd77::11
            ip netns exec \(node) sysctl -q -w net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1
            ip netns exec \(node) nft -f - <<'END'
            table ip nat {
              chain prerouting {
                type nat hook prerouting priority -100;
                fib daddr type local tcp dport { 443, 9999, 31000 } dnat to 172.18.0.2
              }
              chain postrouting { type nat hook postrouting priority 100; oifname "docker_gwbridge" masquerade; }
            }
            END
            code='
            import socket,sys,threading,time
            for p in map(int, sys.argv[1:]):
                s=socket.create_server(("", p), family=socket.AF_INET6, dualstack_ipv6=True, backlog=64)
                threading.Thread(target=lambda s=s: [s.accept() for _ in iter(int, 1)], daemon=True).start()
            time.sleep(60)'
            code=$(printf '%s' "$code" | sed 's/^            //')
            ip netns exec \(container) python3 -c "$code" 443 9999 31000 </dev/null >/dev/null 2>&1 &
            echo $! >/tmp/skep-t-box.pid
            ip netns exec \(node) python3 -c "$code" 22 2377 8080 31500 </dev/null >/dev/null 2>&1 &
            echo $! >/tmp/skep-t-node.pid
            sleep 0.7
            """)
        try #require(made.0 == 0, "\(made.1)")
    }

    private func tearDown() throws {
        try sh(
            """
            for f in /tmp/skep-t-box.pid /tmp/skep-t-node.pid; do [ -f $f ] && kill $(cat $f) 2>/dev/null; rm -f $f; done
            for n in \(node) \(neighbour) \(container) \(client); do ip netns del $n 2>/dev/null; done; true
            """)
    }

    private func install(_ spec: FirewallSpec) throws {
        let text = RulesetRenderer(spec: spec, bridges: [], localPorts: PortRange(32768, 60999)).render()
        let answer = try sh("ip netns exec \(node) nft -f -", input: text)
        try #require(answer.0 == 0, "\(answer.1)")
    }

    @Test func aNeighbourReachesWhatTheTableOpensAndNothingElse() throws {
        try setUp()
        defer { try? tearDown() }
        for port in [443, 9999, 31000, 22, 31500] {
            #expect(try connectsSoon(neighbour, "10.77.0.11", port), "without a table \(port) answers")
        }
        #expect(try connects(neighbour, "172.18.0.2", 9999), "without a table the container's own address answers")
        try install(Samples.firewall)
        #expect(try connects(neighbour, "10.77.0.11", 443), "https is users'")
        #expect(try !connects(neighbour, "10.77.0.11", 9999), "published by Docker, and in no table")
        #expect(try connects(neighbour, "10.77.0.11", 31000), "in the range, and published")
        #expect(try !connects(neighbour, "10.77.0.11", 31500), "in the range, and a service of the machine itself")
        #expect(try !connects(neighbour, "10.77.0.11", 22), "nodes are not management")
        #expect(try !connects(neighbour, "172.18.0.2", 9999), "routed straight to a container")
        #expect(try !connects(neighbour, "172.18.0.2", 443), "routed straight to a container, even at an open port")
    }

    /// Whether what the neighbour sends over a connection that it made before is still taken in, after `change`.
    private func flowLives(to port: Int, after change: () throws -> Void) throws -> Bool {
        let code = """
            import fcntl,os,socket,struct,sys,termios,time
            s=socket.create_connection(("10.77.0.11", int(sys.argv[1])), 5); s.send(b"x"); open("/tmp/skep-t-flow.up","w")
            end=time.time()+30
            while not os.path.exists("/tmp/skep-t-flow.go") and time.time()<end: time.sleep(0.05)
            s.send(b"y"); time.sleep(1.5)
            sys.exit(struct.unpack("i", fcntl.ioctl(s, termios.TIOCOUTQ, b"0000"))[0] != 0)
            """
        try sh(
            """
            rm -f /tmp/skep-t-flow.*
            (ip netns exec \(neighbour) python3 -c '\(code)' \(port); echo $? >/tmp/skep-t-flow.end) </dev/null >/dev/null 2>&1 &
            """)
        for _ in 0..<100 where try sh("[ -e /tmp/skep-t-flow.up ]").0 != 0 { usleep(100_000) }
        try #require(try sh("[ -e /tmp/skep-t-flow.up ]").0 == 0, "no connection to \(port)")
        try change()
        try sh("touch /tmp/skep-t-flow.go")
        for _ in 0..<100 where try sh("[ -s /tmp/skep-t-flow.end ]").0 != 0 { usleep(100_000) }
        return try sh("[ \"$(cat /tmp/skep-t-flow.end)\" = 0 ]; answer=$?; rm -f /tmp/skep-t-flow.*; exit $answer").0 == 0
    }

    @Test func aNodeThatLeavesIsCutOffWithItsEstablishedFlows() throws {
        try setUp()
        defer { try? tearDown() }
        try install(Samples.firewall)
        #expect(try flowLives(to: 2377) { try install(Samples.firewall) }, "the same table again ends no flow")
        var spec = Samples.firewall
        spec.audiences[.cluster] = Samples.ranges("10.77.0.11/32")
        spec.departed = [.v4(0x0a4d_000c)]
        // networks that are encrypted have rules of their own
        spec.encrypted = true
        #expect(try !flowLives(to: 2377) { try install(spec) })
        #expect(try !connects(neighbour, "10.77.0.11", 2377))
        #expect(try connects(neighbour, "10.77.0.11", 443), "users are everybody")
    }

    /// The same by IPv6: open to users and management, closed to others, and no way straight to a container.
    @Test func theTableGovernsIPv6AsWell() throws {
        try setUp()
        defer { try? tearDown() }
        for port in [22, 8080] { #expect(try connectsSoon(neighbour, "fd77::11", port), "without a table \(port) answers") }
        #expect(try connectsSoon(neighbour, "fd18::2", 9999), "without a table the container's own address answers")
        var spec = Samples.firewall
        spec.audiences[.cluster] = Samples.ranges("10.77.0.11/32", "fd77::11/128")
        spec.audiences[.users] = Samples.ranges("0.0.0.0/0", "::/0")
        spec.rules.append(.init(ports: Samples.port(8080), transport: .tcp, audiences: [.users], service: "theirs"))
        try install(spec)
        #expect(try connects(neighbour, "fd77::11", 8080), "users are everybody")
        #expect(try !connects(neighbour, "fd77::11", 22), "a neighbour is not management")
        #expect(try !connects(neighbour, "fd18::2", 9999), "routed straight to a container")
        spec.audiences[.management] = Samples.ranges("10.0.2.0/24", "fd77::12/128")
        spec.audiences[.users] = Samples.ranges("0.0.0.0/0", "fd99::/64")
        try install(spec)
        #expect(try connects(neighbour, "fd77::11", 22), "it is management now")
        #expect(try !connects(neighbour, "fd77::11", 8080), "users are others now")
    }

    @Test func aContainerReachesItsOwnNodesHttpsAndNotItsSsh() throws {
        try setUp()
        defer { try? tearDown() }
        try install(Samples.firewall)
        #expect(try connectsSoon(client, "10.77.0.11", 443))
        #expect(try !connects(client, "10.77.0.11", 22))
        #expect(try !connects(client, "10.77.0.11", 8080))
        try sh(
            "ip netns exec \(neighbour) timeout 60 python3 -m http.server 5000 </dev/null >/dev/null 2>&1 & echo $! >/tmp/skep-t-node2.pid; sleep 0.7"
        )
        #expect(try connectsSoon(client, "10.77.0.12", 5000), "outward is free")
        try sh("kill $(cat /tmp/skep-t-node2.pid); rm -f /tmp/skep-t-node2.pid")
    }
}
