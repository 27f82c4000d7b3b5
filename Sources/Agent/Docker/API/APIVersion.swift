/// A version of Docker's API, as `1.41`.
struct APIVersion: Comparable, Sendable, CustomStringConvertible {
    let major: Int
    let minor: Int

    /// Debian 12's engine, 20.10: the oldest that Skep works with.
    static let oldest = APIVersion(major: 1, minor: 41)
    /// The newest that Skep was written against (Engine 28.4); newer engines still speak it.
    static let newest = APIVersion(major: 1, minor: 51)

    init(major: Int, minor: Int) {
        self.major = major
        self.minor = minor
    }

    init?(_ text: String) {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 2, let major = Int(parts[0]), let minor = Int(parts[1]), (1...99).contains(major), (0...9999).contains(minor)
        else { return nil }
        self.init(major: major, minor: minor)
    }

    var description: String { "\(major).\(minor)" }

    static func < (left: Self, right: Self) -> Bool { (left.major, left.minor) < (right.major, right.minor) }
}
