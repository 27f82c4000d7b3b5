internal import CLinux

/// What a descriptor is ready for.
public struct IOEvents: OptionSet, Sendable, Hashable {
    /// The kernel's bits of epoll(7).
    public let rawValue: UInt32

    /// Bits of epoll(7).
    public init(rawValue: UInt32) {
        self.rawValue = rawValue
    }

    /// Something can be read, a connection accepted, a child reaped.
    public static let readable = IOEvents(rawValue: 0x001)
    /// An exceptional condition; `/proc/self/mountinfo` says so when a mount changed.
    public static let priority = IOEvents(rawValue: 0x002)
    /// Something can be written.
    public static let writable = IOEvents(rawValue: 0x004)
    /// An error; reported without being asked for.
    public static let error = IOEvents(rawValue: 0x008)
    /// The other end is gone; reported without being asked for.
    public static let hangup = IOEvents(rawValue: 0x010)
}
