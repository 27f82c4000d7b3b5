import Foundation
import GRDB
import SkepModel

/// The store on SQLite: one file, write-ahead log, each commit synced to the disk but those of statuses.
public final class SQLiteStore: Store {
    let pool: DatabasePool

    /// Opens the file, makes it where there is none, and brings its schema up to date.
    public init(path: String) throws {
        var configuration = Configuration()
        configuration.foreignKeysEnabled = true
        configuration.busyMode = .timeout(10)
        configuration.maximumReaderCount = 4
        // GRDB's own, `userInitiated`, asks for a niceness below zero, which a service may not have: a line in the journal for each thread
        configuration.qos = .default
        configuration.prepareDatabase { db in
            if !db.configuration.readonly { try db.execute(sql: "PRAGMA synchronous = FULL") }
        }
        pool = try DatabasePool(path: path, configuration: configuration)
        try Schema.migrator().migrate(pool)
    }

    /// Closes the file; what is asked of the store afterwards fails.
    public func close() throws { try pool.close() }

    func read<T: Sendable>(_ body: @Sendable @escaping (Database) throws -> T) async throws -> T {
        try await mapped { try await self.pool.read(body) }
    }

    func write<T: Sendable>(_ body: @Sendable @escaping (Database) throws -> T) async throws -> T {
        try await mapped { try await self.pool.write(body) }
    }

    private func mapped<T>(_ body: () async throws -> T) async throws -> T {
        do {
            return try await body()
        } catch let error as DatabaseError where error.resultCode == .SQLITE_CONSTRAINT {
            throw StoreError(.conflict, error.message ?? "a rule of the schema is broken")
        }
    }

    static func encode(_ value: some Encodable) throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return String(decoding: try encoder.encode(value), as: UTF8.self)
    }

    static func decode<T: Decodable>(_ type: T.Type, _ text: String) throws -> T {
        do {
            return try JSONDecoder().decode(type, from: Data(text.utf8))
        } catch {
            throw StoreError(.damaged, "stored \(type) cannot be read: \(error)")
        }
    }

    /// Checks a name that was checked before it was stored.
    static func name<Name: ValidatedName>(_ type: Name.Type, _ text: String) throws -> Name {
        guard let name = Name(rawValue: text) else { throw StoreError(.damaged, "stored \(type) '\(text)' is not one") }
        return name
    }
}
