import SkepWire

/// What a fresh machine runs to become a node: it trusts the server's key alone, checks the package's SHA-256, and keeps the token out of every argument.
struct InvitationScript {
    let invitation: InviteAnswer
    let sums: [(architecture: String, sum: String)]

    init(_ invitation: InviteAnswer, sums: [(architecture: String, sum: String)]) {
        self.invitation = invitation
        self.sums = sums
    }

    /// One line for a shell.
    var line: String {
        let enrol = "printf '%s\\n' '\(invitation.token)' | $s skep-agent enrol --coordinator '\(invitation.url)' --token-stdin"
        return "(\((["s=; [ \"$(id -u)\" = 0 ] || s=sudo"] + install + [enrol]).joined(separator: " && ")))"
    }

    /// User data for cloud-init; the token is in a file that is gone afterwards.
    var cloudInit: String {
        let enrol = "skep-agent enrol --coordinator '\(invitation.url)' --token-file /run/skep-invitation"
        let commands = (["s="] + install + [enrol, "rm -f /run/skep-invitation"]).joined(separator: " && ")
        return """
            #cloud-config
            write_files:
              - path: /run/skep-invitation
                permissions: "0600"
                content: "\(invitation.token)\\n"
            runcmd:
              - |
                \(commands)
            """
    }

    private var install: [String] {
        let cases = sums.map { "\($0.architecture)) h=\($0.sum);;" }.joined(separator: " ")
        let missing = "echo \"no package of the agent for $a\" >&2; exit 1"
        return [
            "a=$(dpkg --print-architecture)", "case $a in \(cases) *) \(missing);; esac",
            "{ command -v curl >/dev/null || { $s apt-get -qq update && $s apt-get -qq install -y curl; }; }", "d=$(mktemp -d)", "chmod 755 \"$d\"",
            "curl -fsSk --pinnedpubkey '\(invitation.pin)' -o \"$d/skep-agent.deb\" '\(invitation.url)/v1/packages/agent/'\"$a\"",
            "echo \"$h  $d/skep-agent.deb\" | sha256sum -c --quiet",
            "$s env DEBIAN_FRONTEND=noninteractive apt-get -q install -y \"$d/skep-agent.deb\"", "rm -r \"$d\"",
        ]
    }
}
