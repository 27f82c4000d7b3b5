import GRDB

/// The schema's history; a migration once released is never edited.
enum Schema {
    static func migrator() -> DatabaseMigrator {
        var migrator = DatabaseMigrator()
        migrator.registerMigration("1 first") { db in try db.execute(sql: first) }
        // Nonces of late renewals are kept nowhere: one row for a node let whoever knew its id take its nonce away.
        migrator.registerMigration("2 no challenges") { db in try db.execute(sql: "DROP TABLE challenges") }
        migrator.registerMigration("3 repairs") { db in try db.execute(sql: repairs) }
        return migrator
    }

    /// What was found and done, of events that are repairs.
    private static let repairs = """
        ALTER TABLE events ADD COLUMN repair TEXT CHECK (repair IS NULL OR json_valid(repair));
        CREATE INDEX events_repairs ON events (cluster, at) WHERE repair IS NOT NULL;
        """

    private static let first = """
        CREATE TABLE clusters (
            name TEXT NOT NULL PRIMARY KEY CHECK (length(name) > 0),
            current INTEGER NOT NULL CHECK (current > 0),
            record TEXT NOT NULL CHECK (json_valid(record))
        ) STRICT;
        CREATE TABLE generations (
            cluster TEXT NOT NULL REFERENCES clusters (name),
            number INTEGER NOT NULL CHECK (number > 0),
            spec TEXT NOT NULL CHECK (json_valid(spec)),
            file_name TEXT NOT NULL,
            file TEXT NOT NULL,
            sealed_files BLOB NOT NULL,
            actor TEXT NOT NULL,
            at INTEGER NOT NULL,
            PRIMARY KEY (cluster, number)
        ) STRICT;
        CREATE TABLE leases (
            cluster TEXT NOT NULL PRIMARY KEY REFERENCES clusters (name),
            holder TEXT NOT NULL,
            until INTEGER NOT NULL
        ) STRICT;
        CREATE TABLE nodes (
            id TEXT NOT NULL PRIMARY KEY CHECK (length(id) = 16),
            cluster TEXT NOT NULL REFERENCES clusters (name),
            name TEXT NOT NULL CHECK (length(name) > 0),
            machine_id TEXT NOT NULL,
            certificate TEXT NOT NULL,
            key TEXT NOT NULL,
            enrolment INTEGER NOT NULL CHECK (enrolment > 0),
            approved INTEGER NOT NULL CHECK (approved IN (0, 1)),
            evicted INTEGER NOT NULL CHECK (evicted IN (0, 1)),
            UNIQUE (cluster, machine_id)
        ) STRICT;
        CREATE UNIQUE INDEX nodes_name ON nodes (cluster, name) WHERE evicted = 0;
        CREATE TABLE revisions (
            node TEXT NOT NULL PRIMARY KEY REFERENCES nodes (id),
            number INTEGER NOT NULL CHECK (number > 0),
            digest TEXT NOT NULL
        ) STRICT;
        CREATE TABLE statuses (
            node TEXT NOT NULL PRIMARY KEY REFERENCES nodes (id),
            seen INTEGER NOT NULL,
            status TEXT NOT NULL CHECK (json_valid(status))
        ) STRICT;
        CREATE TABLE sequences (
            node TEXT NOT NULL PRIMARY KEY REFERENCES nodes (id),
            number INTEGER NOT NULL
        ) STRICT;
        CREATE TABLE operations (
            cluster TEXT NOT NULL REFERENCES clusters (name),
            id TEXT NOT NULL,
            started INTEGER NOT NULL,
            open INTEGER NOT NULL CHECK (open IN (0, 1)),
            operation TEXT NOT NULL CHECK (json_valid(operation)),
            PRIMARY KEY (cluster, id)
        ) STRICT;
        CREATE UNIQUE INDEX operations_open ON operations (cluster) WHERE open = 1;
        CREATE TABLE events (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            cluster TEXT,
            node TEXT,
            at INTEGER NOT NULL,
            kind TEXT NOT NULL,
            message TEXT NOT NULL,
            actor TEXT,
            seconds REAL
        ) STRICT;
        CREATE INDEX events_cluster ON events (cluster, id);
        CREATE TABLE invitations (
            hash TEXT NOT NULL PRIMARY KEY CHECK (length(hash) = 64),
            cluster TEXT NOT NULL REFERENCES clusters (name),
            name TEXT,
            expires INTEGER NOT NULL,
            actor TEXT NOT NULL,
            used_at INTEGER,
            used_key TEXT,
            CHECK ((used_at IS NULL) = (used_key IS NULL))
        ) STRICT;
        CREATE TABLE certificates (
            serial TEXT NOT NULL PRIMARY KEY,
            node TEXT NOT NULL REFERENCES nodes (id),
            key TEXT NOT NULL,
            pem TEXT NOT NULL,
            issued INTEGER NOT NULL,
            not_after INTEGER NOT NULL,
            used INTEGER,
            revoked INTEGER NOT NULL DEFAULT 0 CHECK (revoked IN (0, 1))
        ) STRICT;
        CREATE INDEX certificates_node ON certificates (node);
        CREATE TABLE challenges (
            node TEXT NOT NULL PRIMARY KEY REFERENCES nodes (id),
            hash TEXT NOT NULL,
            expires INTEGER NOT NULL
        ) STRICT;
        CREATE TABLE operators (
            name TEXT NOT NULL PRIMARY KEY CHECK (length(name) > 0),
            role TEXT NOT NULL CHECK (role IN ('viewer', 'operator', 'admin')),
            token_hash TEXT NOT NULL UNIQUE CHECK (length(token_hash) = 64),
            created INTEGER NOT NULL
        ) STRICT;
        CREATE TABLE sessions (
            hash TEXT NOT NULL PRIMARY KEY CHECK (length(hash) = 64),
            operator TEXT NOT NULL REFERENCES operators (name) ON DELETE CASCADE,
            expires INTEGER NOT NULL
        ) STRICT;
        CREATE TABLE first_logins (
            hash TEXT NOT NULL PRIMARY KEY CHECK (length(hash) = 64),
            expires INTEGER NOT NULL
        ) STRICT;
        CREATE TABLE generated (
            cluster TEXT NOT NULL REFERENCES clusters (name),
            name TEXT NOT NULL,
            sealed BLOB NOT NULL,
            PRIMARY KEY (cluster, name)
        ) STRICT;
        """
}
