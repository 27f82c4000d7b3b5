/// What the host's part must still know after a restart; on disk before the change that it speaks of.
struct HostRecord: Codable, Equatable, Sendable {
    /// A daemon.json with which the engine was seen to start; nil text when there was no file.
    struct GoodConfig: Codable, Equatable, Sendable {
        var text: String?
    }

    /// How daemon.json was found and what was added to it.
    struct Engine: Codable, Equatable, Sendable {
        /// Whether `original` was looked at.
        var known = false
        /// nil when there was no file.
        var original: String?
        var added = DaemonConfig.Added()
        /// The text that was written last.
        var written: String?
        /// When a setting that the engine reads only at its start was last written, in milliseconds since 1970; nil once it was restarted by us.
        var changed: Int64?
        /// When a setting that a reload brings was written, in milliseconds since 1970; nil once it was reloaded by us.
        var unread: Int64?
        /// Nil until an engine was seen to run with a file that it read at its start.
        var good: GoodConfig?
    }

    /// How the NFS server was found.
    struct Server: Codable, Equatable, Sendable {
        var wasActive: Bool
        var wasEnabled: Bool
        /// The settings were changed and the server has not been restarted since.
        var needsRestart = false
    }

    var engine = Engine()
    var server: Server?
    /// Packages that were not there when they were first asked for.
    var packages: [String] = []
    /// Mount paths with a unit of ours.
    var mounts: [String] = []
    /// Mount points that were not there before.
    var madeFolders: [String] = []
}
