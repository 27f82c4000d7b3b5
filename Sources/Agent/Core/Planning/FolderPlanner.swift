import SkepModel

/// Plans the folders of the machine's own disk that stacks bind. They are made where they are not there, and never changed or removed.
struct FolderPlanner {
    let context: PlanningContext

    func plan() -> Part {
        guard let wanted = context.spec.folders, !wanted.isEmpty else { return .nothing }
        switch context.observation.missingFolders {
        case .failed(let error): return context.blind(.folders, "the folders that stacks bind", error)
        case .seen(let missing):
            let missing = missing.filter(wanted.contains)
            guard !missing.isEmpty else {
                return Part(condition: context.condition(.folders, .true, "There", wanted.joined(separator: ", ")))
            }
            return context.pending(
                .folders, [.makeFolders(missing)], reason: "Making", doing: "making \(missing.joined(separator: ", "))",
                cause: Cause(.folderGone, "a folder that a stack binds was gone"))
        }
    }
}
