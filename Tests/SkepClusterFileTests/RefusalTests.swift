import SkepClusterFile
import Testing

/// Every refusal of a cluster file, with its exact place, words and fix.
@Suite struct RefusalTests {
    static let identityCases: [Refused] = [
        Refused([2: "kind: targett"], ["2:7: 'kind' cannot be the text 'targett'; did you mean 'target'?"]),
        Refused(
            [2: "kinds: target"],
            [
                "1:1: 'kind' is missing; add 'kind: target' or 'kind: host'",
                "2:1: unknown key 'kinds'; did you mean 'kind'?",
            ]),
        Refused([2: "kind: [target]"], ["2:7: 'kind' cannot be a list; write target or host"]),
        Refused(
            [1: "cluster: Geneva_1"],
            [
                "1:10: 'Geneva_1' cannot be the name of a cluster; lower-case letters, digits and inner hyphens, at most 40"
            ]),
        Refused([1: ""], ["2:1: 'cluster' is missing; add 'cluster: NAME'"]),
        Refused([1: "cluster:"], ["1:1: 'cluster' is empty; write 'cluster: NAME'"]),
        Refused([2: "kind: host", 13: "nfs:"], ["14:3: a host cluster has no shares: its firewall opens no NFS port; remove 'nfs'"]),
    ]

    @Test("identity", arguments: identityCases)
    func identity(_ sample: Refused) { #expect(Sample.refusals(sample.changes) == sample.expected) }

    static let audiencesCases: [Refused] = [
        Refused([3: "audiences: [1]", 4: "", 5: "", 6: ""], ["3:12: audiences must be a mapping, not a list; write 'key: value' lines or {}"]),
        Refused(
            [4: "  management: []"],
            [
                "4:3: the audience 'management' is empty: nobody could reach ssh or the coordinator; give it your own addresses"
            ]),
        Refused(
            [4: "  management:"],
            [
                "4:3: the audience 'management' is empty: nobody could reach ssh or the coordinator; give it your own addresses"
            ]),
        Refused(
            [4: ""],
            [
                "5:3: the audience 'management' is missing: nobody could reach ssh or the coordinator; "
                    + "add 'management: [ADDRESSES]' with your own addresses"
            ]),
        Refused(
            [4: "  management: 198.51.100.0/24"],
            [
                "4:15: 'audiences.management' must be a list of address ranges, not the text '198.51.100.0/24'; "
                    + "put it into brackets: [198.51.100.0/24]"
            ]),
        Refused(
            [4: "  management: [198.51.100.7/24]"],
            [
                "4:16: '198.51.100.7/24' has host bits set; write 198.51.100.0/24 for the range, or 198.51.100.7/32 for the one address"
            ]),
        Refused(
            [4: "  management: [198.51.100.0/33]"],
            [
                "4:16: '198.51.100.0/33' is no address range; the part after '/' is a number from 0 to 32"
            ]),
        Refused([4: "  management: [office]"], ["4:16: 'office' is no address range; write one like 198.51.100.0/24; names are not looked up"]),
        Refused([4: "  management: [2001:zz::/32]"], ["4:16: '2001:zz::/32' is no address range; write one like 2001:db8::/32, in quotes"]),
        Refused([5: "  cluster: [10.0.0.0/8]"], ["5:3: the audience 'cluster' is the enrolled nodes and is filled by itself; remove it"]),
        Refused([5: "  node: [10.0.0.0/8]"], ["5:3: unknown audience 'node'; did you mean 'nodes'?"]),
        Refused([4: "  management: [12]"], ["4:16: '12' is no address range; write one like 198.51.100.0/24; names are not looked up"]),
        Refused([4: "  management: [198.51.100.0/24, {a: b}]"], ["4:33: an address range must be a text such as 198.51.100.0/24, not a mapping"]),
    ]

    @Test("audiences", arguments: audiencesCases)
    func audiences(_ sample: Refused) { #expect(Sample.refusals(sample.changes) == sample.expected) }

    static let nodesAndManagersCases: [Refused] = [
        Refused(
            [7: "managers: 2"],
            [
                "7:11: 2 is no number of managers: it must be odd, so that a majority is left when one is lost; write 1 or 3"
            ]),
        Refused(
            [7: "managers: 0"],
            [
                "7:11: 0 is no number of managers: it must be odd, so that a majority is left when one is lost; write 1, 3 or 5"
            ]),
        Refused([7: "managers: three"], ["7:11: 'managers' must be a whole number, not the text 'three'"]),
        Refused([7: "managers: 5"], ["7:11: 'managers' is 5, but only 3 nodes may be managers; add nodes, or write a smaller odd number"]),
        Refused(
            [7: "managers: -1"],
            [
                "7:11: -1 is no number of managers: it must be odd, so that a majority is left when one is lost; write 1, 3 or 5"
            ]),
        Refused(
            [7: "managers: 1", 10: "  n2: {role: manager}"],
            [
                "10:14: 2 nodes have 'role: manager', but 'managers' is 1; mark fewer, or remove 'managers'"
            ]),
        Refused(
            [7: "", 10: "  n2: {role: manager}"],
            [
                "10:14: 2 nodes have 'role: manager': their number must be odd, so that a majority is left when one is lost; "
                    + "mark one more, or one fewer"
            ]),
        Refused(
            [9: "  n1: {role: worker}", 10: "  n2: {role: worker}", 11: "  n3: {role: worker}"],
            [
                "7:11: 'managers' is 1, but only 0 nodes may be managers; add nodes, or write a smaller odd number"
            ]),
        Refused(
            [8: "nodes: {}", 9: "", 10: "", 11: ""],
            [
                "7:11: 'managers' is 1, but only 0 nodes may be managers; add nodes, or write a smaller odd number",
                "8:8: 'nodes' names no node; write one line for each machine: 'n1: {}'",
                "14:11: 'nfs.server' names the unknown node 'n1'; known are: ",
                "16:37: 'nfs.shares.data.write' names the unknown node 'n1'; known are: ",
            ]),
        Refused([9: "  n1: {role: leader}"], ["9:14: 'nodes.n1.role' cannot be the text 'leader'; write manager or worker"]),
        Refused(
            [10: "  N_2: {}"],
            [
                "10:3: 'N_2' cannot be the name of a node; lower-case letters, digits and inner hyphens, at most 63 (it becomes a host name)"
            ]),
        Refused([10: "  n1: {}"], ["10:3: 'n1' is given twice (first on line 9); keep one of the two"]),
        Refused([10: "  n2: worker"], ["10:7: nodes.n2 must be a mapping, not the text 'worker'; write 'key: value' lines or {}"]),
        Refused([10: "  n2: {rol: manager}"], ["10:8: unknown key 'rol' in nodes.n2; did you mean 'role'?"]),
        Refused(
            [10: "  n2: {labels: {\"bad label\": x}}"],
            [
                "10:17: 'bad label' cannot be a node's label; first a letter or '_', then letters, digits, '.', '-' and '_', 2 to 128 in"
                    + " all (swarm's constraints know no others)"
            ]),
        Refused(
            [10: "  n2: {labels: {com.docker.x: x}}"],
            [
                "10:17: 'com.docker.x' cannot be a node's label; 'com.docker.…' is kept by Docker for itself"
            ]),
        Refused([10: "  n2: {labels: {skep.x: x}}"], ["10:17: 'skep.x' cannot be a node's label; 'skep.…' is kept by Skep for itself"]),
        Refused(
            [10: "  n2: {labels: {zone: \"a;b\"}}"],
            [
                "10:23: 'a;b' cannot be a label's value; letters, digits, spaces and : - _ . / are what swarm's constraints can compare,"
                    + " at most 256"
            ]),
        Refused([10: "  n2: {labels: {zone: [a]}}"], ["10:23: the label 'zone' must be a text, not a list"]),
        Refused(
            [10: "  n2: {sysctls: {vm: 1}}"],
            [
                "10:18: 'vm' cannot be set as a sysctl; Linux names them like vm.max_map_count or net.core.somaxconn"
            ]),
        Refused(
            [10: "  n2: {sysctls: {kernel.core_pattern: \"|/bin/sh\"}}"],
            [
                "10:18: 'kernel.core_pattern' cannot be set as a sysctl; it names a program that the kernel runs as root, and a cluster "
                    + "file cannot run programs"
            ]),
        Refused([10: "  n2: {sysctls: {vm.swappiness: {a: 1}}}"], ["10:33: the sysctl 'vm.swappiness' must be a number or a text, not a mapping"]),
        Refused(
            [10: "  n2: {sysctls: {vm.swappiness: \"a\\nb\"}}"],
            [
                "10:33: 'a?b' cannot be the value of vm.swappiness; one line of printable ASCII, at most 256 characters"
            ]),
        Refused(
            [10: "  n2: {sysctls: {net.ipv4.ip_forward: 0}}"],
            [
                "10:39: '0' cannot be the value of net.ipv4.ip_forward; Docker needs it to be 1"
            ]),
        Refused(
            [10: "  n2: {sysctls: {../x.y: 0}}"],
            [
                "10:18: '../x.y' cannot be set as a sysctl; Linux names them like vm.max_map_count or net.core.somaxconn"
            ]),
        Refused([9: "  n1: {role: manager, role: worker}"], ["9:23: 'role' is given twice (first on line 9); keep one of the two"]),
    ]

    @Test("nodes and managers", arguments: nodesAndManagersCases)
    func nodesAndManagers(_ sample: Refused) { #expect(Sample.refusals(sample.changes) == sample.expected) }

    static let dockerCases: [Refused] = [
        Refused(
            [12: "docker: {tls-api: {names: [a b]}}"],
            [
                "12:28: 'a b' is no host name and no address; write swarm.example.com or 203.0.113.7"
            ]),
        Refused(
            [12: "docker: {package: docker-ce}"],
            [
                "12:19: 'docker.package': docker-ce comes in a later release; remove it, or write docker.io"
            ]),
        Refused([12: "docker: {package: dokcer.io}"], ["12:19: 'docker.package' cannot be the text 'dokcer.io'; did you mean 'docker.io'?"]),
        Refused(
            [12: "docker: {hold: \"true\"}"],
            [
                "12:16: 'docker.hold' must be true or false, not the text 'true'; write true or false without quotes"
            ]),
        Refused(
            [12: "docker: {address-pool: 10.0.0.0/24}"],
            [
                "12:24: '10.0.0.0/24' cannot be the swarm's address pool; write an IPv4 range from /8 to /22: each network takes a /24 of it"
            ]),
        Refused(
            [12: "docker: {address-pool: 10.0.0.1/16}"],
            [
                "12:24: '10.0.0.1/16' has host bits set; write 10.0.0.0/16 for the range, or 10.0.0.1/32 for the one address"
            ]),
        Refused(
            [12: "docker: {data-path-port: 80}"],
            [
                "12:26: 'docker.data-path-port' is 80; from 1024 to 49151: Docker's own limits for the data-path port"
            ]),
        Refused(
            [12: "docker: {data-path-port: 7443}"],
            [
                "12:26: 'docker.data-path-port' is 7443, which belongs to the coordinator; write auto, or a port that nobody else has"
            ]),
        Refused(
            [12: "docker: {data-path-port: 31000}"],
            [
                "12:26: 'docker.data-path-port' is 31000, which belongs to the swarm's automatic ports; write auto, or a port that nobody else has"
            ]),
        Refused(
            [12: "docker: {data-path-port: 33334}", 14: "  server: n1\n  v3: true"],
            [
                "12:26: 'docker.data-path-port' is 33334, which belongs to NFS version 3; write auto, or a port that nobody else has"
            ]),
        Refused([12: "docker: {mtu: big}"], ["12:15: 'docker.mtu' must be auto or a whole number, not the text 'big'"]),
        Refused(
            [12: "docker: {registries: {mirrors: [hub.example]}}"],
            [
                "12:33: 'hub.example' is no mirror that Docker takes; write https://HOST or http://HOST:PORT, with nothing after it"
            ]),
        Refused(
            [12: "docker: {registries: {mirrors: [\"https://hub.example/x\"]}}"],
            [
                "12:33: 'https://hub.example/x' is no mirror that Docker takes; write https://HOST or http://HOST:PORT, with nothing after it"
            ]),
        Refused([12: "docker: {registries: {insecure: [\"http://a\"]}}"], ["12:34: 'http://a' is no registry; write HOST:PORT, without http://"]),
        Refused(
            [12: "docker: {registries: {authorities: {https://r.io: ./ca.crt}}}"],
            ["12:37: 'https://r.io' is no registry's host; write it as in the images' names: HOST.DOMAIN or HOST:PORT"]),
        Refused(
            [12: "docker: {registries: {authorities: {r.io: /etc/ca.crt}}}"],
            ["12:43: 'docker.registries.authorities.r.io' '/etc/ca.crt' is absolute; name it relative to the cluster file"]),
        Refused(
            [12: "docker: {registries: {insecure: [\"r.io:80\"], authorities: {\"r.io:80\": ca.crt}}}"],
            ["12:60: 'r.io:80' is among 'docker.registries.insecure' as well, where no certificate is checked; keep one of the two"]),
        Refused(
            [12: "docker: {registries: {logins: {index.docker.io: {user: a, password-file: p}}}}"],
            ["12:32: 'index.docker.io' is no registry's host; Docker Hub's is docker.io"]),
        Refused(
            [12: "docker: {registries: {logins: {r.io: {user: a}}}}"],
            ["12:38: 'docker.registries.logins.r.io.password-file' is missing; add 'password-file: ./FILE'"]),
        Refused([12: "docker: {registries: {mirors: []}}"], ["12:23: unknown key 'mirors' in docker.registries; did you mean 'mirrors'?"]),
        Refused(
            [12: "docker: {hold: true"],
            [
                "13:4: this is not YAML: while parsing a flow mapping did not find expected ',' or '}'; "
                    + "look at the indentation, the quotes and the brackets here and just before"
            ]),
        Refused(
            [12: "\tdocker: {}"],
            [
                "12:1: this is not YAML: while scanning for the next token found character that cannot start any token; "
                    + "look at the indentation, the quotes and the brackets here and just before"
            ]),
    ]

    @Test("docker", arguments: dockerCases)
    func docker(_ sample: Refused) { #expect(Sample.refusals(sample.changes) == sample.expected) }

    static let sharesCases: [Refused] = [
        Refused([14: "  server: n4"], ["14:11: 'nfs.server' names the unknown node 'n4'; did you mean 'n1'?"]),
        Refused([14: "  server: [n1]"], ["14:11: 'nfs.server' names the unknown node a list; known are: n1, n2, n3"]),
        Refused([14: ""], ["15:3: 'nfs.server' is missing; add 'server: NODE'"]),
        Refused([16: "    data: {write: [n1]}"], ["16:11: 'nfs.shares.data.path' is missing; add 'path: /nfs-root'"]),
        Refused([16: "    data: {path: nfs-root}"], ["16:18: 'nfs.shares.data.path' 'nfs-root' is not absolute; begin it with '/'"]),
        Refused([16: "    data: {path: /nfs/../etc}"], ["16:18: 'nfs.shares.data.path' '/nfs/../etc' contains '..'; write where it leads to"]),
        Refused(
            [16: "    data: {path: /etc/x}"],
            [
                "16:18: 'nfs.shares.data.path' '/etc/x' belongs to the system; name a folder of its own, such as /nfs-root or /srv/data"
            ]),
        Refused(
            [16: "    data: {path: /}"],
            [
                "16:18: 'nfs.shares.data.path' '/' is the whole file system; name a folder of its own, such as /nfs-root"
            ]),
        Refused([16: "    data: {path: /a//b/}"], ["16:18: 'nfs.shares.data.path' '/a//b/' has needless parts; write /a/b"]),
        Refused(
            [16: "    data: {path: \"/a b\"}"],
            [
                "16:18: 'nfs.shares.data.path' '/a b' has characters that exports and mounts cannot carry; "
                    + "use letters, digits, '.', '_' and '-', at most 255"
            ]),
        Refused(
            [16: "    data: {path: /nfs-root, write: [n1, n9, n1]}"],
            [
                "16:41: 'nfs.shares.data.write' names the unknown node 'n9'; did you mean 'n1'?",
                "16:45: the node 'n1' is given twice; remove one",
            ]),
        Refused(
            [16: "    data: {path: /nfs-root, owner: nobody}"],
            [
                "16:36: 'nobody' is no owner; write \"UID:GID\" in numbers and quotes, such as \"65534:65534\""
            ]),
        Refused(
            [16: "    data: {path: /nfs-root, mode: \"0999\"}"],
            [
                "16:35: '0999' is no mode; write three or four octal digits in quotes, such as \"0750\""
            ]),
        Refused([16: "    data: {path: /nfs-root, clients: all}"], ["16:38: 'nfs.shares.data.clients' cannot be the text 'all'; write cluster"]),
        Refused(
            [16: "    data: {path: /nfs-root, mount: /nfs-root/x}"],
            [
                "16:36: the mount '/nfs-root/x' overlaps the path '/nfs-root' of the same share; use the same path, or one elsewhere"
            ]),
        Refused(
            [17: "    more: {path: /nfs-root}"],
            [
                "17:18: the path '/nfs-root' of the share 'more' is also the path '/nfs-root' of 'data'; give each share a folder of its own"
            ]),
        Refused(
            [17: "    more: {path: /nfs-root/more}"],
            [
                "17:18: the path '/nfs-root/more' of the share 'more' overlaps the path '/nfs-root' of 'data'; give each share a folder of its own"
            ]),
        Refused(
            [17: "    more: {path: /srv/more, mount: /nfs-root}"],
            [
                "17:36: the mount '/nfs-root' of the share 'more' is also the mount '/nfs-root' of 'data'; give each share a folder of its own"
            ]),
        Refused(
            [17: "    More: {path: /srv/more}"],
            [
                "17:5: 'More' cannot be the name of a share; lower-case letters, digits and inner hyphens, at most 40"
            ]),
        Refused([17: "    more: {path: /srv/more, mount: ../x}"], ["17:36: 'nfs.shares.more.mount' '../x' is not absolute; begin it with '/'"]),
        Refused([17: "    data: {path: /srv/more}"], ["17:5: 'data' is given twice (first on line 16); keep one of the two"]),
    ]

    @Test("shares", arguments: sharesCases)
    func shares(_ sample: Refused) { #expect(Sample.refusals(sample.changes) == sample.expected) }

    static let firewallCases: [Refused] = [
        Refused([18: "firewall: {allow: {99999: [management]}}"], ["18:20: the port 99999 is out of range; ports go from 1 to 65535"]),
        Refused([18: "firewall: {allow: {9010-9000: [management]}}"], ["18:20: the port 9010-9000 runs backwards; write 9000-9010"]),
        Refused(
            [18: "firewall: {allow: {http: [management]}}"],
            [
                "18:20: 'http' is no port; write a number such as 9100, a range such as 9000-9010, or 9100/udp"
            ]),
        Refused(
            [18: "firewall: {allow: {9100/icmp: [management]}}"],
            [
                "18:20: 'icmp' is no transport; write /tcp, /udp or /tcp+udp; tcp is meant when there is none"
            ]),
        Refused(
            [18: "firewall: {allow: {9100: management}}"],
            [
                "18:26: 'firewall.allow.9100' must be a list of audiences, not the text 'management'; put it into brackets: [management]"
            ]),
        Refused(
            [18: "firewall: {allow: {9100: [everyone]}}"],
            [
                "18:27: unknown audience 'everyone'; known are: management, nodes, nuvla, users, cluster"
            ]),
        Refused(
            [18: "firewall: {allow: {9100: []}}"],
            [
                "18:26: 'firewall.allow.9100' opens a port to nobody; name an audience, or remove the port"
            ]),
        Refused(
            [18: "firewall: {allow: {22: [users]}}"],
            [
                "18:20: port 22 belongs to ssh and is decided by the cluster's kind; put the addresses into the audience that may come to it"
            ]),
        Refused(
            [18: "firewall: {allow: {9100: [users], 9000-9200: [users]}}"],
            [
                "18:35: port 9000-9200 is opened twice: 'firewall.allow' opens it too; keep one of the two"
            ]),
        Refused(
            [12: "docker: {data-path-port: 9100}"],
            [
                "18:20: port 9100 is kept for the swarm's data path; open another port, or choose another 'docker.data-path-port'"
            ]),
        Refused(
            [12: "docker: {data-path-port: 8443}"],
            [
                "22:85: port 8443 is kept for the swarm's data path; open another port, or choose another 'docker.data-path-port'"
            ]),
        Refused(
            [18: "firewall: {allow: {7789/udp: [users]}}"],
            [
                "18:20: port 7789 is kept for the swarm's data path; open another port, or choose another 'docker.data-path-port'"
            ]),
        Refused(
            [14: "  server: n1\n  v3: true", 18: "firewall: {allow: {33333: [users]}}"],
            [
                "19:20: port 33333 belongs to NFS version 3 and is decided by the cluster's kind; "
                    + "put the addresses into the audience that may come to it"
            ]),
        Refused([18: "firewall: {alow: {}}"], ["18:12: unknown key 'alow' in firewall; did you mean 'allow'?"]),
        Refused([18: "firewall: {allow: {9100: [users, users]}}"], ["18:34: the audience 'users' is given twice; remove one"]),
        Refused([18: "firewall: {allow: {0: [users]}}"], ["18:20: the port 0 is out of range; ports go from 1 to 65535"]),
    ]

    @Test("firewall", arguments: firewallCases)
    func firewall(_ sample: Refused) { #expect(Sample.refusals(sample.changes) == sample.expected) }

    static let networksCases: [Refused] = [
        Refused(
            [19: "networks: {ingress: {}, public: {}}"],
            [
                "19:12: 'ingress' cannot be the name of a network; letters, digits, inner '-' and '_', at most 63, and none of Docker's own: "
                    + "bridge, container, default, docker_gwbridge, host, ingress, none"
            ]),
        Refused(
            [19: "networks: {public: {}, a.b: {}}"],
            [
                "19:24: 'a.b' cannot be the name of a network; letters, digits, inner '-' and '_', at most 63, and none of Docker's own: "
                    + "bridge, container, default, docker_gwbridge, host, ingress, none"
            ]),
        Refused([19: "networks: {public: {atachable: true}}"], ["19:21: unknown key 'atachable' in networks.public; did you mean 'attachable'?"]),
        Refused(
            [19: "networks: {public: {subnet: 10.9.0.0/24}, other: {subnet: 10.9.0.0/16}}"],
            [
                "19:59: '10.9.0.0/16' overlaps the subnet of the network 'public'; give each network a range of its own"
            ]),
        Refused([19: "networks: {publik: {}}"], ["21:57: 'stacks.traefik.network' names the unknown network 'public'; did you mean 'publik'?"]),
    ]

    @Test("networks", arguments: networksCases)
    func networks(_ sample: Refused) { #expect(Sample.refusals(sample.changes) == sample.expected) }

    static let stacksCases: [Refused] = [
        Refused(
            [21: "  traefik: {from: catalogue, tls: acme, network: public}"],
            [
                "21:35: 'stacks.traefik.tls' cannot be the text 'acme'; write self-signed or given"
            ]),
        Refused([21: "  traefik: {from: catalogue}"], ["21:12: 'stacks.traefik.network' is missing; add 'network: NETWORK', one of 'networks'"]),
        Refused([21: "  traefik: {from: shop, network: public}"], ["21:19: 'stacks.traefik.from' cannot be the text 'shop'; write catalogue"]),
        Refused(
            [21: "  traefik: {from: catalogue, network: public, env: {VERSION: v3}}"],
            [
                "21:53: the catalogue's 'traefik' has no option 'VERSION'; it has: TRAEFIK_LOG_LEVEL, TRAEFIK_VERSION"
            ]),
        Refused(
            [21: "  traefik: {from: catalogue, network: public, tls: given}"],
            [
                "21:52: 'stacks.traefik.tls' says that a certificate is given, and there is none; "
                    + "add files: {certificate: ./FILE.crt, key: ./FILE.key}"
            ]),
        Refused(
            [21: "  traefik: {from: catalogue, network: public, files: {certificate: a.pem, chain: b.pem}}"],
            [
                "21:54: 'stacks.traefik.files' has no 'key'; give all of certificate, key",
                "21:75: the catalogue's 'traefik' takes no file 'chain'; it takes: certificate, key",
            ]),
        Refused(
            [21: "  traefik: {from: catalogue, network: public, node: n1, share: data, backend: public}"],
            [
                "21:53: the catalogue's 'traefik' takes no 'node'; remove it", "21:64: the catalogue's 'traefik' takes no share; remove it",
                "21:79: the catalogue's 'traefik' takes no 'backend'; remove it",
            ]),
        Refused(
            [22: "  s3: {from: catalogue, env: {S3_SERVER: ceph}}"],
            [
                "22:7: 'stacks.s3.share' is missing; add 'share: SHARE', one of 'nfs.shares'",
                "22:42: 'S3_SERVER' cannot be 'ceph'; it is one of rclone, minio, minio-console",
            ]),
        Refused(
            [22: "  traefik-acme: {from: catalogue, env: {ACME_EMAIL: a@b.c}, node: n9}"],
            [
                "22:17: the catalogue's 'traefik-acme' needs the variable 'ACME_DOMAIN'; add it to 'stacks.traefik-acme.env'",
                "22:67: 'stacks.traefik-acme.node' names the unknown node 'n9'; did you mean 'n1'?",
            ]),
        Refused(
            [22: "  grafana: {from: catalogue}"],
            [
                "22:19: the catalogue has no 'grafana'; it has: \(CatalogueIndex.entries.map(\.name).joined(separator: ", ")); "
                    + "a stack of your own is named by 'compose:'"
            ]),
        Refused(
            [22: "  shop: {compose: ../shop/compose.yml}"],
            [
                "22:19: 'stacks.shop.compose' '../shop/compose.yml' contains '..'; put the stack's folder beside the cluster file"
            ]),
        Refused(
            [22: "  shop: {compose: /shop/compose.yml}"],
            [
                "22:19: 'stacks.shop.compose' '/shop/compose.yml' is absolute; name it relative to the cluster file"
            ]),
        Refused(
            [22: "  shop: {}"],
            [
                "22:3: the stack 'shop' says not what it is; add 'compose: ./FOLDER/docker-compose.yml' or 'from: catalogue'"
            ]),
        Refused([22: "  shop: {compose: a.yml, from: catalogue}"], ["22:32: the stack 'shop' has both 'from' and 'compose'; keep one of the two"]),
        Refused(
            [22: "  shop: {compose: a.yml, after: [trafik]}"],
            [
                "22:34: 'stacks.shop.after' names the unknown stack 'trafik'; did you mean 'traefik'?"
            ]),
        Refused(
            [22: "  shop: {compose: a.yml, after: traefik}"],
            [
                "22:33: 'stacks.shop.after' must be a list, not the text 'traefik'; put it into brackets: [traefik]"
            ]),
        Refused([22: "  shop: {compose: a.yml, share: dta}"], ["22:33: 'stacks.shop.share' names the unknown share 'dta'; did you mean 'data'?"]),
        Refused(
            [22: "  shop: {compose: a.yml, expose: {9100: [users]}}"],
            [
                "22:35: port 9100 is opened twice: 'firewall.allow' opens it too; keep one of the two"
            ]),
        Refused(
            [22: "  shop: {compose: a.yml, env: {\"A-B\": x}}"],
            [
                "22:32: 'A-B' cannot be a variable's name; first a letter or '_', then letters, digits and '_'"
            ]),
        Refused([22: "  shop: {compose: a.yml, env: {A: [x]}}"], ["22:35: the variable 'A' must be a text, not a list"]),
        Refused(
            [22: "  shop: {compose: a.yml, network: public, tls: self-signed}"],
            [
                "22:35: 'stacks.shop.network' is an option of the catalogue's stacks; "
                    + "remove it, and name the network in the compose file as 'external: true'",
                "22:48: 'stacks.shop.tls' is an option of the catalogue's stacks; remove it",
            ]),
        Refused(
            [22: "  Shop: {compose: a.yml}"],
            [
                "22:3: 'Shop' cannot be the name of a stack; lower-case letters, digits and inner hyphens, at most 40 (Docker puts it be"
                    + "fore service names)"
            ]),
        Refused(
            [21: "  traefik: {from: catalogue, network: public, after: [shop]}"],
            [
                "22:66: 'after' runs in a cycle: traefik → shop → traefik; remove one of these"
            ]),
        Refused([22: "  shop: {compose: a.yml, after: [shop]}"], ["22:34: 'after' runs in a cycle: shop → shop; remove one of these"]),
        Refused(
            [21: "  a: {compose: a.yml, after: [b]}", 22: "  b: {compose: b.yml, after: [c]}\n  c: {compose: c.yml, after: [a]}"],
            [
                "23:31: 'after' runs in a cycle: a → b → c → a; remove one of these"
            ]),
    ]

    @Test("stacks", arguments: stacksCases)
    func stacks(_ sample: Refused) { #expect(Sample.refusals(sample.changes) == sample.expected) }

    static let policyAndYAMLItselfCases: [Refused] = [
        Refused([23: "policy: {drills: yes}"], ["23:18: 'policy.drills' cannot be the truth value yes; write forbidden or allowed"]),
        Refused(
            [23: "policy: {drained-by-hand: undo}"],
            [
                "23:27: 'policy.drained-by-hand' cannot be the text 'undo'; write show or restore"
            ]),
        Refused(
            [23: "policy: {restart-docker: ask}"],
            ["23:26: 'policy.restart-docker': ask comes in a later release; remove it, or write never or quorum-safe"]),
        Refused(
            [23: "policy: {approval: maybe}"],
            [
                "23:20: 'policy.approval' must be true or false, not the text 'maybe'; write true or false without quotes"
            ]),
        Refused([23: "polcy: {}"], ["23:1: unknown key 'polcy'; did you mean 'policy'?"]),
        Refused([23: "kind: host"], ["23:1: 'kind' is given twice (first on line 2); keep one of the two"]),
        Refused(
            [18: "firewall: {allow: {9100: [management], \"9100\": [users]}}"],
            ["18:40: '9100' is given twice (first on line 18); keep one of the two"]),
        Refused(
            [22: "  shop: {compose: a.yml, env: {on: a, \"on\": b}}"],
            ["22:39: 'on' is given twice (first on line 22); keep one of the two"]),
        Refused(
            [23: "policy: *none"],
            [
                "23:9: this is not YAML: found undefined alias; look at the indentation, the quotes and the brackets here and just before"
            ]),
        Refused([23: "<<: 3"], ["23:5: '<<' merges the number 3; give it a mapping"]),
    ]

    @Test("policy and YAML itself", arguments: policyAndYAMLItselfCases)
    func policyAndYAMLItself(_ sample: Refused) { #expect(Sample.refusals(sample.changes) == sample.expected) }
}

/// Lines of the sample that are replaced, and what is then said.
struct Refused: Sendable, CustomTestStringConvertible {
    let changes: [Int: String]
    let expected: [String]
    init(_ changes: [Int: String], _ expected: [String]) {
        self.changes = changes
        self.expected = expected
    }
    var testDescription: String { expected.first ?? "nothing" }
}
