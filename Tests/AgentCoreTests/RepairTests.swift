import AgentCore
import SkepModel
import Testing

/// What the ledger says of a repair: what was done, and what was found.
@Suite struct RepairTests {
    let now = Instant(milliseconds: 1_000_000)
    private let mount = NodeSpec.Mount(
        name: ShareName(unchecked: "data"), server: .v4(0x0a4d_000b), path: "/data", mount: "/mnt/data", write: true)
    private let export = NodeSpec.Export(
        name: ShareName(unchecked: "own"), path: "/srv/own", mount: "/srv/own", owner: "0:0", mode: "0755", fsid: 1,
        clients: [.init(address: .v4(0x0a4d_000c), write: true)])
    private let network = ManagerDuties.Network(name: NetworkName(unchecked: "public"), attachable: false, encrypted: false, subnet: nil, mtu: nil)

    private var spec: NodeSpec {
        var spec = Samples.spec(swarm: .member(swarm: "s"))
        spec.sysctls = ["vm.max_map_count": "262144"]
        spec.shares = .init(exports: [export], mounts: [mount])
        spec.duties = ManagerDuties(
            members: [.init(id: "m2", name: NodeName(unchecked: "n2"), role: .worker, labels: ["type": "db"])], networks: [network])
        return spec
    }

    private var view: ManagerView {
        let member = ManagerView.Member(
            id: "m2", hostname: "n2", role: .worker, state: "ready", labels: ["type": "db", "skep.labels": "type"])
        return ManagerView(swarmID: "s", members: [member], networks: [.init(name: "public", ours: true)])
    }

    private var healthy: Observation {
        var seen = Samples.observation(swarm: .init(state: .active, nodeID: "m1", swarmID: "s", isManager: true))
        seen.packages = .seen(.init(installed: ["docker.io", "apparmor", "nfs-kernel-server", "nfs-common"], held: ["docker.io"]))
        seen.sysctls = .seen(["vm.max_map_count": "262144"])
        seen.mounts = .seen(["/mnt/data": .init(unit: ShareRenderer.unit(mount, v3: false), source: "10.77.0.11:/data", health: .good)])
        seen.server = .seen(server)
        seen.manager = .seen(view)
        return seen
    }

    private var server: Observation.Server {
        var server = Observation.Server(
            exports: ShareRenderer.exports(spec.shares ?? .init()), settings: ShareRenderer.settings(v3: false), active: true)
        server.folders["/srv/own"] = .init(exists: true, owner: "0:0", mode: "0755")
        server.exported = ["/srv/own"]
        return server
    }

    /// The events of a node on which all was well until something broke.
    private func told(_ breaking: (inout Observation) -> Void) -> [String] {
        var brain = AgentBrain()
        brain.accept(spec, revision: 1)
        #expect(brain.pass(healthy, now: now) == [])
        var seen = healthy
        breaking(&seen)
        for action in brain.pass(seen, now: now) { brain.finished(action, .done, seconds: 0.5, now: now) }
        #expect(brain.memory.events.isEmpty, "it is told when it was seen to help")
        _ = brain.pass(healthy, now: now.advanced(by: 700))
        #expect(brain.memory.events.allSatisfy { $0.seconds == 0.7 })
        return brain.memory.events.map { "\($0.kind.rawValue): \($0.message)" }
    }

    @Test func aRepairSaysWhatWasFound() throws {
        #expect(told { $0.sysctls = .seen(["vm.max_map_count": "65530"]) } == ["Repair: set vm.max_map_count, as vm.max_map_count was 65530"])
        #expect(
            told { $0.engine = .seen(.stopped("connection refused")) } == [
                "Repair: start the Docker Engine, as it did not answer: connection refused"
            ])
        #expect(
            told { $0.packages = .seen(.init(installed: ["docker.io", "apparmor", "nfs-kernel-server", "nfs-common"])) } == [
                "Repair: hold docker.io, as the hold was taken off"
            ])
        let unit = ShareRenderer.unit(mount, v3: false)
        #expect(told { $0.mounts = .seen(["/mnt/data": .init(unit: unit)]) } == ["Repair: mount /mnt/data, as it was not mounted"])
        let stale = Observation.MountPoint(unit: unit, source: "10.77.0.11:/data", health: .bad(reason: "Stale", message: "stale file handle"))
        #expect(told { $0.mounts = .seen(["/mnt/data": stale]) } == ["Repair: mount /mnt/data again, as it was bad (Stale): stale file handle"])
    }

    @Test func aRepairOfTheServerSaysWhatWasFound() {
        func told(_ breaking: (inout Observation.Server) -> Void) -> [String] {
            var broken = server
            breaking(&broken)
            return self.told { $0.server = .seen(broken) }
        }
        #expect(told { $0.active = false } == ["Repair: export the shares, as the NFS server did not run"])
        #expect(told { $0.exports = "/srv/own *(rw)" } == ["Repair: export the shares, as its files were not as specified"])
        #expect(told { $0.exported = [] } == ["Repair: export the shares, as /srv/own was not exported"])
        #expect(
            told { $0.folders["/srv/own"] = .init(exists: true, owner: "1000:1000", mode: "0777") } == [
                "Repair: make /srv/own, 0:0, 0755, as it was 1000:1000, 0777"
            ])
    }

    @Test func aRepairOfTheSwarmSaysWhatWasFound() {
        func told(_ breaking: (inout ManagerView) -> Void) -> [String] {
            var broken = view
            breaking(&broken)
            return self.told { $0.manager = .seen(broken) }
        }
        #expect(told { $0.networks = [] } == ["Repair: make the network public, as it was gone"])
        #expect(told { $0.members[0].labels["type"] = "web" } == ["Repair: member m2: label type=db, as type was web"])
        #expect(told { $0.members[0].labels["type"] = nil } == ["Repair: member m2: label type=db, as type was missing"])
    }
}
