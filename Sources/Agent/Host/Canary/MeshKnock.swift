internal import CLinux
internal import Glibc
internal import SkepModel
internal import SkepSystem

/// Knocks at a published port as somebody outside would, on this machine.
@LoopActor enum MeshKnock {
    private static let deadline = Duration.seconds(3)

    /// The mesh gives new connections to the tasks in turn: one of several that is gone is met by one of these.
    private static let times = 3

    /// Nil when a container answered each time; else why not.
    static func failure(port: UInt16) async -> String? {
        for _ in 0..<times { if let failure = await once(port) { return failure } }
        return nil
    }

    private static func once(_ port: UInt16) async -> String? {
        do {
            let descriptor = try await LoopActor.withDeadline(deadline) { try await ProbeSocket.dial(.v4(0x7f00_0001), port: port) }
            defer { close(descriptor) }
            return isPlaceholder(descriptor)
                ? "dockerd's own placeholder answers, not the ingress mesh: its rules are not there; `systemctl restart docker` makes them again"
                : nil
        } catch {
            return words(error)
        }
    }

    /// Whether the other end is on this machine's loopback. dockerd holds each published port by a socket that accepts nobody; the mesh's rules lead to
    /// a bridge instead, whose segments are no larger than its MTU.
    static func isPlaceholder(_ descriptor: Int32) -> Bool {
        var size: Int32 = 0
        var length = socklen_t(MemoryLayout<Int32>.size)
        guard getsockopt(descriptor, Int32(IPPROTO_TCP), Int32(TCP_MAXSEG), &size, &length) == 0 else { return false }
        return size > 16_384
    }
}
