public import CoordinatorCore
import Foundation
import GRDB
public import SkepModel

extension SQLiteStore {
    /// Ended operations that are still shown.
    static let shownOperations = 20

    public func clusterNames() async throws -> [ClusterName] {
        try await read { db in
            try String.fetchAll(db, sql: "SELECT name FROM clusters ORDER BY name").map { try Self.name(ClusterName.self, $0) }
        }
    }

    public func cluster(_ name: ClusterName) async throws -> StoredCluster? {
        try await read { db in
            guard let row = try Row.fetchOne(db, sql: "SELECT current, record FROM clusters WHERE name = ?", arguments: [name.rawValue])
            else { return nil }
            guard let generation = try Self.generation(db, row["current"], name) else {
                throw StoreError(.damaged, "the current generation of \(name) is not stored")
            }
            var revisions: [NodeID: SpecRevision] = [:]
            for row in try Row.fetchAll(
                db, sql: "SELECT r.* FROM revisions r JOIN nodes n ON n.id = r.node WHERE n.cluster = ?", arguments: [name.rawValue])
            {
                revisions[try Self.name(NodeID.self, row["node"])] = SpecRevision(number: row["number"], digest: row["digest"])
            }
            var sequences: [NodeID: Int] = [:]
            for row in try Row.fetchAll(
                db, sql: "SELECT s.* FROM sequences s JOIN nodes n ON n.id = s.node WHERE n.cluster = ?", arguments: [name.rawValue])
            {
                sequences[try Self.name(NodeID.self, row["node"])] = row["number"]
            }
            let operations = try String.fetchAll(
                db,
                sql: "SELECT operation FROM operations WHERE cluster = ? ORDER BY open DESC, started DESC, id DESC LIMIT ?",
                arguments: [name.rawValue, Self.shownOperations]
            ).map { try Self.decode(Operation.self, $0) }
            return StoredCluster(
                name: name, generation: generation, record: try Self.decode(ClusterRecord.self, row["record"]),
                nodes: try Self.nodes(db, name), operations: operations.sorted { ($0.started, $0.id) < ($1.started, $1.id) },
                revisions: revisions, sequences: sequences)
        }
    }

    public func accept(
        _ generation: StoredGeneration, record: ClusterRecord?, generated: [String: [UInt8]], events: [Event]
    ) async throws -> [Event] {
        let name = generation.spec.name.rawValue
        let spec = try Self.encode(generation.spec)
        let recordText = try record.map(Self.encode)
        let first = try Self.encode(ClusterRecord())
        return try await write { db in
            try db.execute(
                sql: """
                    INSERT INTO clusters (name, current, record) VALUES (?, ?, ?)
                    ON CONFLICT (name) DO UPDATE SET current = excluded.current, record = coalesce(?, record)
                    """, arguments: [name, generation.number.number, recordText ?? first, recordText])
            try db.execute(
                sql: """
                    INSERT INTO generations (cluster, number, spec, file_name, file, sealed_files, actor, at)
                    VALUES (?, ?, ?, ?, ?, ?, ?, ?)
                    """,
                arguments: [
                    name, generation.number.number, spec, generation.fileName, generation.file, Data(generation.sealedFiles),
                    generation.actor, generation.at.milliseconds,
                ])
            for (value, sealed) in generated { try Self.saveGenerated(db, sealed, value, generation.spec.name) }
            return try Self.append(db, events)
        }
    }

    public func commit(_ change: ClusterChange) async throws -> [Event] {
        let record = try change.record.map(Self.encode)
        let operations = try change.operations.map { ($0, try Self.encode($0)) }
        return try await write { db in
            let holder = try String.fetchOne(
                db, sql: "SELECT holder FROM leases WHERE cluster = ?", arguments: [change.cluster.rawValue])
            guard holder == change.holder else {
                throw StoreError(.leaseLost, "another coordinator looks after \(change.cluster)")
            }
            if let record {
                try db.execute(sql: "UPDATE clusters SET record = ? WHERE name = ?", arguments: [record, change.cluster.rawValue])
            }
            // Those that end go first: only one may be open.
            for (operation, text) in operations.sorted(by: { !$0.0.isOpen && $1.0.isOpen }) {
                try db.execute(
                    sql: """
                        INSERT INTO operations (cluster, id, started, open, operation) VALUES (?, ?, ?, ?, ?)
                        ON CONFLICT (cluster, id) DO UPDATE SET open = excluded.open, operation = excluded.operation
                        """,
                    arguments: [
                        change.cluster.rawValue, operation.id, operation.started.milliseconds, operation.isOpen ? 1 : 0, text,
                    ])
            }
            return try Self.append(db, change.events)
        }
    }

    public func generations(of cluster: ClusterName) async throws -> [StoredGeneration] {
        try await read { db in
            try Row.fetchAll(
                db,
                sql: "SELECT number, spec, file_name, file, x'' AS sealed_files, actor, at FROM generations WHERE cluster = ? ORDER BY number DESC",
                arguments: [cluster.rawValue]
            ).map(Self.generation(row:))
        }
    }

    public func generation(_ number: Generation, of cluster: ClusterName) async throws -> StoredGeneration? {
        try await read { db in try Self.generation(db, number.number, cluster) }
    }

    public func takeLease(_ cluster: ClusterName, holder: String, now: Instant, until: Instant) async throws -> Bool {
        try await write { db in
            try db.execute(
                sql: """
                    INSERT INTO leases (cluster, holder, until) VALUES (?, ?, ?)
                    ON CONFLICT (cluster) DO UPDATE SET holder = excluded.holder, until = excluded.until
                    WHERE holder = excluded.holder OR until <= ?
                    """, arguments: [cluster.rawValue, holder, until.milliseconds, now.milliseconds])
            return db.changesCount > 0
        }
    }

    public func saveRevisions(_ revisions: [NodeID: SpecRevision]) async throws {
        try await write { db in
            for (node, revision) in revisions {
                try db.execute(
                    sql: """
                        INSERT INTO revisions (node, number, digest) VALUES (?, ?, ?)
                        ON CONFLICT (node) DO UPDATE SET number = max(number, excluded.number), digest = excluded.digest
                        """, arguments: [node.rawValue, revision.number, revision.digest])
            }
        }
    }

    private static func generation(_ db: Database, _ number: Int, _ cluster: ClusterName) throws -> StoredGeneration? {
        try Row.fetchOne(
            db, sql: "SELECT * FROM generations WHERE cluster = ? AND number = ?", arguments: [cluster.rawValue, number]
        ).map(generation(row:))
    }

    private static func generation(row: Row) throws -> StoredGeneration {
        let sealed: Data = row["sealed_files"]
        return StoredGeneration(
            number: Generation(row["number"]), spec: try decode(ClusterSpec.self, row["spec"]), fileName: row["file_name"],
            file: row["file"], sealedFiles: Array(sealed), actor: row["actor"], at: Instant(milliseconds: row["at"]))
    }
}
