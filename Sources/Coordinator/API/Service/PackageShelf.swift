import CoordinatorAuthority
import Foundation

/// The agents' .debs that are handed out.
struct PackageShelf: Sendable {
    let folder: String

    /// The newest package for the architecture.
    func package(for architecture: String) -> [UInt8]? {
        guard ["amd64", "arm64"].contains(architecture), let names = try? FileManager.default.contentsOfDirectory(atPath: folder) else {
            return nil
        }
        let fitting = names.filter { $0.hasPrefix("skep-agent_") && $0.hasSuffix("_\(architecture).deb") }
        // By the time of the file: comparing Debian's versions is dpkg's work, and the folder holds one but for an upgrade.
        let newest = fitting.max { modified($0) < modified($1) }
        return newest.flatMap { try? Data(contentsOf: URL(fileURLWithPath: folder + "/" + $0)) }.map { Array($0) }
    }

    private func modified(_ name: String) -> Date {
        let attributes = try? FileManager.default.attributesOfItem(atPath: folder + "/" + name)
        return attributes?[.modificationDate] as? Date ?? .distantPast
    }
}
