import SkepClusterFile
import SkepModel
import SkepYAML

/// Where data lies.
extension Examination {
    func mounts(_ service: Service) {
        for mount in service.node["volumes"]?.list ?? [] {
            switch mount.text("type") {
            case "bind": bind(mount, service)
            case "volume": volume(mount, service)
            default: continue
            }
        }
    }

    private func bind(_ mount: YAMLNode, _ service: Service) {
        let source = mount.text("source") ?? ""
        guard source.hasPrefix("/") else {
            return remarks.error(
                .bindPath, mount["source"] ?? mount,
                "the service '\(service.name)' binds '\(source)', a path beside the compose file: the nodes have no such folder",
                fix: "use a config or a secret with 'file:', or an absolute path that the nodes have, such as a share's mount")
        }
        if BindPath.isEverywhere(source) { return }
        let shares = subject.spec?.nfs?.shares ?? []
        if let share = shares.first(where: { source == $0.mount || source.hasPrefix($0.mount + "/") }) {
            guard mount.text("read_only") != "true", subject.share != share.name else { return }
            return remarks.warn(
                .bindPath, mount, "'\(service.name)' may write to the share '\(share.name)', and runs where it may be read only",
                fix: "add 'share: \(share.name)' to the stack, or ':ro' to the mount")
        }
        guard BindPath.folder(source, shares: []) != nil else {
            let words = "'\(source)' must be there on each node where '\(service.name)' may run: Docker refuses its tasks where it is not"
            let fix = "use a config or a secret with 'file:', or put it there before: Skep makes no files, and nothing in the system's folders"
            if subject.spec == nil { remarks.note(.bindPath, mount, words, fix: fix) } else { remarks.warn(.bindPath, mount, words, fix: fix) }
            return
        }
        guard !isPinned(service) else { return }
        remarks.warn(
            .bindPath, mount, "'\(source)' is made on each node where '\(service.name)' may run, and holds other data on each",
            fix: "bind a share's mount, or constrain the service to one node")
    }

    private func volume(_ mount: YAMLNode, _ service: Service) {
        guard let source = mount.text("source"), let volume = document.entries("volumes").first(where: { $0.key == source })?.value else { return }
        let options = volume["driver_opts"]
        if options?.text("type")?.hasPrefix("nfs") == true { return nfs(options?["o"] ?? volume, options?.text("o") ?? "", mount, service) }
        let isLocal = options == nil && [nil, "local"].contains(volume.text("driver")) && !volume.isExternal
        guard isLocal, mount.text("read_only") != "true", !isPinned(service) else { return }
        let words =
            "the volume '\(source)' of '\(service.name)' lies on one node's disk, and the service may be started on another, with an empty one"
        let fix = "constrain the service to one node by a label, or bind a share's mount"
        if subject.spec == nil { remarks.note(.dataStays, mount, words, fix: fix) } else { remarks.warn(.dataStays, mount, words, fix: fix) }
    }

    private func nfs(_ place: YAMLNode, _ text: String, _ mount: YAMLNode, _ service: Service) {
        let options = text.split(separator: ",").map(String.init)
        if !options.contains(where: { $0.hasPrefix("addr=") }) {
            remarks.error(.nfsOptions, place, "the NFS volume of '\(service.name)' says not where its server is", fix: "add addr=ADDRESS to 'o'")
        }
        if options.contains("ro"), mount.text("read_only") != "true" {
            remarks.warn(
                .nfsOptions, place, "the NFS volume of '\(service.name)' is mounted 'ro', and the service may want to write",
                fix: "write 'rw', or 'read_only: true' in the service")
        }
        if options.contains("soft") {
            remarks.warn(.nfsOptions, place, "an NFS volume with 'soft' loses what is written while the server is away", fix: "write 'hard'")
        }
    }

    /// Whether it can run in one place only, or in all with data for each.
    private func isPinned(_ service: Service) -> Bool {
        if service.isGlobal { return true }
        if let spec = subject.spec {
            if let candidates = candidates(service, spec) { return candidates.count <= 1 }
            return true
        }
        let constraints = (service.node["deploy"]?["placement"]?["constraints"]?.list ?? []).compactMap { PlacementConstraint($0.scalar?.text ?? "") }
        return constraints.contains { $0.isEqual && ($0.key.hasPrefix("node.labels.") || ["node.hostname", "node.id"].contains($0.key)) }
    }
}
