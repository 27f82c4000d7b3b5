internal import SkepSystem

/// Finds what else on this machine drops packets: ufw, firewalld, and foreign base chains whose policy is drop.
enum OtherFirewalls {
    @LoopActor static func read(_ layout: HostLayout, _ chains: FirewallChains?) -> [String] {
        var names: [String] = []
        let ufw = (try? Files.readText(layout.ufwSettings)) ?? ""
        let hasUfw = ufw.split(separator: "\n").contains { $0.filter { !$0.isWhitespace }.lowercased() == "enabled=yes" }
        if hasUfw { names.append("ufw") }
        if Files.exists(layout.firewalldPIDFile) { names.append("firewalld") }
        return names + (chains?.dropping(hasUfw: hasUfw) ?? [])
    }
}
