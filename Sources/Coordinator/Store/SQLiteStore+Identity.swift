import GRDB
public import SkepModel

extension SQLiteStore {
    public func add(_ invitation: Invitation, event: Event) async throws -> [Event] {
        try await write { db in
            try db.execute(
                sql: "INSERT INTO invitations (hash, cluster, name, expires, actor) VALUES (?, ?, ?, ?, ?)",
                arguments: [
                    invitation.hash, invitation.cluster.rawValue, invitation.name?.rawValue, invitation.expires.milliseconds,
                    invitation.actor,
                ])
            return try Self.append(db, [event])
        }
    }

    public func invitation(hash: String) async throws -> Invitation? {
        try await read { db in
            guard let row = try Row.fetchOne(db, sql: "SELECT * FROM invitations WHERE hash = ?", arguments: [hash]) else { return nil }
            let name: String? = row["name"]
            let usedAt: Int64? = row["used_at"]
            return Invitation(
                hash: row["hash"], cluster: try Self.name(ClusterName.self, row["cluster"]),
                name: try name.map { try Self.name(NodeName.self, $0) }, expires: Instant(milliseconds: row["expires"]),
                actor: row["actor"], usedAt: usedAt.map(Instant.init(milliseconds:)), usedKey: row["used_key"])
        }
    }

    public func add(_ certificate: NodeCertificate) async throws {
        try await write { db in
            try Self.insert(db, certificate)
            // Answers that were lost on the way leave certificates that nobody has: a few are kept, one of them may still come in.
            try db.execute(
                sql: """
                    DELETE FROM certificates WHERE node = ?1 AND used IS NULL AND serial NOT IN (
                        SELECT serial FROM certificates WHERE node = ?1 AND used IS NULL ORDER BY issued DESC, rowid DESC LIMIT 8)
                    """, arguments: [certificate.node.rawValue])
        }
    }

    public func certificate(serial: String) async throws -> NodeCertificate? {
        try await read { db in
            guard let row = try Row.fetchOne(db, sql: "SELECT * FROM certificates WHERE serial = ?", arguments: [serial]) else {
                return nil
            }
            let used: Int64? = row["used"]
            return NodeCertificate(
                serial: row["serial"], node: try Self.name(NodeID.self, row["node"]), key: row["key"], pem: row["pem"],
                issued: Instant(milliseconds: row["issued"]), notAfter: Instant(milliseconds: row["not_after"]),
                used: used.map(Instant.init(milliseconds:)), revoked: row["revoked"])
        }
    }

    public func markUsed(serial: String, at: Instant) async throws {
        try await write { db in
            try db.execute(
                sql: "UPDATE certificates SET used = coalesce(used, ?) WHERE serial = ?", arguments: [at.milliseconds, serial])
            try db.execute(
                sql: """
                    UPDATE certificates SET revoked = 1 WHERE serial <> ?1 AND EXISTS (
                        SELECT 1 FROM certificates c WHERE c.serial = ?1 AND c.node = certificates.node AND c.issued >= certificates.issued)
                    """, arguments: [serial])
        }
    }

    public func revokeCertificates(of node: NodeID) async throws {
        try await write { db in
            try db.execute(sql: "UPDATE certificates SET revoked = 1 WHERE node = ?", arguments: [node.rawValue])
        }
    }

    public func prune(certificatesBefore: Instant, now: Instant) async throws {
        try await write { db in
            // By then the time for a late renewal is over as well.
            try db.execute(sql: "DELETE FROM certificates WHERE not_after < ?", arguments: [certificatesBefore.milliseconds])
            try db.execute(sql: "DELETE FROM sessions WHERE expires < ?", arguments: [now.milliseconds])
            try db.execute(sql: "DELETE FROM first_logins WHERE expires < ?", arguments: [now.milliseconds])
        }
    }

    static func insert(_ db: Database, _ certificate: NodeCertificate) throws {
        try db.execute(
            sql: "INSERT INTO certificates (serial, node, key, pem, issued, not_after) VALUES (?, ?, ?, ?, ?, ?)",
            arguments: [
                certificate.serial, certificate.node.rawValue, certificate.key, certificate.pem, certificate.issued.milliseconds,
                certificate.notAfter.milliseconds,
            ])
    }
}
