import Foundation
import GRDB
public import SkepModel

extension SQLiteStore {
    public func append(_ events: [Event]) async throws -> [Event] {
        guard !events.isEmpty else { return [] }
        return try await write { db in try Self.append(db, events) }
    }

    public func events(of cluster: ClusterName?, after: Int64?, limit: Int) async throws -> [Event] {
        try await read { db in
            var conditions: [String] = []
            var arguments: StatementArguments = []
            if let cluster {
                conditions.append("cluster = ?")
                arguments += [cluster.rawValue]
            }
            if let after {
                conditions.append("id > ?")
                arguments += [after]
            }
            let filter = conditions.isEmpty ? "" : "WHERE " + conditions.joined(separator: " AND ")
            arguments += [limit]
            let rows = try Row.fetchAll(
                db, sql: "SELECT * FROM events \(filter) ORDER BY id \(after == nil ? "DESC" : "ASC") LIMIT ?", arguments: arguments)
            let events = try rows.map(Self.event(row:))
            return after == nil ? events.reversed() : events
        }
    }

    public func repairs(of cluster: ClusterName, since: Instant, limit: Int) async throws -> [Event] {
        try await read { db in
            let rows = try Row.fetchAll(
                db, sql: "SELECT * FROM events WHERE cluster = ? AND at >= ? AND repair IS NOT NULL ORDER BY at DESC, id DESC LIMIT ?",
                arguments: [cluster.rawValue, since.milliseconds, limit])
            return try rows.map(Self.event(row:)).reversed()
        }
    }

    public func generated(_ name: String, of cluster: ClusterName) async throws -> [UInt8]? {
        try await read { db in
            try Data.fetchOne(
                db, sql: "SELECT sealed FROM generated WHERE cluster = ? AND name = ?", arguments: [cluster.rawValue, name]
            ).map { Array($0) }
        }
    }

    public func saveGenerated(_ sealed: [UInt8], name: String, of cluster: ClusterName) async throws {
        try await write { db in try Self.saveGenerated(db, sealed, name, cluster) }
    }

    static func saveGenerated(_ db: Database, _ sealed: [UInt8], _ name: String, _ cluster: ClusterName) throws {
        try db.execute(
            sql: """
                INSERT INTO generated (cluster, name, sealed) VALUES (?, ?, ?)
                ON CONFLICT (cluster, name) DO UPDATE SET sealed = excluded.sealed
                """, arguments: [cluster.rawValue, name, Data(sealed)])
    }

    static func append(_ db: Database, _ events: [Event]) throws -> [Event] {
        try events.map { event in
            try db.execute(
                sql: "INSERT INTO events (cluster, node, at, kind, message, actor, seconds, repair) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                arguments: [
                    event.cluster?.rawValue, event.node?.rawValue, event.at.milliseconds, event.kind.rawValue, event.message, event.actor,
                    event.seconds, try event.repair.map { try encode($0) },
                ])
            var recorded = event
            recorded.id = db.lastInsertedRowID
            return recorded
        }
    }

    private static func event(row: Row) throws -> Event {
        let cluster: String? = row["cluster"]
        let node: String? = row["node"]
        let repair: String? = row["repair"]
        return Event(
            id: row["id"], at: Instant(milliseconds: row["at"]), cluster: try cluster.map { try name(ClusterName.self, $0) },
            node: try node.map { try name(NodeName.self, $0) }, kind: Event.Kind(rawValue: row["kind"]), message: row["message"],
            actor: row["actor"], seconds: row["seconds"], repair: try repair.map { try decode(Repair.self, $0) })
    }
}
