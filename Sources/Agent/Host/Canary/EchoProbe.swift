internal import AgentCore
internal import CLinux
internal import Glibc
internal import SkepModel
internal import SkepSystem

/// Sends echo requests through the overlay, in a process of its own that was put into the ingress network's namespace:
/// `skep-agent probe-overlay OWN-ADDRESS TARGET…`.
///
/// It writes `mtu BYTES`, then for each target `echo ADDRESS SMALL LARGE`, both round-trip times in microseconds or `-` for what did not come back.
public enum EchoProbe {
    /// Runs with the arguments after `probe-overlay` and answers with the exit status.
    public static func main(_ arguments: [String]) -> Int32 {
        let addresses = arguments.map { IPAddress($0) }
        guard let first = addresses.first, case .v4(let own)? = first else { return 2 }
        var netmask: UInt32 = 0
        let mtu = Int(clinux_mtu(own.bigEndian, &netmask))
        let all = addresses.dropFirst().prefix(0x7fff).compactMap { address -> UInt32? in if case .v4(let value)? = address { value } else { nil } }
        // nothing is sent out of the network: a target is what another node says of itself
        let targets = all.filter { ($0 ^ own) & netmask.bigEndian == 0 }
        guard mtu >= 576 else { return complain("no interface in this network namespace has the address \(arguments[0])") }
        guard var wire = Wire(mtu: mtu, targets: targets) else { return complain("cannot make a raw socket: \(String(cString: strerror(errno)))") }
        wire.run()
        var text = "mtu \(mtu)\n"
        for target in all where !targets.contains(target) { text += "echo \(IPAddress.v4(target)) - -\n" }
        for (index, target) in targets.enumerated() {
            let words = [false, true].map { wire.times[Wire.key(index, isLarge: $0)].map { "\($0)" } ?? "-" }
            text += "echo \(IPAddress.v4(target)) \(words.joined(separator: " "))\n"
        }
        let bytes = Array(text.utf8)
        return write(1, bytes, bytes.count) == bytes.count ? 0 : 1
    }

    private static func complain(_ text: String) -> Int32 {
        let bytes = Array((text + "\n").utf8)
        _ = write(2, bytes, bytes.count)
        return 1
    }

    /// What it wrote, taken apart; throws what it said instead.
    static func read(_ result: CommandResult, sandbox: IPAddress) throws(HostFailure) -> (
        sandbox: CanaryRound.Sandbox, echoes: [IPAddress: CanaryRound.Echo]
    ) {
        guard result.succeeded else { throw HostFailure("\(result.lastWords(1))") }
        var seen = CanaryRound.Sandbox(address: sandbox)
        var echoes: [IPAddress: CanaryRound.Echo] = [:]
        for line in result.output.split(separator: "\n") {
            let words = line.split(separator: " ")
            if words.count == 2, words[0] == "mtu" { seen.mtu = Int(words[1]) }
            guard words.count == 4, words[0] == "echo", let address = IPAddress(String(words[1])) else { continue }
            echoes[address] = .init(small: Int(words[2]), large: Int(words[3]))
        }
        guard seen.mtu != nil else { throw HostFailure("the probe of the overlay ended without an answer") }
        return (seen, echoes)
    }
}

/// A raw ICMP socket with what was sent over it. Echo requests and replies: RFC 792.
private struct Wire {
    private let descriptor: Int32
    private let mtu: Int
    private let targets: [UInt32]
    private let nonce = UInt16.random(in: 1...UInt16.max)
    private var sent: [UInt16: Int64] = [:]
    /// By ``key(_:isLarge:)``, microseconds.
    private(set) var times: [UInt16: Int] = [:]

    /// A packet that is lost is sent again after this time, so often.
    private static let interval: Int64 = 700_000
    private static let tries = 4

    init?(mtu: Int, targets: [UInt32]) {
        descriptor = clinux_socket(AF_INET, Int32(SOCK_RAW.rawValue), Int32(IPPROTO_ICMP))
        guard descriptor >= 0 else { return nil }
        self.mtu = mtu
        self.targets = targets
        var choice = Int32(CLINUX_PMTUDISC_PROBE)
        setsockopt(descriptor, Int32(IPPROTO_IP), Int32(CLINUX_IP_MTU_DISCOVER), &choice, socklen_t(MemoryLayout<Int32>.size))
        // all but echo replies (type 0) is filtered by the kernel: SOL_RAW, ICMP_FILTER (raw(7))
        var filter = ~UInt32(1)
        setsockopt(descriptor, 255, 1, &filter, socklen_t(MemoryLayout<UInt32>.size))
    }

    static func key(_ index: Int, isLarge: Bool) -> UInt16 { UInt16(index * 2 + (isLarge ? 1 : 0)) }

    mutating func run() {
        let wanted = targets.count * 2
        for _ in 0..<Self.tries where times.count < wanted {
            for (index, target) in targets.enumerated() {
                for isLarge in [false, true] where times[Self.key(index, isLarge: isLarge)] == nil {
                    send(target, Self.key(index, isLarge: isLarge), isLarge)
                }
            }
            let end = Self.now + Self.interval
            while times.count < wanted, Self.now < end {
                var poll = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
                if Glibc.poll(&poll, 1, Int32(max(1, (end - Self.now) / 1000))) > 0 { receive() }
            }
        }
        close(descriptor)
    }

    private static var now: Int64 {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return Int64(time.tv_sec) * 1_000_000 + Int64(time.tv_nsec) / 1000
    }

    private mutating func send(_ target: UInt32, _ key: UInt16, _ isLarge: Bool) {
        // 20 bytes of IP header, 8 of ICMP
        var packet = [UInt8](repeating: 0, count: (isLarge ? mtu : 64) - 20)
        packet[0] = 8
        for (index, value) in [nonce >> 8, nonce & 0xff, key >> 8, key & 0xff].enumerated() { packet[4 + index] = UInt8(value) }
        for index in 8..<packet.count { packet[index] = UInt8(index & 0xff) }
        var sum: UInt32 = 0
        for index in stride(from: 0, to: packet.count, by: 2) {
            sum += UInt32(packet[index]) << 8 | UInt32(index + 1 < packet.count ? packet[index + 1] : 0)
        }
        while sum > 0xffff { sum = (sum & 0xffff) + (sum >> 16) }
        packet[2] = UInt8(~sum >> 8 & 0xff)
        packet[3] = UInt8(~sum & 0xff)
        if sent[key] == nil { sent[key] = Self.now }
        _ = SocketAddress(.v4(target), port: 0).with { sendto(descriptor, packet, packet.count, 0, $0, $1) }
    }

    private mutating func receive() {
        var buffer = [UInt8](repeating: 0, count: 65536)
        // the time is looked at in between, whoever floods
        for _ in 0..<256 {
            let count = recv(descriptor, &buffer, buffer.count, 0)
            guard count > 0 else { return }
            let header = Int(buffer[0] & 0x0f) * 4
            // an echo reply with our number
            guard count >= header + 8, buffer[header] == 0, UInt16(buffer[header + 4]) << 8 | UInt16(buffer[header + 5]) == nonce else { continue }
            let key = UInt16(buffer[header + 6]) << 8 | UInt16(buffer[header + 7])
            let expected = key % 2 == 1 ? mtu : 64
            guard count == expected, let from = sent[key], Int(key / 2) < targets.count, times[key] == nil else { continue }
            let source = buffer[12..<16].reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
            guard source == targets[Int(key / 2)] else { continue }
            times[key] = Int(max(1, Self.now - from))
        }
    }
}
