import SkepCompose
import Testing

/// Every refusal of a compose file, with its place.
@Suite struct RefusalTests {
    @Test(
        "services",
        arguments: [
            (
                "services: {web: {build: .}}",
                "1:25: the service 'web' is built, and a swarm builds nothing; push the image to a registry and name it with 'image:'"
            ),
            ("services: {web: {}}", "1:17: the service 'web' has no image; name one with 'image:'"),
            ("services: {web: [a]}", "1:17: 'services.web' must be a mapping, not a list"),
            (
                "services: {web.1: {image: a}}",
                "1:12: 'shop_web.1' cannot be the name of a service; letters, digits, inner '-' and '_', at most 63 with the stack's name"
            ),
            (
                "services: {a_: {image: a}}",
                "1:12: 'shop_a_' cannot be the name of a service; letters, digits, inner '-' and '_', at most 63 with the stack's name"
            ),
            (
                "services: {aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa: {image: a}}",
                "1:12: 'shop_aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa' cannot be the name of a service; letters, digits, inner '-' and '_', at most 63 with the stack's name"
            ),
            ("services: {}", "1:11: the file defines no service; add 'services:' with one at least"),
            (
                "web: {image: a}\nservices: {web: {image: a}}",
                "1:1: Docker's stack deployment does not know the key 'web'; known are: services, networks, volumes, configs, secrets"
            ),
            (
                "services: {web: {image: a, cpuset: \"0\"}}",
                "1:28: Docker's stack deployment does not know the key 'services.web.cpuset'; use deploy.resources"
            ),
            (
                "services: {web: {image: a, deploy: {update_config: {pralelism: 1}}}}",
                "1:53: Docker's stack deployment does not know the key 'services.web.deploy.update_config.pralelism'; did you mean 'parallelism'?"
            ),
            (
                "services: {web: {image: a, healthcheck: {interval: 10}}}",
                "1:52: 'services.web.healthcheck.interval' must be a duration such as 30s or 1m30s, not the number 10"
            ),
            (
                "services: {web: {image: a, mem_limit: lots}}",
                "1:39: 'services.web.mem_limit' must be a number of bytes such as 512M, not the text 'lots'"
            ),
            (
                "services: {web: {image: a, networks: [front]}}",
                "1:39: the service 'web' names the network 'front', which nothing defines; define it under 'networks:' at the top level"
            ),
            (
                "services: {web: {image: a, networks: {front: {}}}}",
                "1:39: the service 'web' names the network 'front', which nothing defines; define it under 'networks:' at the top level"
            ),
            (
                "services: {web: {image: a, depends_on: [db]}}",
                "1:41: 'depends_on' of 'web' names the service 'db', which nothing defines; define it or remove it"
            ),
            (
                "services: {web: {image: a, configs: [c]}}",
                "1:38: the service 'web' names the config 'c', which nothing defines; define it under 'configs:' at the top level"
            ),
            (
                "services: {web: {image: a, secrets: [{source: s}]}}",
                "1:38: the service 'web' names the secret 's', which nothing defines; define it under 'secrets:' at the top level"
            ),
            (
                "services: {web: {image: a, volumes: [\"data:/x\"]}}",
                "1:38: the service 'web' names the volume 'data', which nothing defines; define it under 'volumes:' at the top level"
            ),
            (
                "services: {web: {image: a, volumes: [\"./data:/x\"]}}",
                "1:38: the service 'web' binds './data', a path beside the compose file: the nodes have no such folder; use a config or a secret with 'file:', or an absolute path that the nodes have, such as a share's mount"
            ),
            (
                "services: {web: {image: a, volumes: [{type: bind, source: ../x, target: /x}]}}",
                "1:59: the service 'web' binds '../x', a path beside the compose file: the nodes have no such folder; use a config or a secret with 'file:', or an absolute path that the nodes have, such as a share's mount"
            ),
            (
                "services: {web: {image: a, env_file: ../x.env}}",
                "1:38: 'env_file' '../x.env' leads out of the stack's folder; put it beside the compose file"
            ),
            ("services: {web: {image: a, env_file: x.env}}", "1:38: 'env_file' 'x.env' is not there; add the file, or remove the line"),
            ("services: {web: {image: a, environment: {A: true}}}", "1:45: the variable 'A' of 'web' is the truth value true; write it in quotes"),
            (
                "services: {web: {image: \"a:${TAG?which}\"}}",
                "1:25: the variable 'TAG' is required: which; set it under 'env:' of the stack, or in .env"
            ),
            ("services: {web: {image: a, command: \"echo $\"}}", "1:37: a '$' begins no variable; write $$ for a dollar sign"),
            (
                "services: {web: {image: a, deploy: {replicas: \"${N:-many}\"}}}",
                "1:47: 'services.web.deploy.replicas' must be a whole number, not the text 'many'"
            ),
            ("services: {web: {image: a, image: b}}", "1:28: 'image' is given twice (first on line 1); keep one of the two"),
            (
                "services: [",
                "2:1: this is not YAML: while parsing a flow node did not find expected node content; look at the indentation, the quotes and the brackets here and just before"
            ),
            ("just text", "1:1: this is no compose file; it begins with 'services:'"),
        ])
    func services(_ compose: String, _ expected: String) throws { #expect(try Stack(compose: compose + "\n").refusals() == [expected]) }

    @Test(
        "ports",
        arguments: [
            ("\"80:http\"", "1:36: '80:http' is no port; write \"PUBLISHED:TARGET\" in quotes, such as \"8080:80\" or \"5000:5000/udp\""),
            ("\"70000:80\"", "1:36: '70000:80' is no port; write \"PUBLISHED:TARGET\" in quotes, such as \"8080:80\" or \"5000:5000/udp\""),
            ("\"80:80/icmp\"", "1:36: 'icmp' is no transport of a port; write tcp or udp"),
            ("{published: 80}", "1:36: a port has no 'target'; add the container's port"),
            ("{target: 80, published: 0}", "1:60: 'published' of a port must be a number from 1 to 65535, not the number 0"),
            ("{target: 80, mode: hots}", "1:55: 'hots' is no mode of a port; write ingress or host"),
            (
                "{target: 80, port: 1}",
                "1:49: Docker's stack deployment does not know the key 'services.web.ports[0].port'; look at its spelling, or remove it"
            ),
        ])
    func ports(_ port: String, _ expected: String) throws {
        #expect(try Stack(compose: "services: {web: {image: a, ports: [\(port)]}}\n").refusals() == [expected])
    }

    @Test(
        "configs, secrets and networks",
        arguments: [
            ("configs: {c: {file: ../c}}", "2:21: the file '../c' of the config 'c' leads out of the stack's folder; put it beside the compose file"),
            (
                "configs: {c: {file: /etc/shadow}}",
                "2:21: the file '/etc/shadow' of the config 'c' leads out of the stack's folder; put it beside the compose file"
            ),
            ("secrets: {s: {file: ./s}}", "2:21: the file './s' of the secret 's' is not there; add it, or mend the path"),
            ("secrets: {s: {}}", "2:11: the secret 's' says not where its content is; add 'file: ./PATH' or 'external: true'"),
            ("secrets: {s: {environment: S}}", "2:28: the variable 'S' of the secret 's' is not set; set it under 'env:' of the stack, or in .env"),
            ("configs: {c: {content: \"\"}}", "2:11: the config 'c' has 0 bytes; Docker refuses empty ones"),
            (
                "networks: {front: {external: true}}",
                "2:12: the network 'front' is external, and nothing makes it; add 'front: {}' to 'networks' of the cluster file"
            ),
            (
                "networks: {front.end: {}}",
                "2:12: 'shop_front.end' cannot be the name of a network; letters, digits, inner '-' and '_', at most 63, and none of Docker's own: bridge, container, default, docker_gwbridge, host, ingress, none"
            ),
            (
                "volumes: {\"data/x\": {}}",
                "2:11: 'shop_data/x' cannot be the name of a volume; a letter or digit, then letters, digits, '-', '_' and '.'"
            ),
            ("volumes: {d: {name: a}}", "2:11: 'a' cannot be the name of a volume; a letter or digit, then letters, digits, '-', '_' and '.'"),
            (
                "configs: {\"c d\": {content: x}}",
                "2:11: the config 'c d' cannot be called 'shop_c d_2d711642b726'; letters, digits, inner '-', '_' and '.', at most 64 (the stack's name, '_' and a digest are part of it)"
            ),
            (
                "secrets: {s: {content: x, name: _s}}",
                "2:33: the secret 's' cannot be called '_s_2d711642b726'; letters, digits, inner '-', '_' and '.', at most 64 (the stack's name, '_' and a digest are part of it)"
            ),
        ])
    func attachments(_ section: String, _ expected: String) throws {
        #expect(try Stack(compose: "services: {web: {image: a}}\n\(section)\n").refusals() == [expected])
    }

    @Test func aVolumesNameMayBeATemplate() throws {
        #expect(try Stack(compose: "services: {web: {image: a}}\nvolumes: {d: {name: \"d-{{.Task.Slot}}\"}}\n").refusals().isEmpty)
    }

    @Test func aBrokenEnvironmentFileIsNamed() throws {
        #expect(
            try Stack(compose: "services: {web: {image: a}}\n", files: ["shop/.env": "A=1\nB 2"]).refusals() == [
                "shop/.env:2:1: no '=' after 'B'; write NAME=value"
            ])
    }
}
