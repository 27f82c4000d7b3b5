internal import AgentCore
internal import SkepModel

/// What each drill does to a machine, as a shell script that is run outside of the agent's sandbox. A drill is one of a closed list, and nothing of an
/// operator's text gets into it: paths and addresses are those of the node spec, quoted.
struct DrillScript {
    let drill: Drill
    let name: DrillName
    let target: DrillTarget
    /// Where the moment is written at which it was broken.
    let stamp: String
    let dataFolder: String
    let daemonConfig: String
    let agent: Int32
    let hasSystemd: Bool

    /// First what undoes it later, if that is nobody's else to do, then the moment, then the break.
    var text: String {
        var lines = ["set -eu", preparation].filter { !$0.isEmpty }
        if let hold = name.hold, !undoing.isEmpty { lines.append(later(hold)) }
        lines += [immediatelyBefore, "printf '%s %s\\n' \(Self.quoted(drill.id)) \"$(cut -d' ' -f1 /proc/uptime)\" >\(Self.quoted(stamp))", breaking]
        return lines.filter { !$0.isEmpty }.joined(separator: "\n") + "\n"
    }

    private var preparation: String {
        switch name {
        case .coordinatorStop:
            hasSystemd
                ? "systemctl is-active --quiet skep-coordinator || { echo 'no coordinator runs on this node' >&2; exit 1; }"
                : "echo 'the coordinator is no service here' >&2; exit 1"
        case .addressChange: readdressing
        case .clockSkew: "began=$(($(date +%s) - $(cut -d. -f1 /proc/uptime)))"
        case .diskFull:
            """
            set -- $(df --output=size,avail -B1 \(Self.quoted(dataFolder)) | tail -n 1)
            room=$(($2 - $1 * 7 / 100))
            [ "$room" -gt 0 ] || { echo 'the disk is fuller than 93 % already' >&2; exit 1; }
            """
        case .shareServerStop where !hasSystemd, .dockerConfigBroken where !hasSystemd: "echo 'there is no systemd here' >&2; exit 1"
        case .firewallFlush, .firewallEdit, .shareUnmount, .shareServerStop, .shareFreeze, .dockerKill, .dockerConfigBroken, .swarmLeave, .agentKill:
            ""
        }
    }

    private var undoing: String {
        switch name {
        case .shareFreeze: "nft delete table inet skep-drill"
        case .addressChange: swap(drill.to, drill.from)
        case .coordinatorStop: "systemctl start skep-coordinator"
        case .clockSkew:
            // unless something that keeps the time was there first
            "now=$((began + $(cut -d. -f1 /proc/uptime))); off=$(($(date +%s) - now)); [ $((off * off)) -le 3600 ] || date -s @$now"
        case .diskFull: "rm -f \(Self.quoted(filler))"
        case .firewallFlush, .firewallEdit, .shareUnmount, .shareServerStop, .dockerKill, .dockerConfigBroken, .swarmLeave, .agentKill: ""
        }
    }

    /// What is not what the drill is about.
    private var immediatelyBefore: String { name == .coordinatorStop ? "systemctl stop skep-coordinator" : "" }

    private var breaking: String {
        switch name {
        case .firewallFlush: "nft flush table inet skep"
        case .firewallEdit: "nft insert rule inet skep prerouting accept"
        case .coordinatorStop: "nft delete table inet skep"
        case .shareUnmount: "umount --lazy \(Self.quoted(target.path ?? ""))"
        case .shareServerStop: "systemctl stop nfs-server"
        case .shareFreeze: freeze
        case .dockerKill: "kill -9 \"$(cat /run/docker.pid)\""
        case .dockerConfigBroken: "echo '{ broken by a drill' >\(Self.quoted(daemonConfig))\nsystemctl restart docker || true"
        case .swarmLeave: "docker swarm leave --force"
        case .addressChange: swap(drill.from, drill.to)
        case .agentKill: "kill -9 \(agent)"
        case .clockSkew: "date -s '+2 hours' >/dev/null"
        case .diskFull: "fallocate -l \"$room\" \(Self.quoted(filler))"
        }
    }

    /// Finds the interface and the prefix of the address that is changed.
    private var readdressing: String {
        guard let from = drill.from, drill.to != nil else { return "echo 'the drill names no addresses' >&2; exit 1" }
        return """
            set -- $(ip -o address show | awk -v a=\(from) '{ split($4, p, "/"); if (p[1] == a) print $2, p[2] }')
            [ $# = 2 ] || { echo 'this machine has no address \(from)' >&2; exit 1; }
            link=$1 prefix=$2
            ip \(Self.family(from)) route show dev $link >\(Self.quoted(routes))
            """
    }

    /// With an address go the routes that were made for it, and with the first of a network the others of it, unless the kernel promotes them.
    private var routes: String { stamp + ".routes" }

    private static func family(_ address: IPAddress) -> String { address.isV4 ? "-4" : "-6" }

    private func swap(_ from: IPAddress?, _ to: IPAddress?) -> String {
        guard let from, let to else { return "exit 1" }
        // each by itself: whatever was there before, this comes of it
        return """
            ip address delete \(from)/$prefix dev $link || true
            ip address add \(to)/$prefix dev $link || true
            sed 's/ src \(from)\\>/ src \(to)/' \(Self.quoted(routes)) | while read -r route; do ip \(Self.family(to)) route replace $route dev $link || true; done
            """
    }

    private var freeze: String {
        let server = target.server ?? .v4(0)
        let family = server.isV4 ? "ip" : "ip6"
        return """
            nft -f - <<'END'
            table inet skep-drill {
                chain out { type filter hook output priority -300; \(family) daddr \(server) tcp dport 2049 drop; }
                chain in { type filter hook input priority -300; \(family) saddr \(server) tcp sport 2049 drop; }
            }
            END
            """
    }

    private var filler: String { dataFolder + "/.skep-drill" }

    /// No `${…}` in it, which systemd would take for a variable of its own (systemd.service(5), "command lines").
    ///
    /// Beside this script, so that it comes whatever becomes of this one and of the agent.
    private func later(_ seconds: Int) -> String {
        // the shell puts in what it found; the rest is for the other shell
        let found =
            switch name {
            case .clockSkew: "\"began=$began; \""
            case .addressChange: "\"link=$link prefix=$prefix; \""
            default: ""
            }
        let given = found + Self.quoted(undoing)
        guard hasSystemd else { return "(sleep \(seconds); exec sh -c \(given)) </dev/null >/dev/null 2>&1 &" }
        return """
            ! systemctl is-active --quiet skep-drill-undo.timer || { echo 'an earlier drill is not undone yet' >&2; exit 1; }
            systemd-run --quiet --collect --unit=skep-drill-undo --on-active=\(seconds) --timer-property=AccuracySec=100ms /bin/sh -c \(given)
            """
    }

    static func quoted(_ text: String) -> String {
        "'" + text.split(separator: "'", omittingEmptySubsequences: false).joined(separator: "'\\''") + "'"
    }
}
