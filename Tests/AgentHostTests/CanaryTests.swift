import AgentCore
import Glibc
import SkepModel
import SkepSystem
import Testing

@testable import AgentHost

@Suite struct CanaryTests {
    init() { EventLoop.runInBackground() }

    private static let peer = CanaryRequest.Target(node: NodeID(unchecked: "2222222222222222"), address: .v4(0x0a00_0003))

    @LoopActor private func wait(_ isDone: @LoopActor () -> Bool) async throws {
        for _ in 0..<400 where !isDone() { try await LoopActor.sleep(for: .milliseconds(5)) }
    }

    @Test @LoopActor func anotherRequestBeginsARoundAtOnce() async throws {
        var asked: [[UInt16]] = []
        var told = 0
        let canary = Canary { targets, ports in
            asked.append(ports)
            return CanaryRound(
                end: .at(.init(address: .v4(0x0a00_0002), mtu: 1450)),
                echoes: Dictionary(uniqueKeysWithValues: targets.map { ($0, .init(small: 1, large: 2)) }),
                ports: Dictionary(uniqueKeysWithValues: ports.map { ($0, String?.none) }))
        }
        canary.news = { told += 1 }
        #expect(canary.report == nil)
        canary.update(CanaryRequest(targets: [Self.peer], ports: [80]))
        try await wait { told == 1 }
        #expect(canary.report?.paths.first?.trial.verdict == .true)
        canary.update(CanaryRequest(targets: [Self.peer], ports: [80]))
        canary.update(CanaryRequest(targets: [Self.peer], ports: [80, 443]))
        try await wait { told == 2 }
        #expect(asked == [[80], [80, 443]], "the same request again is no news")
        #expect(canary.report?.ports.map(\.trial.verdict) == [.true, .true])
        canary.update(nil)
        #expect(canary.report == nil)
    }

    @Test @LoopActor func aPlaceholderIsNoAnswer() async throws {
        // a socket that listens and accepts nobody, as dockerd's own
        let listener = try ProbeSocket.listen(.v4(0x7f00_0001), port: 0, ProbeSocket.stream)
        defer { close(listener) }
        var storage = sockaddr_storage()
        var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
        _ = withUnsafeMutablePointer(to: &storage) { $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(listener, $0, &length) } }
        let port = SocketAddress(storage, length).port
        let failure = await MeshKnock.failure(port: port)
        #expect(failure?.contains("placeholder") == true, "\(failure ?? "it answers")")
        #expect(await MeshKnock.failure(port: 1)?.contains("refused") == true)
    }
}
