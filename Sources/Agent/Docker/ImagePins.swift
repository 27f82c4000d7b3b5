import SkepModel

/// How a deployment's images are handed over: with the digests that were just looked up, so that the Docker CLI does not ask the registry once more for
/// each service; or as they are, where the CLI's own question tells more.
struct ImagePins: Equatable {
    /// By image as the compose file names it, as it is handed over.
    var pins: [String: String]?
    /// The Docker CLI is to ask the registries: it learns the platforms of each image, or has a login that Skep has not.
    var resolves: Bool

    /// `platforms` are those of the swarm's members, `os/architecture`. Where they differ, or an image is made for others, the CLI has the swarm place its
    /// tasks by platform.
    init(_ bundle: StackBundle, _ findings: [String: ImageFinding], platforms: Set<String>) {
        var pins = bundle.pins ?? [:]
        // a bundle of before images were looked up
        guard let images = bundle.images else {
            (self.pins, resolves) = (bundle.pins, true)
            return
        }
        for image in images {
            let handed = pins[image] ?? image
            switch findings[handed] {
            case .found(let digest, let built):
                guard platforms.count == 1, let built, built.isEmpty || !platforms.isDisjoint(with: built) else {
                    (self.pins, resolves) = (bundle.pins, true)
                    return
                }
                if !handed.contains("@") { pins[image] = "\(handed)@\(digest)" }
            case .denied, .untrusted, .missing:
                (self.pins, resolves) = (bundle.pins, true)
                return
            case .local, .unreachable, nil: break
            }
        }
        // one that no registry tells of cannot be pinned by anybody
        (self.pins, resolves) = (pins.isEmpty ? nil : pins, false)
    }

    /// As images name it (github.com/opencontainers/image-spec, `config.md`), of what the kernel calls it: swarmkit, manager/scheduler/filter.go.
    static func architecture(_ name: String) -> String {
        switch name {
        case "x86_64": "amd64"
        case "aarch64": "arm64"
        case "i386", "i686": "386"
        case "armv6l", "armv7l", "armel", "armhf": "arm"
        default: name
        }
    }
}
