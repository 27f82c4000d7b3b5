import SkepModel
import SkepSystem
import Testing

@testable import AgentDocker

@Suite struct PureTests {
    @Test func versions() {
        #expect(APIVersion("1.41") == .oldest)
        #expect(APIVersion("1.9").map { $0 < .oldest } == true)
        for bad in ["", "1", "1.x", "1.41.2", "-1.4", "v1.41"] { #expect(APIVersion(bad) == nil) }
    }

    @Test func unknownFieldsOfASpecificationSurvive() throws {
        let text = #"{"Future":{"a":[1,2.5,null,true,"x"]},"Labels":null,"Role":"worker"}"#
        var value: JSONValue = try DockerClient.decode(Array(text.utf8), "x")
        value["Role"] = .string("manager")
        #expect(value["Future"]?["a"] == .array([.integer(1), .number(2.5), .null, .bool(true), .string("x")]))
        #expect(value["Role"]?.text == "manager")
    }

    @Test func addressesAreCountedAsFarAsTheServicesTell() throws {
        let cluster: EngineInfo.ClusterPart = try DockerClient.decode(Array(#"{"ID":"swarm1","Spec":{}}"#.utf8), "x")
        let nodes: [NodeEntry] = try DockerClient.decode(
            Array(
                ("["
                    + (1...3).map {
                        #"{"ID":"\#($0)","Version":{"Index":1},"Spec":{"Availability":"active"},"Description":{"Hostname":"n\#($0)"},"Status":{"State":"ready"}}"#
                    }.joined(separator: ",") + "]").utf8), "x")
        let networks: [NetworkEntry] = try DockerClient.decode(
            Array(
                """
                [{"Name":"ingress","Id":"i","Scope":"swarm","Driver":"overlay","Ingress":true,"IPAM":{"Config":[{"Subnet":"10.0.0.0/28"}]}},
                 {"Name":"public","Id":"p","Scope":"swarm","Driver":"overlay","IPAM":{"Config":[{"Subnet":"10.0.1.0/24"}]}},
                 {"Name":"bare","Id":"b","Scope":"swarm","Driver":"overlay","IPAM":{"Config":null}}]
                """.utf8), "x")
        let services: [ServiceEntry] = try DockerClient.decode(
            Array(
                """
                [{"ID":"s1","Spec":{"Name":"web","Mode":{"Replicated":{"Replicas":4}},"TaskTemplate":{"Networks":[{"Target":"p"}]}},
                  "ServiceStatus":{"RunningTasks":3,"DesiredTasks":4},"Endpoint":{"VirtualIPs":[{"NetworkID":"i"},{"NetworkID":"p"}]}},
                 {"ID":"s2","Spec":{"Name":"db","Mode":{"Replicated":{"Replicas":1}},"TaskTemplate":{"Networks":[{"Target":"p"}]}},
                  "ServiceStatus":{"RunningTasks":1,"DesiredTasks":1},"Endpoint":{}}]
                """.utf8), "x")
        let view = SwarmLook(cluster: cluster, nodes: nodes, services: services, tasks: [], networks: networks).view(failures: [:])
        // the gateway, three nodes, one service and its four tasks; the gateway, three nodes, one address of a service (the other has none) and five tasks
        #expect(view.addresses == [.init(network: "ingress", size: 14, used: 9), .init(network: "public", size: 254, used: 10)])
    }

    @Test func theUnitOfAnEngine() {
        let stopping = EngineUnit("LoadState=loaded\nActiveState=deactivating\nSubState=stop-sigterm\nResult=success\n")
        #expect(stopping?.isStopping == true && stopping?.isActive == true && stopping?.isLoaded == true)
        let failed = EngineUnit("LoadState=loaded\nActiveState=failed\nSubState=failed\nResult=exit-code\n")
        #expect(failed?.isActive == false && failed?.isStopping == false)
        #expect(failed?.words == "docker.service is failed (failed, exit-code); see journalctl -u docker")
        #expect(EngineUnit("LoadState=masked\nActiveState=inactive\n")?.words == "docker.service is masked")
        #expect(EngineUnit("LoadState=active\n")?.isLoaded == false)
        #expect(EngineUnit("") == nil)
    }

    @Test func constraintsAreReadAsSwarmReadsThem() throws {
        let nodes: [NodeEntry] = try DockerClient.decode(
            Array(
                """
                [{"ID":"a","Version":{"Index":1},"Spec":{"Labels":{"Type":"DB"},"Availability":"active"},"Description":{"Hostname":"n1"},
                  "Status":{"State":"ready"},"ManagerStatus":{"Leader":true,"Reachability":"reachable","Addr":"[fd00::1]:2377"}},
                 {"ID":"b","Version":{"Index":1},"Spec":{"Labels":null,"Availability":"drain"},"Description":{"Hostname":"n2"},"Status":{"State":"ready"}},
                 {"ID":"c","Version":{"Index":1},"Spec":{},"Status":{"State":"down"}}]
                """.utf8), "x")
        #expect(nodes[0].address == "fd00::1")
        func names(_ constraints: String...) -> [String]? { PlacementConstraint.eligible(constraints, nodes)?.map(\.ID) }
        #expect(names() == ["a"])
        #expect(names("node.labels.Type==db") == ["a"])
        #expect(names("node.labels.Type != db") == [])
        #expect(names("node.labels.other != x", "node.role == manager") == ["a"])
        #expect(names("node.platform.os == linux") == nil)
        #expect(names("nonsense") == nil)
        #expect(names("node.platform.os == linux", "node.role == worker") == [], "one definite no is enough")
    }

    /// One service with one task, whose error is the scheduler's.
    private func isStuck(_ error: String, constraint: String = "node.role == manager", state: String = "pending", update: String = "") throws -> Bool?
    {
        let nodes: [NodeEntry] = try DockerClient.decode(
            Array(
                """
                [{"ID":"a","Version":{"Index":1},"Spec":{"Availability":"active"},"Description":{"Hostname":"n1"},"Status":{"State":"ready"},
                  "ManagerStatus":{"Leader":true,"Reachability":"reachable"}}]
                """.utf8), "x")
        let services: [ServiceEntry] = try DockerClient.decode(
            Array(
                """
                [{"ID":"s","Spec":{"Name":"shop_web","Labels":{"com.docker.stack.namespace":"shop","skep.managed":"true"},
                  "TaskTemplate":{"Placement":{"Constraints":["\(constraint)"]}},"Mode":{"Replicated":{"Replicas":1}}}\(update)}]
                """.utf8), "x")
        let tasks: [TaskEntry] = try DockerClient.decode(
            Array(#"[{"ID":"t","ServiceID":"s","DesiredState":"running","Status":{"State":"\#(state)","Err":"\#(error)"}}]"#.utf8), "x")
        let cluster: EngineInfo.ClusterPart = try DockerClient.decode(Array(#"{"ID":"c"}"#.utf8), "x")
        let look = SwarmLook(cluster: cluster, nodes: nodes, services: services, tasks: tasks, networks: [])
        return look.view(failures: [:]).stacks.first?.services.first?.stuck
    }

    /// From its first moment on: what the swarm takes back shows the former bundle at once, and would be taken for one that is not deployed.
    @Test(arguments: ["rollback_started", "rollback_completed", "rollback_paused"]) func whatIsTakenBackIsKnown(state: String) throws {
        let services: [ServiceEntry] = try DockerClient.decode(
            Array(
                """
                [{"ID":"s","Spec":{"Name":"shop_web","Labels":{"com.docker.stack.namespace":"shop","skep.managed":"true","skep.bundle":"old"}},
                  "UpdateStatus":{"State":"\(state)","Message":"update failed"}}]
                """.utf8), "x")
        let cluster: EngineInfo.ClusterPart = try DockerClient.decode(Array(#"{"ID":"c"}"#.utf8), "x")
        let look = SwarmLook(cluster: cluster, nodes: [], services: services, tasks: [], networks: [])
        let attempt = StackBundle.Attempt(digest: "new", number: 1)
        #expect(look.view(failures: [:], handed: ["shop": attempt]).stacks.first?.takenBack == attempt)
        #expect(look.view(failures: [:], handed: [:]).stacks.first?.takenBack == nil, "nobody knows of which")
        #expect(look.view(failures: [:], handed: ["shop": .init(digest: "old", number: 0)]).stacks.first?.takenBack == nil, "it is wanted again")
    }

    @Test func aTaskThatIsPendingAlthoughANodeFitsIsStuck() throws {
        let words = "no suitable node (scheduling constraints not satisfied on 1 node)"
        #expect(try isStuck(words) == true)
        #expect(try isStuck(words, constraint: "node.role == worker") == nil, "none fits")
        #expect(try isStuck("no suitable node (scheduling constraints not satisfied on 2 nodes; insufficient resources on 1 node)") == nil)
        #expect(try isStuck(words, state: "running") == nil)
        #expect(try isStuck(words, update: #","UpdateStatus":{"State":"updating"}"#) == nil)
    }

    @Test func eventsInPieces() {
        var lines = EventLines()
        #expect(lines.take(Array(#"{"Type":"netw"#.utf8)).isEmpty)
        let events = lines.take(Array("ork\",\"timeNano\":5}\n\nnot json\n{\"Type\":\"node\",\"Unknown\":[]}\n{".utf8))
        #expect(events.map(\.Type) == ["network", "node"])
        #expect(events.first?.timeNano == 5)
        #expect(lines.take([UInt8](repeating: 0x20, count: 1 << 20)).isEmpty)
        #expect(lines.take(Array("}\n{\"Type\":\"daemon\"}\n".utf8)).map(\.Type) == ["daemon"])
    }

    @Test func theCommandLinesWordsAreKept() throws {
        func result(_ status: Int32, out: String = "", error: String = "") -> CommandResult {
            CommandResult(path: "docker", termination: .exited(status), stdout: Array(out.utf8), stderr: Array(error.utf8))
        }
        let good = result(0, out: "Creating network x\nUpdating service y (id: 1)\n", error: "Ignoring deprecated options: links\n")
        #expect(StackCommand.failure(good) == nil)
        // Some versions say it and exit with 0.
        let refused = "failed to update config x_c: rpc error: code = InvalidArgument desc = only updates to Labels are allowed"
        #expect(StackCommand.failure(result(0, error: refused)) == refused)
        let old = result(1, out: "Creating network x\n", error: "unsupported Compose file version: 1.0\n")
        #expect(StackCommand.failure(old) == "unsupported Compose file version: 1.0")
        #expect(StackCommand.failure(result(1))?.contains("without a word") == true)
    }

    /// What was just looked up is not asked once more for each service; where the swarm's members differ, Docker's own question tells more.
    @Test func imagesAreHandedOverByTheDigestsThatWereFound() throws {
        var bundle = StackBundle(
            name: StackName(unchecked: "shop"), digest: "ab", compose: "services:\n  web:\n    image: \"web:1\"\n", services: ["web"],
            images: ["own:1", "web:1"])
        func pins(_ web: ImageFinding?, own: ImageFinding = .local(why: "x"), _ platforms: String...) -> ImagePins {
            ImagePins(bundle, ["web:1": web, "own:1": own].compactMapValues { $0 }, platforms: Set(platforms))
        }
        let found = ImageFinding.found(digest: "sha256:01", platforms: ["linux/amd64", "linux/arm64"])
        let pinned = pins(found, "linux/amd64")
        #expect(pinned.pins == ["web:1": "web:1@sha256:01"] && !pinned.resolves)
        #expect(pins(.found(digest: "sha256:01", platforms: []), "linux/amd64") == pinned, "the registry does not say for what it is built")
        for asked in [
            pins(found, "linux/amd64", "linux/arm64"), pins(found), pins(.found(digest: "sha256:01", platforms: ["linux/s390x"]), "linux/amd64"),
            pins(.found(digest: "sha256:01"), "linux/amd64"), pins(found, own: .denied("no"), "linux/amd64"),
        ] {
            #expect(asked.pins == nil && asked.resolves)
        }
        #expect(pins(.unreachable("timeout"), "linux/amd64").pins == nil && !pins(.unreachable("timeout"), "linux/amd64").resolves)
        // what ran before is what is handed over again
        bundle.pins = ["web:1": "web:1@sha256:00"]
        let again = ImagePins(bundle, ["web:1@sha256:00": found], platforms: ["linux/amd64"])
        #expect(again.pins == ["web:1": "web:1@sha256:00"] && !again.resolves)
        bundle.pins = pinned.pins
        #expect(bundle.handedCompose.contains("image: \"web:1@sha256:01\""))
        bundle.images = nil
        #expect(ImagePins(bundle, [:], platforms: ["linux/amd64"]).resolves)
    }

    @Test func platformsAreNamedAsImagesNameThem() throws {
        let node: NodeEntry = try DockerClient.decode(
            Array(#"{"ID":"a","Version":{"Index":1},"Spec":{},"Description":{"Platform":{"Architecture":"aarch64","OS":"linux"}}}"#.utf8), "x")
        #expect(node.platform == "linux/arm64")
    }

    @Test func theTransientUnitOutlivesTheAgent() throws {
        let root = "/tmp/sku\(SystemRandom.hex(4))"
        defer { try? Files.removeTree(root) }
        let name = StackName(unchecked: "shop")
        let folder = try StackFolder(StackBundle(name: name, digest: "ab", compose: "", services: []), under: root)
        let command = StackCommand(
            program: "/usr/bin/docker", socket: "/run/docker.sock", folder: folder, stack: name, resolvesImages: true, deadline: .seconds(600)
        ).transient
        #expect(command.path == "/usr/bin/systemd-run")
        #expect(command.arguments.contains("--unit=skep-stack-shop"))
        #expect(command.arguments.contains("--setenv=DOCKER_HOST=unix:///run/docker.sock"))
        #expect(!command.arguments.contains("--pipe"))
        #expect(
            command.arguments.drop { $0 != "--" } == [
                "--", "/usr/bin/docker", "stack", "deploy", "--prune", "--with-registry-auth", "--resolve-image", "always", "-c",
                "\(root)/shop/ab/compose.yml", "shop",
            ])
    }

    /// Services, tasks and networks as a manager's engine says them, into the view.
    /// What `docker service ls` counts, seen with 20.10.24: a task that is being shut down and one of a node that is down are "running".
    @Test func tasksThatAreShutDownOrOnNodesThatAreDownDoNotRun() throws {
        let cluster: EngineInfo.ClusterPart = try DockerClient.decode(Array(#"{"ID":"swarm1"}"#.utf8), "x")
        let nodes: [NodeEntry] = try DockerClient.decode(
            Array(
                """
                [{"ID":"a","Version":{"Index":1},"Spec":{"Availability":"active"},"Description":{"Hostname":"n1"},"Status":{"State":"ready"}},
                 {"ID":"b","Version":{"Index":1},"Spec":{"Availability":"active"},"Description":{"Hostname":"n2"},"Status":{"State":"down"}}]
                """.utf8), "x")
        let services: [ServiceEntry] = try DockerClient.decode(
            Array(
                """
                [{"ID":"s1","Spec":{"Name":"shop_pinned","Labels":{"com.docker.stack.namespace":"shop"},"Mode":{"Replicated":{"Replicas":1}}},
                  "ServiceStatus":{"RunningTasks":1,"DesiredTasks":1}},
                 {"ID":"s2","Spec":{"Name":"shop_ghosts","Labels":{"com.docker.stack.namespace":"shop"},"Mode":{"Replicated":{"Replicas":2}}},
                  "ServiceStatus":{"RunningTasks":3,"DesiredTasks":2}},
                 {"ID":"s3","Spec":{"Name":"shop_well","Labels":{"com.docker.stack.namespace":"shop"},"Mode":{"Replicated":{"Replicas":1}}},
                  "ServiceStatus":{"RunningTasks":1,"DesiredTasks":1}},
                 {"ID":"s4","Spec":{"Name":"shop_everywhere","Labels":{"com.docker.stack.namespace":"shop"},"Mode":{"Global":{}}},
                  "ServiceStatus":{"RunningTasks":2,"DesiredTasks":1}}]
                """.utf8), "x")
        let tasks: [TaskEntry] = try DockerClient.decode(
            Array(
                """
                [{"ID":"t1","ServiceID":"s1","NodeID":"b","Slot":1,"DesiredState":"shutdown","Status":{"State":"running"}},
                 {"ID":"t2","ServiceID":"s1","Slot":1,"DesiredState":"running","Status":{"State":"pending","Err":"no suitable node (1 node not available)"}},
                 {"ID":"t3","ServiceID":"s2","NodeID":"a","Slot":1,"DesiredState":"running","Status":{"State":"running"}},
                 {"ID":"t4","ServiceID":"s2","NodeID":"a","Slot":1,"DesiredState":"shutdown","Status":{"State":"running"}},
                 {"ID":"t5","ServiceID":"s2","NodeID":"a","Slot":2,"DesiredState":"running","Status":{"State":"running"}},
                 {"ID":"t6","ServiceID":"s4","NodeID":"a","DesiredState":"running","Status":{"State":"running"}},
                 {"ID":"t7","ServiceID":"s4","NodeID":"b","DesiredState":"shutdown","Status":{"State":"running"}}]
                """.utf8), "x")
        let lost = tasks.filter { $0.NodeID == "b" }
        #expect(SwarmLook.needTasks(services, nodes: nodes, lost: lost).map(\.ID) == ["s1", "s2", "s4"])
        let view = SwarmLook(cluster: cluster, nodes: nodes, services: services, tasks: tasks, networks: []).view(failures: [:])
        let counted = view.stacks[0].services.map { "\($0.name) \($0.running)/\($0.desired)" }
        #expect(counted == ["shop_everywhere 1/1", "shop_ghosts 2/2", "shop_pinned 0/1", "shop_well 1/1"])
        #expect(view.stacks[0].services[2].error == "no suitable node (1 node not available)")
    }

    @Test func whatAManagerSeesIsSummedUp() throws {
        let cluster: EngineInfo.ClusterPart = try DockerClient.decode(
            Array(#"{"ID":"swarm1","Spec":{"Labels":{"skep.token-epoch":"3"}}}"#.utf8), "x")
        let nodes: [NodeEntry] = try DockerClient.decode(
            Array(
                """
                [{"ID":"a","Version":{"Index":1},"Spec":{"Availability":"active"},"Description":{"Hostname":"n1"},"Status":{"State":"ready"}},
                 {"ID":"b","Version":{"Index":1},"Spec":{"Availability":"active"},"Description":{"Hostname":"n2"},"Status":{"State":"ready"}}]
                """.utf8), "x")
        let ours = #""com.docker.stack.namespace":"shop","skep.managed":"true","skep.bundle":"d1""#
        let services: [ServiceEntry] = try DockerClient.decode(
            Array(
                """
                [{"ID":"s1","Spec":{"Name":"shop_web","Labels":{\(ours)},"Mode":{"Replicated":{"Replicas":2}}},"ServiceStatus":{"RunningTasks":1,"DesiredTasks":2},
                  "Endpoint":{"Ports":[{"Protocol":"tcp","PublishedPort":30001,"PublishMode":"ingress"},{"Protocol":"tcp","PublishedPort":80},
                   {"Protocol":"udp","PublishedPort":53,"PublishMode":"ingress"},{"Protocol":"tcp","PublishedPort":443,"PublishMode":"host"},{"TargetPort":9}]}},
                 {"ID":"s2","Spec":{"Name":"shop_all","Labels":{\(ours)},"Mode":{"Global":{}}},"ServiceStatus":{"RunningTasks":0,"DesiredTasks":0}},
                 {"ID":"s3","Spec":{"Name":"shop_none","Labels":{\(ours)},"Mode":{"Global":{}},
                  "TaskTemplate":{"Placement":{"Constraints":["node.labels.x == y"]}}},"ServiceStatus":{"RunningTasks":0,"DesiredTasks":0}},
                 {"ID":"s6","Spec":{"Name":"shop_job","Labels":{\(ours)},"Mode":{"ReplicatedJob":{"TotalCompletions":1}}},
                  "ServiceStatus":{"CompletedTasks":1,"DesiredTasks":0},"Endpoint":{"Ports":[{"Protocol":"tcp","PublishedPort":81}]}},
                 {"ID":"s4","Spec":{"Name":"other_x","Labels":{"com.docker.stack.namespace":"other"},"Mode":{"Replicated":{"Replicas":1}}},
                  "UpdateStatus":{"State":"updating"},"ServiceStatus":{"RunningTasks":1,"DesiredTasks":1}},
                 {"ID":"s5","Spec":{"Name":"alone","Mode":{"Replicated":{"Replicas":1}}},"ServiceStatus":{"RunningTasks":1,"DesiredTasks":1}}]
                """.utf8), "x")
        let tasks: [TaskEntry] = try DockerClient.decode(
            Array(
                """
                [{"ID":"t1","ServiceID":"s1","NodeID":"a","Slot":1,"Status":{"Timestamp":"2026-11-21T14:00:00.7Z","State":"failed","Err":"newer"}},
                 {"ID":"t2","ServiceID":"s1","NodeID":"b","Slot":1,"Status":{"Timestamp":"2026-11-21T14:00:00.657Z","State":"failed","Err":"older"}},
                 {"ID":"t3","ServiceID":"s1","NodeID":"b","Slot":2,"Status":{"Timestamp":"2026-11-21T14:00:00.1Z","State":"rejected","Err":"another"}},
                 {"ID":"t4","ServiceID":"s1","NodeID":"b","Slot":3,"Status":{"Timestamp":"2026-11-21T14:00:00.2Z","State":"failed","Err":"mended"}},
                 {"ID":"t5","ServiceID":"s1","NodeID":"b","Slot":3,"DesiredState":"running","Status":{"Timestamp":"2026-11-21T14:00:01Z","State":"running"}},
                 {"ID":"t6","ServiceID":"s2","NodeID":"a","Status":{"Timestamp":"2026-11-21T14:00:00Z","State":"failed","Err":"no disk"}},
                 {"ID":"t7","ServiceID":"s2","NodeID":"b","Status":{"Timestamp":"2026-11-21T14:00:01Z","State":"failed","Err":"no memory"}}]
                """.utf8), "x")
        let networks: [NetworkEntry] = try DockerClient.decode(
            Array(
                """
                [{"Name":"ingress","Id":"1","Scope":"swarm","Driver":"overlay","Ingress":true,"Options":{"com.docker.network.driver.mtu":"1400"}},
                 {"Name":"public","Id":"2","Scope":"swarm","Driver":"overlay","Labels":{"skep.managed":"true"}},
                 {"Name":"gone_default","Id":"3","Scope":"swarm","Driver":"overlay","Labels":{"skep.managed":"true","com.docker.stack.namespace":"gone"}},
                 {"Name":"bridge","Id":"4","Scope":"local","Driver":"bridge","Options":null,"Labels":null}]
                """.utf8), "x")
        #expect(SwarmLook.needTasks(services, nodes: nodes).map(\.ID) == ["s1", "s2", "s4"])
        let view = SwarmLook(cluster: cluster, nodes: nodes, services: services, tasks: tasks, networks: networks).view(failures: ["shop": "no"])
        #expect(view.swarmID == "swarm1")
        #expect(view.tokenEpoch == 3)
        #expect(view.ingressMTU == 1400)
        #expect(view.networks == [.init(name: "ingress", ours: false), .init(name: "public", ours: true)])
        #expect(view.stacks.map(\.name) == ["gone", "other", "shop"])
        #expect(view.stacks.map(\.ours) == [true, false, true])
        #expect(view.stacks[1].services[0].updating)
        let shop = view.stacks[2]
        #expect(shop.failure == "no")
        let listed = shop.services.map { service in
            var service = service
            service.digest = nil
            return service
        }
        #expect(
            listed == [
                .init(name: "shop_all", running: 0, desired: 2, bundle: "d1", error: "no memory (on n2); no disk (on n1)", ports: []),
                // nothing of a job answers: what is counted as running has ended
                .init(name: "shop_job", running: 1, desired: 1, bundle: "d1", ports: []),
                .init(name: "shop_none", running: 0, desired: 0, bundle: "d1", error: "no node matches node.labels.x == y", ports: []),
                .init(name: "shop_web", running: 1, desired: 2, bundle: "d1", error: "newer (on n1); another (on n2)", ports: [80, 30001]),
            ])
    }

    @Test func aServicesDigestIsOfAllThatIsWantedOfIt() throws {
        func digest(_ specification: String) throws -> String {
            let services: [ServiceEntry] = try DockerClient.decode(Array("[{\"ID\":\"s\",\"Spec\":\(specification)}]".utf8), "x")
            return try #require(services.first).digest.text
        }
        let whole =
            #"{"Name":"web","TaskTemplate":{"ContainerSpec":{"Image":"a","Env":["A=1"]},"ForceUpdate":0},"Mode":{"Replicated":{"Replicas":1}}}"#
        let former = try digest(whole)
        #expect(former.count == 64)
        #expect(
            try digest(
                #"{"Mode":{"Replicated":{"Replicas":1}},"TaskTemplate":{"ForceUpdate":3,"ContainerSpec":{"Env":["A=1"],"Image":"a"}},"Name":"web"}"#)
                == former)
        for (old, new) in [
            ("\"A=1\"", "\"A=2\""), ("\"Replicas\":1", "\"Replicas\":0"), ("\"Image\":\"a\"", "\"Image\":\"b\""), ("[\"A=1\"]", "null"),
        ] {
            #expect(try digest(whole.replacing(old, with: new)) != former, "\(old)")
        }
    }
}
