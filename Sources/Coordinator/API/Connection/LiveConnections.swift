import NIOCore
import SkepModel
import Synchronization

/// The open connections of each node, so that an eviction can end them.
final class LiveConnections: Sendable {
    private let channels = Mutex<[NodeID: [ObjectIdentifier: any Channel]]>([:])

    func add(_ channel: any Channel, of node: NodeID) {
        channels.withLock { $0[node, default: [:]][ObjectIdentifier(channel)] = channel }
    }

    func remove(_ channel: any Channel, of node: NodeID) {
        channels.withLock { channels in
            channels[node]?.removeValue(forKey: ObjectIdentifier(channel))
            if channels[node]?.isEmpty == true { channels.removeValue(forKey: node) }
        }
    }

    func count(of node: NodeID) -> Int { channels.withLock { $0[node]?.count ?? 0 } }

    /// Closes them at once.
    func close(_ node: NodeID) {
        for channel in channels.withLock({ Array(($0[node] ?? [:]).values) }) { channel.close(mode: .all, promise: nil) }
    }
}
