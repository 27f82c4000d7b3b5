import SkepSystem

/// The folder of a cluster file; files in it are read, and none outside of it, whatever symbolic links say.
struct ClusterFolder {
    static let fileLimit = 64 << 20

    let folder: String

    /// The folder that holds the file.
    init(of file: String) {
        let parts = file.split(separator: "/", omittingEmptySubsequences: false).dropLast()
        folder = parts.isEmpty ? "." : parts.joined(separator: "/").isEmpty ? "/" : parts.joined(separator: "/")
    }

    /// A file's bytes by its path relative to the folder; nil when it is not there or not within it.
    func read(_ path: String) -> [UInt8]? {
        let parts = path.split(separator: "/")
        guard !path.hasPrefix("/"), !parts.isEmpty, !parts.contains("..") else { return nil }
        var place = folder
        for (index, part) in parts.enumerated() {
            place += "/\(part)"
            guard let status = try? Files.status(place, followLinks: false) else { return nil }
            switch status.kind {
            case .directory where index < parts.count - 1: continue
            case .file where index == parts.count - 1: return try? Files.read(place, limit: Self.fileLimit)
            default: return nil
            }
        }
        return nil
    }
}
