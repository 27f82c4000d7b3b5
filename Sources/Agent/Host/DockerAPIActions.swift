internal import AgentCore
internal import SkepCrypto
internal import SkepModel
internal import SkepSystem

/// Docker's API over TLS. A server of its own (stunnel) stands before the engine's socket and lets in nobody but the certificates of a list, so
/// that one which was revoked is refused at once: the engine itself checks no list, and reads its authority only when it starts.
@LoopActor struct DockerAPIActions {
    let layout: HostLayout
    private var systemd: Systemd { Systemd(layout: layout) }
    private var folder: String { layout.apiFolder }
    private var unitFile: String { "\(layout.units)/\(Self.unit)" }

    static let unit = "skep-docker-api.service"
    private static let deadline = Duration.seconds(30)

    func look() async throws -> Observation.API {
        var seen = Observation.API(isThere: Files.exists(folder) || Files.exists(unitFile))
        guard seen.isThere else { return seen }
        if Files.exists(file("key.pem")) { seen.request = try text("request.pem") }
        seen.isSetUp = Files.exists(file("clients.pem"))
        guard let certificate = try text("certificate.pem"), let clients = try text("clients.pem"), let authority = try text("authority.pem"),
            clients.hasSuffix(authority), try text("stunnel.conf") == configuration,
            try Files.readIfPresent(unitFile).map({ String(decoding: $0, as: UTF8.self) }) == unitText
        else { return seen }
        seen.served = DockerAPISpec(certificate: certificate, authority: authority, clients: Self.certificates(clients).dropLast().map(\.self))
        seen.isRunning = layout.hasSystemd ? try await systemd.show(Self.unit).active == "active" : true
        return seen
    }

    /// A key that never leaves the machine, and the request for its certificate.
    func prepare(name: NodeName) throws {
        try makeFolder()
        if try Files.readIfPresent(file("key.pem")) == nil { try AtomicFile.write(file("key.pem"), try P256Key.generate().pem(), mode: 0o600) }
        let key = try P256Key(pem: try text("key.pem") ?? "")
        try AtomicFile.write(file("request.pem"), try key.request(commonName: name.rawValue), mode: 0o644)
    }

    /// Whoever is not let in any more loses the connections that are open as well; whom the list only gains has none cut.
    func serve(_ wanted: DockerAPISpec) async throws {
        guard let certificate = wanted.certificate else { throw HostFailure("there is no certificate for Docker's API yet") }
        try makeFolder()
        let former = Self.certificates((try text("clients.pem")) ?? "")
        let clients = (wanted.clients + [wanted.authority]).map(Self.line).joined()
        let isNew = try put(unitFile, unitText)
        var mustRestart = try put(file("stunnel.conf"), configuration) || isNew
        mustRestart = !Set(former).isSubset(of: Self.certificates(clients)) || mustRestart
        _ = try put(file("certificate.pem"), certificate)
        _ = try put(file("authority.pem"), Self.line(wanted.authority))
        _ = try put(file("clients.pem"), clients)
        guard layout.hasSystemd else { return }
        if isNew { try await systemd.control("daemon-reload", deadline: Self.deadline) }
        let state = try await systemd.show(Self.unit)
        if state.file != "enabled" { try await systemd.control("enable", Self.unit, deadline: Self.deadline) }
        if state.active == "active", !mustRestart {
            try await systemd.control("reload", unit: Self.unit, deadline: Self.deadline)
        } else {
            _ = try? await systemd.control("reset-failed", Self.unit)
            try await systemd.control("restart", unit: Self.unit, deadline: Self.deadline)
        }
    }

    /// The unit goes last: by it the rest is found again.
    func remove() async throws {
        if layout.hasSystemd, Files.exists(unitFile) {
            try await systemd.control("disable", Self.unit, deadline: Self.deadline)
            try await systemd.control("stop", unit: Self.unit, deadline: Self.deadline)
        }
        for name in ["key.pem", "request.pem", "certificate.pem", "authority.pem", "clients.pem", "stunnel.conf"] { try Files.remove(file(name)) }
        KernelFile.removeEmptyFolder(folder)
        guard Files.exists(unitFile) else { return }
        try Files.remove(unitFile)
        if layout.hasSystemd { try await systemd.control("daemon-reload", deadline: Self.deadline) }
    }

    /// The server, which is not root, reads what is in it.
    private func makeFolder() throws {
        for path in [String(folder.prefix(upTo: folder.lastIndex(of: "/") ?? folder.endIndex)), folder] {
            try Files.makeDirectory(path, mode: 0o755)
        }
    }

    // MARK: Texts

    /// stunnel(8). `verifyPeer` lets in the certificates of the file and no other, `verifyChain` none that has ended.
    private var configuration: String {
        """
        # Written by skep-agent.
        foreground = yes
        pid =
        syslog = no
        debug = notice
        socket = l:SO_REUSEADDR=1

        [docker]
        accept = \(Files.exists("/proc/net/if_inet6") ? ":::" : "")\(DockerAPISpec.port)
        connect = \(layout.dockerSocket)
        cert = \(file("certificate.pem"))
        key = \(layout.hasSystemd ? "/run/credentials/\(Self.unit)/key.pem" : file("key.pem"))
        CAfile = \(file("clients.pem"))
        verifyChain = yes
        verifyPeer = yes
        sslVersionMin = TLSv1.2
        TIMEOUTidle = 86400

        """
    }

    private var unitText: String {
        """
        # Written by skep-agent.
        [Unit]
        Description=Docker's API over TLS, for the credentials that Skep gave out
        Documentation=man:skep-agent(8)
        Wants=docker.service
        After=docker.service network-online.target

        [Service]
        ExecStart=/usr/bin/stunnel4 \(file("stunnel.conf"))
        ExecReload=/bin/kill -HUP $MAINPID
        Restart=always
        RestartSec=2
        LoadCredential=key.pem:\(file("key.pem"))
        DynamicUser=yes
        SupplementaryGroups=docker
        CapabilityBoundingSet=
        NoNewPrivileges=yes
        ProtectSystem=strict
        ProtectHome=yes
        PrivateDevices=yes
        PrivateTmp=yes
        ProtectClock=yes
        ProtectControlGroups=yes
        ProtectKernelLogs=yes
        ProtectKernelModules=yes
        ProtectKernelTunables=yes
        LockPersonality=yes
        MemoryDenyWriteExecute=yes
        RestrictNamespaces=yes
        RestrictRealtime=yes
        RestrictSUIDSGID=yes
        RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6
        SystemCallArchitectures=native
        SystemCallFilter=@system-service
        SystemCallErrorNumber=EPERM

        [Install]
        WantedBy=multi-user.target

        """
    }

    private static let end = "-----END CERTIFICATE-----"

    /// The blocks of a PEM file, each with its line ends.
    static func certificates(_ text: String) -> [String] {
        var result: [String] = []
        var block = ""
        for line in text.split(separator: "\n") {
            block += line + "\n"
            guard line == end else { continue }
            result.append(block)
            block = ""
        }
        return result
    }

    private static func line(_ pem: String) -> String { pem.hasSuffix("\n") ? pem : pem + "\n" }

    private func file(_ name: String) -> String { "\(folder)/\(name)" }

    private func text(_ name: String) throws -> String? { try Files.readIfPresent(file(name)).map { String(decoding: $0, as: UTF8.self) } }

    /// Whether the file is another one now.
    private func put(_ path: String, _ text: String) throws -> Bool {
        let folder = String(path.prefix(upTo: path.lastIndex(of: "/") ?? path.startIndex))
        if !Files.exists(folder) { try Files.makeDirectory(folder, mode: 0o755) }
        return try AtomicFile.writeIfChanged(path, text)
    }
}
