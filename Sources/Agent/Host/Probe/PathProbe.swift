internal import CLinux
internal import Glibc
internal import SkepModel
internal import SkepSystem

/// Tries one address of one peer: TCP, UDP on each port, and the largest packet that comes through whole, both ways.
@LoopActor final class PathProbe {
    /// Sizes of IP packets that real networks are built for, largest first: jumbo frames, Ethernet, and what tunnels leave of it.
    static let sizes = [9000, 8950, 4000, 1500, 1480, 1460, 1450, 1400, 1380, 1280]
    static let tcpPorts: [UInt16] = [7946, 2377]
    static let udpPort: UInt16 = 7946

    private static let tries = 3
    private static let interval = Duration.milliseconds(600)
    private static let deadline = Duration.seconds(2)
    /// The kernel asks for a connection again after one second by itself; only what is refused at once is tried anew.
    private static let tcpDeadline = Duration.milliseconds(2500)

    private let target: NodeID
    private let address: IPAddress
    private let request: ProbeMessage
    private let dataPathPorts: [UInt16]
    private let source: ProbeSocket.Source
    /// Ports that answered, and sizes of the packets that came back.
    private var answered: Set<UInt16> = []
    private var sizes: Set<Int> = []
    /// When the peer was heard first, and when it was last asked; by the machine's own clock.
    private(set) var heard: Int64?
    private(set) var asked: Int64 = 0
    private var isDone: (() -> Bool)?
    private var finished: OneShot<Void>?

    init(target: NodeID, address: IPAddress, request: ProbeMessage, dataPathPorts: [UInt16], source: @escaping ProbeSocket.Source) {
        self.target = target
        self.address = address
        self.request = request
        self.dataPathPorts = dataPathPorts
        self.source = source
    }

    func run() async -> ProbeReport.Path {
        async let tcp = tcpAnswers()
        await udp()
        let largest = sizes.max()
        return ProbeReport.Path(
            node: target, address: address, tcp: await tcp, udp: answered.contains(Self.udpPort),
            dataPath: dataPathPorts.filter(answered.contains), mtu: largest)
    }

    /// Whether one of the ports answers with the peer's own name.
    private func tcpAnswers() async -> Bool {
        let answered = OneShot<Bool>()
        var left = Self.tcpPorts.count
        let tasks = Self.tcpPorts.map { port in
            Task { @LoopActor in
                let isGood = await self.tcpAnswers(port)
                left -= 1
                if isGood || left == 0 { answered.finish(.success(isGood)) }
            }
        }
        let isGood = (try? await answered.value()) ?? false
        for task in tasks { task.cancel() }
        return isGood
    }

    private func tcpAnswers(_ port: UInt16) async -> Bool {
        let (address, line, source) = (address, request.line, source)
        let expected = ProbeMessage(round: request.round, node: target)
        let isGood = try? await LoopActor.withDeadline(Self.tcpDeadline) {
            for attempt in 0..<Self.tries {
                if attempt > 0 { try await LoopActor.sleep(for: Self.interval) }
                if let answer = try? await ProbeSocket.ask(address, port: port, line, source) { return ProbeMessage(answer.utf8) == expected }
            }
            return false
        }
        if isGood == true { heard = heard ?? SystemClock.monotonicMilliseconds() }
        return isGood ?? false
    }

    private func udp() async {
        asked = SystemClock.monotonicMilliseconds()
        guard let descriptor = try? ProbeSocket.open(address, ProbeSocket.datagram, source) else { return }
        defer { close(descriptor) }
        ProbeSocket.forbidFragments(descriptor, address)
        guard let watch = try? LoopActor.watch(descriptor, .readable, { [weak self] _ in self?.receive(descriptor) }) else { return }
        defer { watch.cancel() }
        let ports = Set([Self.udpPort] + dataPathPorts).sorted()
        await exchange(until: { [self] in answered.isSuperset(of: ports) }) { [self] in
            asked = SystemClock.monotonicMilliseconds()
            for port in ports where !answered.contains(port) { _ = send(descriptor, port, request.datagram()) }
        }
        guard let port = ([Self.udpPort] + dataPathPorts).first(where: answered.contains) else { return }
        let header = address.isV4 ? 28 : 48
        var possible = Set(Self.sizes)
        await exchange(until: { [self] in possible.max().map(sizes.contains) ?? true }) { [self] in
            for size in possible.sorted(by: >) where !sizes.contains(size) {
                // The interface itself is smaller: no need to wait for an answer.
                if send(descriptor, port, request.datagram(size - header)) == EMSGSIZE { possible.remove(size) }
            }
        }
    }

    /// Sends up to three times, and waits until all is answered or the deadline has come.
    private func exchange(until isDone: @escaping () -> Bool, send: @escaping @LoopActor () -> Void) async {
        let finished = OneShot<Void>()
        self.finished = finished
        self.isDone = isDone
        let timers = (0..<Self.tries).map { LoopActor.schedule(after: Self.interval * $0) { send() } }
        let end = LoopActor.schedule(after: Self.deadline) { finished.finish(.success(())) }
        _ = try? await finished.value()
        for timer in timers + [end] { timer.cancel() }
        self.finished = nil
        self.isDone = nil
    }

    private func send(_ descriptor: Int32, _ port: UInt16, _ bytes: [UInt8]) -> Int32 {
        SocketAddress(address, port: port).with { sendto(descriptor, bytes, bytes.count, 0, $0, $1) } < 0 ? errno : 0
    }

    private func receive(_ descriptor: Int32) {
        var buffer = [UInt8](repeating: 0, count: 9216)
        for _ in 0..<64 {
            var storage = sockaddr_storage()
            var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
            let count = withUnsafeMutablePointer(to: &storage) { pointer in
                pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { recvfrom(descriptor, &buffer, buffer.count, 0, $0, &length) }
            }
            guard count >= 0 else { break }
            // An address that two machines have answers with another's name, and is no way to this one.
            guard ProbeMessage(buffer.prefix(count)) == ProbeMessage(round: request.round, node: target) else { continue }
            heard = heard ?? SystemClock.monotonicMilliseconds()
            answered.insert(SocketAddress(storage, length).port)
            let size = count + (address.isV4 ? 28 : 48)
            if Self.sizes.contains(size) { sizes.insert(size) }
        }
        if isDone?() == true { finished?.finish(.success(())) }
    }
}
