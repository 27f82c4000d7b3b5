import FoundationEssentials
import Glibc
import SkepSystem

/// What `skep login` keeps, in a file that only its owner reads.
struct Credentials: Codable {
    struct Entry: Codable {
        var operatorName: String
        var role: String
        var token: String
        /// PEM of the roots that were accepted at login.
        var authority: String
    }

    /// The coordinator that is meant when none is named.
    var current: String?
    /// By URL.
    var coordinators: [String: Entry] = [:]

    /// `$SKEP_CREDENTIALS`, or `$XDG_CONFIG_HOME/skep/credentials.json`, or the same under `~/.config`.
    static var path: String {
        func variable(_ name: String) -> String? { getenv(name).map { String(cString: $0) }.flatMap { $0.isEmpty ? nil : $0 } }
        if let path = variable("SKEP_CREDENTIALS") { return path }
        let folder = variable("XDG_CONFIG_HOME") ?? "\(variable("HOME") ?? "/root")/.config"
        return "\(folder)/skep/credentials.json"
    }

    static func load() throws -> Credentials {
        do {
            guard let bytes = try Files.readIfPresent(path) else { return Credentials() }
            if let status = try Files.status(path), status.mode & 0o077 != 0 {
                throw CommandFailure(.failed, "\(path) can be read by others: chmod 600 it, and log in again if they may have done so")
            }
            return try JSONDecoder().decode(Credentials.self, from: Data(bytes))
        } catch let error as SystemError {
            throw CommandFailure(.failed, "\(path): \(error.message)")
        } catch is DecodingError {
            throw CommandFailure(.failed, "\(path) is not what skep wrote: remove it and log in again")
        }
    }

    func save() throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        let bytes = Array(try encoder.encode(self))
        do {
            let folder = Self.path.split(separator: "/", omittingEmptySubsequences: false).dropLast().joined(separator: "/")
            if !folder.isEmpty, !Files.exists(folder) { try Files.makeDirectory(folder, mode: 0o700) }
            try AtomicFile.write(Self.path, bytes, mode: 0o600)
        } catch {
            throw CommandFailure(.failed, "\(Self.path): \(error)")
        }
    }

    /// The coordinator of that URL, or the current one.
    func entry(_ url: String?) throws -> (url: String, entry: Entry) {
        let wanted = try url.map(CoordinatorAddress.init)?.url ?? current
        guard let wanted, let entry = coordinators[wanted] else {
            throw CommandFailure(
                .failed, wanted.map { "nobody is logged in at \($0)" } ?? "nobody is logged in", "log in: skep login \(wanted ?? "URL")")
        }
        return (wanted, entry)
    }
}
