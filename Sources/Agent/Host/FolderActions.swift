internal import SkepSystem

/// Folders of the machine's own disk that stacks bind.
enum FolderActions {
    /// Those of the paths where nothing is.
    static func missing(_ paths: [String], root: String) -> [String] { paths.filter { !Files.exists(root + $0) } }

    /// Makes what is not there, as Docker's own `-v` would: root's, 0755. What is there is left as it is.
    static func make(_ paths: [String], root: String) throws {
        for path in paths where !Files.exists(root + path) {
            let parts = path.split(separator: "/", omittingEmptySubsequences: false)
            guard path.hasPrefix("/"), parts.count > 1, parts.dropFirst().allSatisfy({ !$0.isEmpty && $0 != "." && $0 != ".." }) else {
                throw HostFailure("\(path) is not a plain absolute path")
            }
            try Files.makeDirectory(root + path, mode: 0o755)
        }
    }
}
