import GRDB
public import SkepModel

extension SQLiteStore {
    public func operators() async throws -> [StoredOperator] {
        try await read { db in
            try Row.fetchAll(db, sql: "SELECT * FROM operators ORDER BY name").map(Self.person(row:))
        }
    }

    public func save(_ person: StoredOperator, tokenHash: String, event: Event) async throws -> [Event] {
        try await write { db in
            if person.role != Self.admin { try Self.keepAnAdmin(db, without: person.name) }
            try db.execute(
                sql: """
                    INSERT INTO operators (name, role, token_hash, created) VALUES (?, ?, ?, ?)
                    ON CONFLICT (name) DO UPDATE SET role = excluded.role, token_hash = excluded.token_hash
                    """, arguments: [person.name, person.role, tokenHash, person.created.milliseconds])
            // They were opened with the token that is no more.
            try db.execute(sql: "DELETE FROM sessions WHERE operator = ?", arguments: [person.name])
            return try Self.append(db, [event])
        }
    }

    public func removeOperator(_ name: String, event: Event) async throws -> [Event] {
        try await write { db in
            try Self.keepAnAdmin(db, without: name)
            try db.execute(sql: "DELETE FROM operators WHERE name = ?", arguments: [name])
            guard db.changesCount > 0 else { throw StoreError(.notFound, "there is no operator '\(name)'") }
            return try Self.append(db, [event])
        }
    }

    public func operatorWithToken(hash: String) async throws -> StoredOperator? {
        try await read { db in
            try Row.fetchOne(db, sql: "SELECT * FROM operators WHERE token_hash = ?", arguments: [hash]).map(Self.person(row:))
        }
    }

    public func addSession(hash: String, operator name: String, expires: Instant) async throws {
        try await write { db in
            try db.execute(
                sql: "INSERT INTO sessions (hash, operator, expires) VALUES (?, ?, ?)", arguments: [hash, name, expires.milliseconds])
        }
    }

    public func operatorWithSession(hash: String, now: Instant) async throws -> StoredOperator? {
        try await read { db in
            try Row.fetchOne(
                db, sql: "SELECT o.* FROM operators o JOIN sessions s ON s.operator = o.name WHERE s.hash = ? AND s.expires >= ?",
                arguments: [hash, now.milliseconds]
            ).map(Self.person(row:))
        }
    }

    public func removeSession(hash: String) async throws {
        try await write { db in try db.execute(sql: "DELETE FROM sessions WHERE hash = ?", arguments: [hash]) }
    }

    public func addFirstLogin(hash: String, expires: Instant) async throws {
        try await write { db in
            // Only the newest is good.
            try db.execute(sql: "DELETE FROM first_logins")
            try db.execute(sql: "INSERT INTO first_logins (hash, expires) VALUES (?, ?)", arguments: [hash, expires.milliseconds])
        }
    }

    public func useFirstLogin(hash: String, now: Instant) async throws -> Bool {
        try await write { db in
            try db.execute(sql: "DELETE FROM first_logins WHERE hash = ? AND expires >= ?", arguments: [hash, now.milliseconds])
            return db.changesCount > 0
        }
    }

    private static let admin = "admin"

    /// In the transaction of the change itself: two admins who remove each other do not both succeed.
    private static func keepAnAdmin(_ db: Database, without name: String) throws {
        let admins = try String.fetchAll(db, sql: "SELECT name FROM operators WHERE role = ?", arguments: [admin])
        if admins == [name] { throw StoreError(.lastAdmin, "\(name) is the only admin: make another one first") }
    }

    private static func person(row: Row) -> StoredOperator {
        StoredOperator(name: row["name"], role: row["role"], created: Instant(milliseconds: row["created"]))
    }
}
