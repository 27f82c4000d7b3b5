/// A reference to an image: `[REGISTRY/]REPOSITORY[:TAG][@DIGEST]` (distribution/reference).
struct ImageName: Equatable {
    /// `docker.io` where none is written.
    var registry: String
    /// Such as `library/redis` or `minio/minio`.
    var repository: String
    var tag: String?
    var digest: String?

    init?(_ text: String) {
        guard !text.isEmpty, text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7f }) else { return nil }
        let halves = text.split(separator: "@", maxSplits: 1, omittingEmptySubsequences: false)
        digest = halves.count == 2 ? String(halves[1]) : nil
        if let digest, !digest.hasPrefix("sha256:") || digest.utf8.count != 71 { return nil }
        var path = halves[0].split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        guard path.allSatisfy({ !$0.isEmpty }), var last = path.popLast() else { return nil }
        if let colon = last.firstIndex(of: ":") {
            tag = String(last[last.index(after: colon)...])
            last = String(last[..<colon])
            guard let tag, !tag.isEmpty, tag.utf8.count <= 128, !tag.contains(":"), !last.isEmpty else { return nil }
        }
        if let first = path.first, first.contains(".") || first.contains(":") || first == "localhost" {
            registry = first == "index.docker.io" || first == "registry-1.docker.io" ? "docker.io" : first
            path.removeFirst()
        } else {
            registry = "docker.io"
            if path.isEmpty { path = ["library"] }
        }
        repository = (path + [last]).joined(separator: "/")
        // as distribution/reference has it: lower case, and separators between words only
        guard repository.utf8.allSatisfy({ (0x61...0x7a).contains($0) || (0x30...0x39).contains($0) || [0x2d, 0x2e, 0x2f, 0x5f].contains($0) }) else {
            return nil
        }
    }

    /// Whether it is this repository of Docker Hub, official ones by their short name.
    func isHub(_ names: String...) -> Bool {
        registry == "docker.io" && names.contains { $0.contains("/") ? repository == $0 : repository == "library/\($0)" }
    }

    /// The last part of the repository's name.
    var base: String { repository.split(separator: "/").last.map(String.init) ?? repository }

    /// The numbers at the beginning of the tag, such as 3, 6, 1 of `v3.6.1-alpine`; nil when it begins with none.
    var version: [Int]? {
        guard var text = tag?[...] else { return nil }
        if text.first == "v" { text = text.dropFirst() }
        let numbers = text.prefix { $0.isASCII && ($0.isNumber || $0 == ".") }.split(separator: ".").map { Int($0) ?? 0 }
        return numbers.isEmpty ? nil : numbers
    }
}
