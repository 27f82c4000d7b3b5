import SkepModel
import Testing

@Suite struct AddressTests {
    @Test(arguments: [
        ("10.77.0.11", "10.77.0.11"), ("::", "::"), ("::1", "::1"), ("fd77:0:0:0:0:0:0:11", "fd77::11"), ("2001:DB8::1", "2001:db8::1"),
        ("::ffff:192.0.2.1", "::ffff:c000:201"), ("2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"), ("1:0:0:2:0:0:0:3", "1:0:0:2::3"),
    ])
    func readsAndWritesAsRFC5952(text: String, canonical: String) {
        #expect(IPAddress(text)?.description == canonical)
    }

    @Test(arguments: [
        "", "10.0.0", "10.0.0.256", "010.0.0.1", "1.2.3.4.5", "fe80::1%eth0", ":::", "1:2:3:4:5:6:7:8:9", "1::2::3", "12345::", "::1.2.3", "+1::",
    ])
    func refusesWhatIsNone(text: String) {
        #expect(IPAddress(text) == nil)
    }

    @Test func rangesContainAndOverlap() throws {
        let ten = try #require(CIDR("10.0.0.0/8"))
        #expect(ten.contains(try #require(IPAddress("10.255.0.1"))))
        #expect(!ten.contains(try #require(IPAddress("11.0.0.1"))))
        #expect(!ten.contains(try #require(IPAddress("fd00::1"))))
        #expect(ten.overlaps(try #require(CIDR("10.77.0.0/24"))))
        #expect(try #require(CIDR("10.77.0.0/24")).overlaps(ten))
        #expect(try #require(CIDR("0.0.0.0/0")).overlaps(ten))
        #expect(try #require(CIDR("fd77::/64")).contains(try #require(IPAddress("fd77::ffff:1"))))
        #expect(!(try #require(CIDR("fd77::/64")).contains(try #require(IPAddress("fd77:0:0:1::1")))))
    }

    @Test(arguments: ["10.0.0.1/8", "10.0.0.0/33", "fd00::1/64", "10.0.0.0/", "10.0.0.0/-1", "x/8"])
    func refusesRangesWithHostBitsOrNone(text: String) {
        #expect(CIDR(text) == nil)
    }

    @Test func mergesNestedRanges() {
        let ranges = ["10.77.0.0/24", "10.0.0.0/8", "192.0.2.1/32", "192.0.2.1/32"].compactMap { CIDR($0) }
        #expect(CIDR.merged(ranges).map(\.description) == ["10.0.0.0/8", "192.0.2.1/32"])
    }

    @Test func namesRefuseWhatDockerAndHostsRefuse() {
        #expect(NodeName(rawValue: "n1") != nil)
        for bad in ["", "-a", "a-", "A", "a_b", "a.b", String(repeating: "a", count: 64)] { #expect(NodeName(rawValue: bad) == nil) }
        #expect(NetworkName(rawValue: "traefik-public") != nil)
        for good in ["a", "A1", "a--b", "a_-b", String(repeating: "a", count: 63)] { #expect(NetworkName(rawValue: good) != nil, "\(good)") }
        for bad in ["", "a.b", "net-", "net_", "-net", "_net", "a b", "é", String(repeating: "a", count: 64)] {
            #expect(NetworkName(rawValue: bad) == nil && ServiceName(rawValue: bad) == nil, "\(bad)")
        }
        for reserved in ["bridge", "container", "default", "docker_gwbridge", "host", "ingress", "none"] {
            #expect(NetworkName(rawValue: reserved) == nil && ServiceName(rawValue: reserved) != nil, "\(reserved)")
        }
        #expect(NodeID(rawValue: "0123456789abcdef") != nil)
        #expect(NodeID(rawValue: "0123456789ABCDEF") == nil)
    }
}
