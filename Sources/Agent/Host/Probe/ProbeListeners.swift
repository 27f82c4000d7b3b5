internal import CLinux
internal import Glibc
internal import SkepModel
internal import SkepSystem

/// Answers peers of the same round on the ports that a swarm will need.
@LoopActor final class ProbeListeners {
    private struct Key: Hashable {
        var address: IPAddress
        var port: UInt16
        var type: Int32
    }

    private var answer: ProbeMessage
    private let addresses: [IPAddress]
    private let source: ProbeSocket.Source
    private var open: [Key: (descriptor: Int32, watch: Watch)] = [:]
    private var connections: [Int32: (watch: Watch, timer: Timer)] = [:]
    private var failures: [Key: String] = [:]

    private static let connectionLimit = 64
    private static let patience = Duration.seconds(3)

    init(_ answer: ProbeMessage, addresses: [IPAddress], source: @escaping ProbeSocket.Source) {
        self.answer = answer
        self.addresses = addresses
        self.source = source
    }

    /// Ports that could not be had, with the system's words.
    var occupied: [UInt16: String] {
        var result: [UInt16: [String]] = [:]
        for (key, message) in failures {
            result[key.port, default: []].append("\(key.type == ProbeSocket.stream ? "TCP" : "UDP"): \(message)")
        }
        return result.mapValues { Set($0).sorted().joined(separator: "; ") }
    }

    /// Listens on what it does not listen on yet.
    func listen(tcp: [UInt16], udp: [UInt16]) {
        for address in addresses {
            for (ports, type) in [(tcp, ProbeSocket.stream), (udp, ProbeSocket.datagram)] {
                for port in ports {
                    let key = Key(address: address, port: port, type: type)
                    if open[key] == nil { listen(key) }
                }
            }
        }
    }

    func close() {
        for (descriptor, watch) in open.values {
            watch.cancel()
            Glibc.close(descriptor)
        }
        open = [:]
        failures = [:]
        for descriptor in connections.keys { end(descriptor) }
    }

    private func listen(_ key: Key) {
        do throws(SystemError) {
            let descriptor = try ProbeSocket.listen(key.address, port: key.port, key.type, source)
            do throws(SystemError) {
                let watch = try LoopActor.watch(descriptor, .readable) { [weak self] _ in
                    if key.type == ProbeSocket.stream { self?.accept(descriptor) } else { self?.receive(descriptor) }
                }
                open[key] = (descriptor, watch)
                failures[key] = nil
            } catch {
                Glibc.close(descriptor)
                throw error
            }
        } catch {
            // A machine without IPv6 has nobody to answer there.
            guard error.errno != EAFNOSUPPORT, error.errno != EADDRNOTAVAIL else { return }
            failures[key] = error.errno.map { String(cString: strerror($0)) } ?? error.message
        }
    }

    private func receive(_ descriptor: Int32) {
        var buffer = [UInt8](repeating: 0, count: 9216)
        // A turn of the loop is short, whatever comes in.
        for _ in 0..<64 {
            var storage = sockaddr_storage()
            var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
            let count = withUnsafeMutablePointer(to: &storage) { pointer in
                pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { recvfrom(descriptor, &buffer, buffer.count, 0, $0, &length) }
            }
            guard count >= 0 else { return }
            guard let message = ProbeMessage(buffer.prefix(count)), message.round == answer.round else { continue }
            // As large as what came, so that the way back is measured as well.
            let reply = answer.datagram(count)
            _ = SocketAddress(storage, length).with { sendto(descriptor, reply, reply.count, 0, $0, $1) }
        }
    }

    private func accept(_ listener: Int32) {
        let descriptor = Glibc.accept(listener, nil, nil)
        guard descriptor >= 0 else { return }
        guard connections.count < Self.connectionLimit, clinux_set_nonblocking(descriptor) == 0,
            let watch = try? LoopActor.watch(descriptor, .readable, { [weak self] _ in self?.serve(descriptor) })
        else {
            Glibc.close(descriptor)
            return
        }
        connections[descriptor] = (watch, LoopActor.schedule(after: Self.patience) { [weak self] in self?.end(descriptor) })
    }

    private func serve(_ descriptor: Int32) {
        var buffer = [UInt8](repeating: 0, count: 256)
        let count = recv(descriptor, &buffer, buffer.count, 0)
        if count < 0, errno == EAGAIN { return }
        if count > 0, let message = ProbeMessage(buffer.prefix(count)), message.round == answer.round {
            let reply = answer.datagram()
            send(descriptor, reply, reply.count, Int32(MSG_NOSIGNAL))
            // The other end closes first, so that no TIME_WAIT stays on the port here.
            return
        }
        end(descriptor)
    }

    private func end(_ descriptor: Int32) {
        guard let connection = connections.removeValue(forKey: descriptor) else { return }
        connection.watch.cancel()
        connection.timer.cancel()
        Glibc.close(descriptor)
    }
}
