import AgentCore
import SkepModel
import Testing

@Suite struct RendererTests {
    @Test func theTableIsOneTransactionWithSinglePortsFirst() {
        let text = RulesetRenderer(spec: Samples.firewall, bridges: ["br-0123456789ab"], localPorts: nil).render()
        #expect(text.hasPrefix("add table inet skep\ndelete table inet skep\ntable inet skep {"))
        let lines = text.split(separator: "\n").map { $0.drop { $0 == " " } }
        let ssh = lines.firstIndex { $0.hasPrefix("tcp dport 22 drop") }
        let apps = lines.firstIndex { $0.hasPrefix("tcp dport 30000-32767") }
        #expect(ssh != nil && apps != nil && (ssh ?? 0) < (apps ?? 0))
        #expect(lines.contains("tcp dport 22 ip saddr @management4 counter name management accept comment \"ssh\""))
        #expect(lines.contains("tcp dport 443 meta nfproto ipv4 accept comment \"https\""))
        #expect(
            lines.contains(
                "fib daddr oifname { \"br-0123456789ab\", \"docker0\", \"docker_gwbridge\" } drop comment \"routed straight to a container\""))
        #expect(lines.contains("fib daddr type local tcp dport { 2377 } ip saddr != @cluster4 drop comment \"nodes only\""))
        #expect(!text.contains("@cluster4 accept comment \"ssh"), "nodes do not belong to management")
    }

    @Test func theTrialKeyForgetsNodesAndRemembersManagement() {
        var wider = Samples.firewall
        wider.audiences[.cluster] = []
        #expect(RulesetRenderer.trialKey(wider) == RulesetRenderer.trialKey(Samples.firewall))
        wider.audiences[.management] = Samples.ranges("192.0.2.0/24")
        #expect(RulesetRenderer.trialKey(wider) != RulesetRenderer.trialKey(Samples.firewall))
    }

    /// The data-path port is decided while the first trial runs: that needs no second one.
    @Test func theTrialKeyForgetsWhatIsOpenToTheNodesAlone() throws {
        var other = Samples.firewall
        other.rules.append(.init(ports: try #require(PortRange(8789)), transport: .udp, audiences: [.cluster], service: "swarm data path"))
        #expect(RulesetRenderer.trialKey(other) == RulesetRenderer.trialKey(Samples.firewall))
        other.rules.append(.init(ports: try #require(PortRange(9999)), transport: .tcp, audiences: [.users], service: "theirs"))
        #expect(RulesetRenderer.trialKey(other) != RulesetRenderer.trialKey(Samples.firewall))
    }

    @Test func exportsNameExactlyTheNodes() {
        let export = NodeSpec.Export(
            name: ShareName(unchecked: "data"), path: "/nfs-root", mount: "/nfs-root", owner: "65534:65533", mode: "0750", fsid: 1,
            clients: [.init(address: .v4(0x0a4d_000d), write: false), .init(address: .v4(0x0a4d_000c), write: true)])
        #expect(
            ShareRenderer.exports(.init(exports: [export])) == """
                # Written by skep-agent; a change here is put back.
                /nfs-root 10.77.0.12(rw,sync,no_subtree_check,sec=sys,root_squash,anonuid=65534,anongid=65533,fsid=1) \
                10.77.0.13(ro,sync,no_subtree_check,sec=sys,root_squash,anonuid=65534,anongid=65533,fsid=1)

                """)
        #expect(ShareRenderer.settings(v3: false).contains("vers3=n\nvers4=y\nlease-time=10\ngrace-time=10"))
    }

    @Test func unitsMountHardAndSayReadOnly() {
        let mount = NodeSpec.Mount(name: ShareName(unchecked: "data"), server: .v4(0x0a4d_000b), path: "/nfs-root", mount: "/nfs-root", write: false)
        let unit = ShareRenderer.unit(mount, v3: false)
        #expect(unit.contains("What=10.77.0.11:/nfs-root\nWhere=/nfs-root\nType=nfs4\nOptions=ro,hard,timeo=50,retrans=2,_netdev,nofail"))
    }
}
