/// The files of a stack, by path relative to the cluster file; none outside of the stack's folder.
final class StackFiles {
    /// The folder of the compose file; empty beside the cluster file.
    let folder: String
    private let source: (String) -> [UInt8]?
    /// Every file that was found, by path relative to the cluster file.
    private(set) var used: [String] = []

    init(composePath: String, source: @escaping (String) -> [UInt8]?) {
        folder = composePath.split(separator: "/", omittingEmptySubsequences: false).dropLast().joined(separator: "/")
        self.source = source
    }

    /// The path within the folder without needless parts; nil when it leads out of it.
    static func inside(_ path: String) -> String? {
        guard !path.hasPrefix("/"), !path.hasPrefix("~"), path.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7f && $0 != 0x5c }) else { return nil }
        let parts = path.split(separator: "/").filter { $0 != "." }
        guard !parts.isEmpty, !parts.contains("..") else { return nil }
        return parts.joined(separator: "/")
    }

    /// A path within the folder as it is shown to the operator.
    func shown(_ path: String) -> String { folder.isEmpty ? path : "\(folder)/\(path)" }

    /// A compose file's bytes by its path as it was given: one that is put over another may lie elsewhere.
    func compose(_ path: String) -> [UInt8]? {
        guard let bytes = source(path) else { return nil }
        if !used.contains(path) { used.append(path) }
        return bytes
    }

    /// A file's bytes by its path within the folder.
    func read(_ path: String) -> [UInt8]? {
        let full = shown(path)
        guard let bytes = source(full) else { return nil }
        if !used.contains(full) { used.append(full) }
        return bytes
    }
}
