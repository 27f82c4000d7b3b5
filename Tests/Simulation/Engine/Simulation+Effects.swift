import AgentCore
import SkepModel

extension Simulation {
    /// What an action does to the simulated world; done twice it is as done once.
    mutating func effect(_ action: AgentAction, on index: Int) -> ActionOutcome {
        switch action {
        case .installPackages(let names):
            let new = names.filter { !machines[index].packages.contains($0) }
            machines[index].packages.formUnion(names)
            return .originals(.init(packages: new))
        case .removePackages(let names): machines[index].packages.subtract(names)
        case .holdPackages(let names): machines[index].held.formUnion(names)
        case .unholdPackages(let names): machines[index].held.subtract(names)
        case .mergeDaemonConfig(let docker, _):
            let first = machines[index].daemon == nil
            machines[index].daemon = docker
            return first ? .originals(.init(daemonConfig: .some(nil))) : .done
        case .restoreDaemonConfig: machines[index].daemon = nil
        case .startEngine, .restartEngine, .putBackDaemonConfig: break
        case .setSysctls(let values):
            let originals = machines[index].sysctls.filter { values[$0.key] != nil && values[$0.key] != $0.value }
            machines[index].sysctls.merge(values) { _, new in new }
            return .originals(.init(sysctls: originals))
        case .restoreSysctls(let values): machines[index].sysctls.merge(values) { _, new in new }
        case .installTable(let text):
            if machines[index].table != text { machines[index].managementConnections = 0 }
            machines[index].table = text
            return .installed(listing: text)
        case .keepTable(let text): machines[index].keptTable = text
        case .removeTable:
            machines[index].table = nil
            machines[index].keptTable = nil
        case .prepareAPI(let name):
            machines[index].api.isThere = true
            machines[index].api.request = "request of \(name)"
        case .serveAPI(let wanted):
            machines[index].api.served = wanted
            machines[index].api.isRunning = true
        case .removeAPI: machines[index].api = Observation.API()
        case .makeFolder(let path, _, _): machines[index].folders.insert(path)
        case .prepareServer(let settings): machines[index].serverSettings = settings
        case .writeExports(let text, let settings):
            machines[index].exports = text
            machines[index].serverSettings = settings
        case .removeExports:
            machines[index].exports = nil
            machines[index].serverSettings = nil
        case .installMount(let path, let unit): machines[index].mounts[path] = unit
        case .remount: break
        case .removeMount(let path): machines[index].mounts[path] = nil
        case .writeAuthorities(let wanted): machines[index].authorities = wanted
        case .makeFolders(let paths): machines[index].folders.formUnion(paths)
        case .restartTask, .prune, .breakOnPurpose: break
        case .initialiseSwarm, .joinSwarm, .leaveSwarm: return membership(action, on: index)
        case .takeOver, .updateMember, .removeMember, .sealToken, .rotateTokens, .createNetwork, .removeNetwork, .rebuildIngress, .deployStack,
            .removeStack, .nudge:
            return duty(action, on: index)
        }
        return .done
    }

    private mutating func membership(_ action: AgentAction, on index: Int) -> ActionOutcome {
        guard machines[index].engineRuns else { return .failed("Cannot connect to the Docker daemon") }
        let id = "member\(index)-\(order)"
        switch action {
        case .initialiseSwarm:
            guard machines[index].swarm == nil else { return .done }
            let swarm = "swarm\(swarms.count + 1)"
            var made = Swarm(id: swarm, token: "token-\(swarm)-0")
            made.members = [.init(id: id, hostname: machines[index].name.rawValue, role: .manager, state: "ready", leader: true)]
            swarms[swarm] = made
            machines[index].swarm = swarm
            machines[index].managerOf = swarm
            machines[index].memberID = id
        case .joinSwarm(let join):
            guard machines[index].swarm == nil else { return .done }
            guard let swarm = swarms[join.swarm], hasQuorum(join.swarm) else { return .failed("Timeout was reached") }
            guard join.sealedToken == "sealed to \(machines[index].id): \(swarm.token)" else { return .failed("invalid join token") }
            swarms[join.swarm]?.members.append(.init(id: id, hostname: machines[index].name.rawValue, role: .worker, state: "ready"))
            machines[index].swarm = join.swarm
            machines[index].memberID = id
        case .leaveSwarm:
            if let swarm = machines[index].swarm, let member = machines[index].memberID {
                if let at = swarms[swarm]?.members.firstIndex(where: { $0.id == member }) { swarms[swarm]?.members[at].state = "down" }
            }
            machines[index].swarm = nil
            machines[index].managerOf = nil
            machines[index].memberID = nil
        default: break
        }
        order += 1
        return .done
    }

    private mutating func duty(_ action: AgentAction, on index: Int) -> ActionOutcome {
        guard let id = machines[index].managerOf, hasQuorum(id), var swarm = swarms[id] else { return .failed("The swarm does not have a leader.") }
        // as the actuator asks once more before it takes a manager away
        switch action {
        case .updateMember(let member, .worker?, _, _, _), .removeMember(let member):
            if let reason = leavesNoMajority(without: member, by: index) { return .failed(reason) }
        default: break
        }
        defer { swarms[id] = swarm }
        switch action {
        case .updateMember(let member, let role, let labels, let dropped, let activate):
            guard let at = swarm.members.firstIndex(where: { $0.id == member }) else { return .failed("node \(member) not found") }
            swarm.members[at].labels.merge(labels) { _, new in new }
            for key in dropped { swarm.members[at].labels[key] = nil }
            if activate { swarm.members[at].availability = "active" }
            if let role {
                swarm.members[at].role = role
                if let machine = machines.firstIndex(where: { $0.memberID == member }) { machines[machine].managerOf = role == .manager ? id : nil }
            }
        case .removeMember(let member): swarm.members.removeAll { $0.id == member }
        case .sealToken(let sealing, let key):
            guard key == "key of \(sealing.node)" else { return .failed("the key of \(sealing.node) is not the one that was seen to enrol") }
            return .sealed(.init(node: sealing.node, sealed: "sealed to \(sealing.node): \(swarm.token)", epoch: swarm.epoch))
        case .takeOver(let term):
            guard swarm.term <= term else { return .failed("another manager acts for the swarm") }
            swarm.term = term
        case .rotateTokens(let epoch):
            swarm.epoch = epoch
            swarm.token = "token-\(id)-\(epoch)"
        case .createNetwork(let network): swarm.networks.insert(network.name.rawValue)
        case .removeNetwork(let name): swarm.networks.remove(name)
        case .deployStack(let bundle):
            let name = bundle.name.rawValue
            if swarm.stacks[name]?.digest != bundle.digest {
                swarm.stacks[name] = .init(digest: bundle.digest, services: bundle.services, healthyAt: now.advanced(by: random.span(500...20_000)))
            }
        case .removeStack(let name): swarm.stacks[name] = nil
        default: break
        }
        return .done
    }
}
