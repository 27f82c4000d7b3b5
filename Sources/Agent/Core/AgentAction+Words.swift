import SkepModel

extension AgentAction {
    /// What it does, as the ledger and an operator read it; never a secret.
    public var words: String {
        switch self {
        case .installPackages(let names): names.isEmpty ? "finish dpkg's interrupted run" : "install \(names.joined(separator: ", "))"
        case .holdPackages(let names): "hold \(names.joined(separator: ", "))"
        case .unholdPackages(let names): "release \(names.joined(separator: ", "))"
        case .removePackages(let names): "remove \(names.joined(separator: ", "))"
        case .mergeDaemonConfig(_, let restart): "write our keys into daemon.json\(restart ? " and restart the engine" : "")"
        case .restoreDaemonConfig: "put daemon.json back as it was found"
        case .startEngine: "start the Docker Engine"
        case .restartEngine: "restart the Docker Engine"
        case .setSysctls(let values): "set \(values.keys.sorted().joined(separator: ", "))"
        case .restoreSysctls(let values): "put back \(values.keys.sorted().joined(separator: ", "))"
        case .installTable: "install the table inet skep"
        case .putBackDaemonConfig: "put back the daemon.json with which the engine last started (the other is kept as daemon.json.broken)"
        case .keepTable: "keep the proven ruleset for the next start"
        case .removeTable: "remove the table inet skep"
        case .prepareAPI: "make a key for Docker's API over TLS"
        case .serveAPI(let wanted): "serve Docker's API over TLS for \(wanted.clients.count) credentials"
        case .removeAPI: "end Docker's API over TLS"
        case .makeFolder(let path, let owner, let mode): "make \(path), \(owner), \(mode)"
        case .prepareServer: "write the NFS server's settings"
        case .writeExports: "export the shares"
        case .removeExports: "end the exports"
        case .installMount(let path, _): "mount \(path)"
        case .remount(let path): "mount \(path) again"
        case .removeMount(let path): "unmount \(path)"
        case .writeAuthorities(let wanted):
            wanted.isEmpty
                ? "trust no registry's authority of ours any more" : "trust the authorities of \(wanted.keys.sorted().joined(separator: ", "))"
        case .makeFolders(let paths): "make \(paths.joined(separator: ", "))"
        case .restartTask(_, let name): "restart the task \(name)"
        case .prune: "remove unused images, ended tasks and build cache"
        case .initialiseSwarm(let plan): "make the swarm, advertised as \(plan.advertise)"
        case .joinSwarm: "join the swarm"
        case .leaveSwarm: "leave the swarm"
        case .takeOver(let term): "act for the swarm, as manager number \(term)"
        case .updateMember(let id, let role, let labels, let dropped, let activate):
            "member \(id): \(Self.changes(role, labels, dropped, activate))"
        case .removeMember(let id): "remove the stale member \(id)"
        case .sealToken(let sealing, _): "seal a join token to \(sealing.node)"
        case .rotateTokens(let epoch): "rotate the join tokens, number \(epoch)"
        case .createNetwork(let network): "make the network \(network.name)"
        case .removeNetwork(let name): "remove the network \(name)"
        case .rebuildIngress(let mtu): "make the ingress network anew with MTU \(mtu)"
        case .deployStack(let bundle): "deploy \(bundle.name) (\(bundle.digest.prefix(12)))"
        case .nudge(let service): "have the swarm place the tasks of \(service) anew"
        case .removeStack(let name): "remove the stack \(name)"
        case .breakOnPurpose(let drill, _): "drill \(drill.name): \(drill.known?.summary ?? "")"
        }
    }

    private static func changes(_ role: Role?, _ labels: [String: String], _ dropped: [String], _ activate: Bool) -> String {
        let set = labels.keys.filter { $0 != DutyPlanner.ownLabels }.sorted().map { "label \($0)=\(labels[$0] ?? "")" }
        let all = (role.map { ["role \($0.rawValue)"] } ?? []) + (activate ? ["availability active"] : []) + set + dropped.map { "no label \($0)" }
        return all.isEmpty ? "its list of our labels" : all.joined(separator: ", ")
    }
}
