public import SkepModel

/// Renders what a share needs on disk: exports, the server's settings, mount units.
public enum ShareRenderer {
    /// /etc/exports.d/skep.exports: exactly the enrolled nodes, each by its address.
    ///
    /// The client's root becomes the folder's owner, so that a node that may write can, and nobody is root on the server (exports(5)).
    public static func exports(_ shares: NodeSpec.Shares) -> String {
        var lines = ["# Written by skep-agent; a change here is put back."]
        for export in shares.exports.sorted(by: { $0.path < $1.path }) where !export.clients.isEmpty {
            let owner = export.owner.split(separator: ":")
            let squash = owner.count == 2 ? ",anonuid=\(owner[0]),anongid=\(owner[1])" : ""
            let clients = export.clients.sorted { $0.address < $1.address }.map { client in
                "\(client.address)(\(client.write ? "rw" : "ro"),sync,no_subtree_check,sec=sys,root_squash\(squash),fsid=\(export.fsid))"
            }
            lines.append("\(quoted(export.path)) \(clients.joined(separator: " "))")
        }
        return lines.joined(separator: "\n") + "\n"
    }

    /// /etc/nfs.conf.d/skep.conf: version 4 only unless 3 is asked for, short lease and grace (nfs.conf(5)).
    public static func settings(v3: Bool) -> String {
        var lines = [
            "# Written by skep-agent; a change here is put back.", "[nfsd]", "vers3=\(v3 ? "y" : "n")", "vers4=y", "lease-time=10",
            "grace-time=10",
        ]
        if v3 { lines += ["[mountd]", "port=33333", "[statd]", "port=33334", "outgoing-port=33335", "[lockd]", "port=33336", "udp-port=33336"] }
        return lines.joined(separator: "\n") + "\n"
    }

    /// The unit that mounts a share over NFS (systemd.mount(5)); `hard` so that no write is lost, short timeouts so that a stall is said early.
    public static func unit(_ mount: NodeSpec.Mount, v3: Bool) -> String {
        let server = mount.server.isV4 ? "\(mount.server)" : "[\(mount.server)]"
        return """
            # Written by skep-agent; a change here is put back.
            [Unit]
            Description=Skep share \(mount.name)
            Wants=network-online.target
            After=network-online.target

            [Mount]
            What=\(server):\(escaped(mount.path))
            Where=\(escaped(mount.mount))
            Type=\(v3 ? "nfs" : "nfs4")
            Options=\(mount.write ? "rw" : "ro"),hard,timeo=50,retrans=2,_netdev,nofail
            TimeoutSec=30

            [Install]
            WantedBy=remote-fs.target

            """
    }

    /// The unit by which a server finds its own share at another path: never over NFS, which deadlocks under memory pressure.
    public static func bindUnit(_ export: NodeSpec.Export) -> String {
        """
        # Written by skep-agent; a change here is put back.
        [Unit]
        Description=Skep share \(export.name)

        [Mount]
        What=\(escaped(export.path))
        Where=\(escaped(export.mount))
        Type=none
        Options=bind

        [Install]
        WantedBy=local-fs.target

        """
    }

    /// Paths come checked; `%` alone means something to systemd.
    private static func escaped(_ path: String) -> String { path.split(separator: "%", omittingEmptySubsequences: false).joined(separator: "%%") }

    private static func quoted(_ path: String) -> String { path.contains(" ") ? "\"\(path)\"" : path }
}
