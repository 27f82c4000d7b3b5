internal import FoundationEssentials
internal import SkepModel
internal import SkepSystem

/// Addresses and routes from which others may reach this machine, as ip(8) prints them; Docker's own are left out.
enum NetworkFacts {
    struct Link: Decodable {
        struct Address: Decodable {
            var local: String?
            var prefixlen: Int?
            var scope: String?
            var deprecated: Bool?
            var tentative: Bool?
            var temporary: Bool?
        }
        var ifname: String?
        var mtu: Int?
        var flags: [String]?
        var addr_info: [Address]?
    }

    struct Route: Decodable {
        var type: String?
        var dst: String?
        var dev: String?
    }

    @LoopActor static func read(_ layout: HostLayout, bridges: [String]) async -> (addresses: [NodeFacts.Address], routes: [CIDR]) {
        async let links = output(layout.ip("-j", "address", "show"))
        async let four = output(layout.ip("-j", "-4", "route", "show", "table", "all"))
        async let six = output(layout.ip("-j", "-6", "route", "show", "table", "all"))
        let addresses = addresses(await links, bridges: bridges)
        let routes = Set(routes(await four, bridges: bridges) + routes(await six, bridges: bridges))
        return (addresses, routes.sorted())
    }

    /// Addresses of global scope on interfaces that are up, sorted by interface and address.
    static func addresses(_ json: [UInt8], bridges: [String]) -> [NodeFacts.Address] {
        let links = (try? JSONDecoder().decode([Link].self, from: Data(json))) ?? []
        return links.flatMap { link -> [NodeFacts.Address] in
            guard let name = link.ifname, link.flags?.contains("UP") ?? true, !isDockers(name, bridges) else { return [] }
            return (link.addr_info ?? []).compactMap { info in
                // A temporary IPv6 address is gone tomorrow (RFC 8981): nobody may count on it.
                guard info.scope == "global", info.tentative != true, info.temporary != true, info.deprecated != true,
                    let text = info.local, let address = IPAddress(text), let prefix = info.prefixlen
                else { return nil }
                return NodeFacts.Address(interface: name, address: address, prefix: prefix, mtu: link.mtu ?? 0)
            }
        }.sorted { ($0.interface, $0.address) < ($1.interface, $1.address) }
    }

    /// Destinations of all tables that lead out of the machine; the default route, which says nothing, is left out.
    static func routes(_ json: [UInt8], bridges: [String]) -> [CIDR] {
        let routes = (try? JSONDecoder().decode([Route].self, from: Data(json))) ?? []
        return routes.compactMap { route in
            guard route.type ?? "unicast" == "unicast", let text = route.dst, text != "default", let range = CIDR(text),
                range.prefix > 0, !range.address.isLinkLocal, !isMulticast(range.address), let device = route.dev, device != "lo",
                !isDockers(device, bridges)
            else { return nil }
            return range
        }
    }

    /// docker0, docker_gwbridge, `br-` with twelve digits, `veth` with seven: the names that libnetwork gives.
    static func isDockers(_ name: String, _ bridges: [String]) -> Bool {
        func hex(_ prefix: String, _ count: Int) -> Bool {
            let rest = name.dropFirst(prefix.count)
            return name.hasPrefix(prefix) && rest.count == count && rest.allSatisfy { $0.isHexDigit }
        }
        return ["docker0", "docker_gwbridge"].contains(name) || bridges.contains(name) || hex("br-", 12) || hex("veth", 7)
    }

    private static func isMulticast(_ address: IPAddress) -> Bool {
        switch address {
        case .v4(let value): value >> 28 == 0xe
        case .v6(let high, _): high >> 56 == 0xff
        }
    }

    @LoopActor private static func output(_ command: Command) async -> [UInt8] {
        guard let result = try? await run(command), result.succeeded else { return [] }
        return result.stdout
    }
}
