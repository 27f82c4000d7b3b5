internal import AgentCore
internal import SkepSystem

/// Folders of the machine's own disks that stacks bind.
@LoopActor struct FolderActions {
    let layout: HostLayout

    /// What is there. Nothing of a network's file system is looked into: a look may hang for as long as its server is away.
    func look(_ paths: [String]) throws -> [String: Observation.BoundFolder] {
        guard !paths.isEmpty else { return [:] }
        let table = try MountObserver.table(layout)
        return Dictionary(
            uniqueKeysWithValues: Set(paths).map { path in
                let mount = table.containing(path)
                let exists = mount?.isRemote == true || Files.exists(layout.root + path)
                return (path, Observation.BoundFolder(exists: exists, mount: mount?.path ?? "/"))
            })
    }

    /// Makes what is not there, as Docker's own `-v` would: root's, 0755. What is there is left as it is.
    func make(_ paths: [String]) throws {
        let table = try MountObserver.table(layout)
        for path in paths where table.containing(path)?.isRemote != true && !Files.exists(layout.root + path) {
            let parts = path.split(separator: "/", omittingEmptySubsequences: false)
            guard path.hasPrefix("/"), parts.count > 1, parts.dropFirst().allSatisfy({ !$0.isEmpty && $0 != "." && $0 != ".." }) else {
                throw HostFailure("\(path) is not a plain absolute path")
            }
            try Files.makeDirectory(layout.root + path, mode: 0o755)
        }
    }
}
