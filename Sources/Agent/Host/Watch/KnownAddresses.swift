internal import CLinux

/// Which addresses were told of: a lease or a prefix that is renewed is told again each time, and is no news.
struct KnownAddresses {
    private struct Address: Hashable {
        var link: UInt32
        var prefix: UInt32
        var bytes: [UInt8]
    }

    private var known: Set<Address> = []

    /// Whether an address came or went; the first word of one that stood before the watch began counts as well.
    mutating func isNews(_ change: clinux_address_change) -> Bool {
        let address = Address(link: change.link, prefix: change.prefix, bytes: withUnsafeBytes(of: change.address) { Array($0) })
        // told once more when it can be used
        if change.added != 0 { return change.tentative == 0 && known.insert(address).inserted }
        known.remove(address)
        return true
    }
}
