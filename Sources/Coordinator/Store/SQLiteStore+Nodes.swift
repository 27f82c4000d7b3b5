public import CoordinatorCore
import GRDB
public import SkepModel

extension SQLiteStore {
    public func saveNode(_ node: Snapshot.Node, cluster: ClusterName, events: [Event]) async throws -> [Event] {
        try await write { db in
            try Self.save(db, node, cluster)
            return try Self.append(db, events)
        }
    }

    public func saveStatuses(_ statuses: [StoredStatus]) async throws {
        let rows = try statuses.map { ($0.node.rawValue, $0.seen.milliseconds, try Self.encode($0.status)) }
        guard !rows.isEmpty else { return }
        try await pool.writeWithoutTransaction { db in
            try db.execute(sql: "PRAGMA synchronous = NORMAL")
            defer { try? db.execute(sql: "PRAGMA synchronous = FULL") }
            try db.inTransaction {
                for (node, seen, status) in rows {
                    let statement = try db.cachedStatement(
                        sql: """
                            INSERT INTO statuses (node, seen, status) VALUES (?, ?, ?)
                            ON CONFLICT (node) DO UPDATE SET seen = excluded.seen, status = excluded.status
                            """)
                    try statement.execute(arguments: [node, seen, status])
                }
                return .commit
            }
        }
    }

    public func recordEvents(
        _ events: [NodeEvent], of node: NodeID, named: NodeName, cluster: ClusterName
    ) async throws -> (Int, [Event]) {
        try await write { db in
            let known = try Int.fetchOne(db, sql: "SELECT number FROM sequences WHERE node = ?", arguments: [node.rawValue]) ?? 0
            let fresh = events.filter { $0.sequence > known }.sorted { $0.sequence < $1.sequence }
            guard let last = fresh.last else { return (known, []) }
            try db.execute(
                sql: "INSERT INTO sequences (node, number) VALUES (?, ?) ON CONFLICT (node) DO UPDATE SET number = excluded.number",
                arguments: [node.rawValue, last.sequence])
            let recorded = try Self.append(
                db,
                fresh.map {
                    Event(at: $0.at, cluster: cluster, node: named, kind: $0.kind, message: $0.message, seconds: $0.seconds, repair: $0.repair)
                })
            return (last.sequence, recorded)
        }
    }

    public func enrol(
        _ node: Snapshot.Node, cluster: ClusterName, invitation: Invitation, certificate: NodeCertificate?, revokeOthers: Bool,
        events: [Event]
    ) async throws -> [Event] {
        try await write { db in
            try db.execute(
                sql: """
                    UPDATE invitations SET used_at = coalesce(used_at, ?), used_key = ?
                    WHERE hash = ? AND (used_key IS NULL OR used_key = ?)
                    """,
                arguments: [invitation.usedAt?.milliseconds, invitation.usedKey, invitation.hash, invitation.usedKey])
            guard db.changesCount == 1 else { throw StoreError(.conflict, "the invitation was used in the meantime") }
            try Self.save(db, node, cluster)
            if revokeOthers {
                try db.execute(sql: "UPDATE certificates SET revoked = 1 WHERE node = ?", arguments: [node.id.rawValue])
                // A reinstalled agent counts its events from the beginning.
                try db.execute(sql: "DELETE FROM sequences WHERE node = ?", arguments: [node.id.rawValue])
            }
            if let certificate { try Self.insert(db, certificate) }
            return try Self.append(db, events)
        }
    }

    static func save(_ db: Database, _ node: Snapshot.Node, _ cluster: ClusterName) throws {
        try db.execute(
            sql: """
                INSERT INTO nodes (id, cluster, name, machine_id, certificate, key, enrolment, approved, evicted)
                VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
                ON CONFLICT (id) DO UPDATE SET name = excluded.name, machine_id = excluded.machine_id,
                    certificate = excluded.certificate, key = excluded.key, enrolment = excluded.enrolment,
                    approved = excluded.approved, evicted = excluded.evicted
                """,
            arguments: [
                node.id.rawValue, cluster.rawValue, node.name.rawValue, node.machineID, node.certificate, node.key, node.enrolment,
                node.approved ? 1 : 0, node.evicted ? 1 : 0,
            ])
    }

    static func nodes(_ db: Database, _ cluster: ClusterName) throws -> [Snapshot.Node] {
        try Row.fetchAll(
            db, sql: "SELECT n.*, s.seen, s.status FROM nodes n LEFT JOIN statuses s ON s.node = n.id WHERE n.cluster = ? ORDER BY n.id",
            arguments: [cluster.rawValue]
        ).map { row in
            let seen: Int64? = row["seen"]
            let status: String? = row["status"]
            return Snapshot.Node(
                id: try name(NodeID.self, row["id"]), name: try name(NodeName.self, row["name"]), machineID: row["machine_id"],
                certificate: row["certificate"], key: row["key"], enrolment: row["enrolment"], approved: row["approved"],
                evicted: row["evicted"], seen: seen.map(Instant.init(milliseconds:)),
                status: try status.map { try decode(NodeStatus.self, $0) })
        }
    }
}
