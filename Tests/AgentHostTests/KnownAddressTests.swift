import CLinux
import Testing

@testable import AgentHost

@Suite struct KnownAddressTests {
    private func change(_ last: UInt8, added: Bool = true, tentative: Bool = false) -> clinux_address_change {
        var change = clinux_address_change()
        change.added = added ? 1 : 0
        change.tentative = tentative ? 1 : 0
        change.link = 2
        change.prefix = 24
        change.address.0 = last
        return change
    }

    @Test func aRenewedLeaseIsNoNews() {
        var known = KnownAddresses()
        #expect(known.isNews(change(1)) == true)
        #expect(known.isNews(change(1)) == false)
        #expect(known.isNews(change(2)) == true)
        #expect(known.isNews(change(1, added: false)) == true)
        #expect(known.isNews(change(1)) == true)
    }

    @Test func oneThatCannotBeUsedYetIsNewsOnceItCan() {
        var known = KnownAddresses()
        #expect(known.isNews(change(1, tentative: true)) == false)
        #expect(known.isNews(change(1)) == true)
    }
}
