import Glibc
import SkepModel
import SkepSystem
import Testing

@testable import AgentHost

/// Probes hold well-known ports: one at a time.
@Suite(.serialized) struct ProbeSerialTests {
    init() { EventLoop.runInBackground() }

    private let one = NodeID(unchecked: "1111111111111111")
    private let two = NodeID(unchecked: "2222222222222222")
    private let first = IPAddress.v4(0x7f00_0b0b)
    private let second = IPAddress.v4(0x7f00_0b0c)

    @LoopActor private func probe(_ address: IPAddress) -> AgentProbe {
        EventLoop.runInBackground()
        return AgentProbe(addresses: [address], source: ProbeSocket.system)
    }

    @LoopActor private func request(_ node: NodeID, _ addresses: [IPAddress], round: Int = 7) -> ProbeRequest {
        ProbeRequest(round: round, targets: [.init(node: node, addresses: addresses)], dataPathPorts: [4789, 7789])
    }

    @LoopActor private func wait(_ limit: Duration = .seconds(12), _ isDone: @LoopActor () -> Bool) async throws {
        let begin = SystemClock.monotonicMilliseconds()
        while !isDone(), SystemClock.monotonicMilliseconds() - begin < limit.wholeMilliseconds { try await LoopActor.sleep(for: .milliseconds(20)) }
    }

    @Test @LoopActor func twoNodesFindEachOther() async throws {
        let (left, right) = (probe(first), probe(second))
        defer {
            left.stop()
            right.stop()
        }
        // The last of its news is what is reported: nobody has to look again.
        var heard: ProbeReport?
        left.news = { heard = left.report }
        left.update(request(two, [second]), node: one)
        right.update(request(one, [first]), node: two)
        try await wait { heard?.complete == true && right.report?.complete == true }
        #expect(heard != nil && heard == left.report)
        #expect(
            left.report
                == ProbeReport(
                    round: 7, complete: true, paths: [.init(node: two, address: second, tcp: true, udp: true, dataPath: [4789, 7789], mtu: 9000)]))
        #expect(right.report?.paths.first?.mtu == 9000)
        left.stop()
        #expect(left.report == nil)
        // The ports are free at once, for a swarm to take.
        let descriptor = try ProbeSocket.listen(first, port: 7946, ProbeSocket.stream)
        close(descriptor)
        close(try ProbeSocket.listen(first, port: 4789, ProbeSocket.datagram))
    }

    @Test @LoopActor func aLatePeerIsFoundByTryingAgain() async throws {
        let (left, right) = (probe(first), probe(second))
        defer {
            left.stop()
            right.stop()
        }
        left.update(request(two, [second]), node: one)
        try await LoopActor.sleep(for: .milliseconds(300))
        #expect(left.report?.complete == false)
        right.update(request(one, [first]), node: two)
        try await wait { left.report?.complete == true }
        #expect(left.report?.paths.first?.dataPath == [4789, 7789])
    }

    @Test @LoopActor func anotherRoundOrAnotherNodeIsNoAnswer() async throws {
        let (left, right) = (probe(first), probe(second))
        defer {
            left.stop()
            right.stop()
        }
        right.update(request(one, [first], round: 8), node: two)
        left.update(request(two, [second]), node: one)
        try await wait(.seconds(9)) { left.report?.paths.isEmpty == false }
        #expect(left.report?.complete == false)
        #expect(left.report?.paths == [.init(node: two, address: second, tcp: false, udp: false, dataPath: [], mtu: nil)])
        left.stop()
        // An address that two machines have answers with the other one's name.
        left.update(request(NodeID(unchecked: "3333333333333333"), [second], round: 8), node: one)
        try await wait(.seconds(9)) { left.report?.paths.isEmpty == false }
        #expect(left.report?.paths.first?.tcp == false && left.report?.paths.first?.udp == false)
    }

    @Test @LoopActor func saysWhichPortsAreTaken() async throws {
        let probe = probe(first)
        let taken = try ProbeSocket.listen(first, port: 7946, ProbeSocket.stream)
        let datagrams = try ProbeSocket.listen(first, port: 4789, ProbeSocket.datagram)
        defer {
            probe.stop()
            close(taken)
            close(datagrams)
        }
        probe.update(request(two, [second]), node: one)
        #expect(probe.report?.occupied == [7946: "TCP: Address already in use", 4789: "UDP: Address already in use"])
    }

    @Test @LoopActor func readsMessages() {
        #expect(ProbeMessage("skep-probe 7 1111111111111111\n\0\0".utf8) == ProbeMessage(round: 7, node: one))
        #expect(ProbeMessage("skep-probe 7 1111".utf8) == nil)
        #expect(ProbeMessage("GET / HTTP/1.1\n".utf8) == nil)
        #expect(ProbeMessage(round: 7, node: one).datagram(100).count == 100)
    }
}
