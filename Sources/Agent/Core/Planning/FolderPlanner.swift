import SkepModel

/// Plans the folders of the machine's own disks that stacks bind. They are made where they are not there, and never changed or removed.
struct FolderPlanner {
    let context: PlanningContext
    /// Where the file system of each was mounted when it was there.
    let mounts: [String: String]

    func plan() -> Part {
        guard let wanted = context.spec.folders, !wanted.isEmpty else { return .nothing }
        switch context.observation.boundFolders {
        case .failed(let error): return context.blind(.folders, "the folders that stacks bind", error)
        case .seen(let seen):
            let away = wanted.compactMap { path in
                seen[path].flatMap { BoundFolders.missingMount(path, $0, mounts[path]) }.map { (path: path, mount: $0) }
            }
            let missing = wanted.filter { path in seen[path]?.exists == false && !away.contains { $0.path == path } }
            guard missing.isEmpty else {
                return context.pending(
                    .folders, [.makeFolders(missing)], reason: "Making", doing: "making \(missing.joined(separator: ", "))",
                    cause: Cause(.boundFolderGone, "a folder that a stack binds was gone"))
            }
            guard away.isEmpty else {
                let words = away.map { "\($0.path) is on what was mounted at \($0.mount), and is not now" }.joined(separator: "; ")
                return Part(
                    condition: context.condition(
                        .folders, .false, "NotMounted",
                        "\(words): mount it; where its disk is gone for good, `mkdir -p` the folder here, or have no stack bind it"))
            }
            // those of a spec that came after the look are told by the next
            guard wanted.allSatisfy({ seen[$0] != nil }) else {
                return Part(condition: context.condition(.folders, .unknown, "NotSeen", "the folders that stacks bind were not looked at yet"))
            }
            return Part(condition: context.condition(.folders, .true, "There", wanted.joined(separator: ", ")))
        }
    }
}

/// Which folders are there, and on the disk that they belong on.
enum BoundFolders {
    /// The mount point on which the folder was, and nothing is mounted now; nil where that is not so.
    ///
    /// A folder that somebody made in its place since counts as there, unless it is the mount point itself, which stays when its disk goes.
    static func missingMount(_ path: String, _ seen: Observation.BoundFolder, _ remembered: String?) -> String? {
        guard let remembered, remembered.utf8.count > seen.mount.utf8.count else { return nil }
        return !seen.exists || remembered == path ? remembered : nil
    }

    static func isThere(_ path: String, _ seen: Observation.BoundFolder, _ remembered: String?) -> Bool {
        seen.exists && missingMount(path, seen, remembered) == nil
    }

    /// What is remembered after a look: of folders that are there and still wanted.
    static func learn(_ remembered: [String: String]?, _ seen: [String: Observation.BoundFolder], wanted: [String]?) -> [String: String]? {
        guard let wanted else { return nil }
        var mounts = (remembered ?? [:]).filter { wanted.contains($0.key) }
        for (path, folder) in seen where wanted.contains(path) && isThere(path, folder, mounts[path]) { mounts[path] = folder.mount }
        return mounts
    }
}
