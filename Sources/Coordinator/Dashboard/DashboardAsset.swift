/// A static file of the dashboard; it needs no login.
public struct DashboardAsset: Sendable {
    public let path: String
    public let contentType: String
    public let body: String
}

extension DashboardPages {
    /// The files that the pages refer to, embedded when the program is built.
    public static let assets: [DashboardAsset] = [
        DashboardAsset(path: "/assets/style.css", contentType: "text/css; charset=utf-8", body: text(PackageResources.style_css)),
        DashboardAsset(path: "/assets/live.js", contentType: "text/javascript; charset=utf-8", body: text(PackageResources.live_js)),
        DashboardAsset(path: "/assets/icon.svg", contentType: "image/svg+xml", body: text(PackageResources.icon_svg)),
    ]

    /// What a page may load and do: only its own style, script, icon and stream; it may not be framed.
    public static let contentSecurityPolicy =
        "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self'; "
        + "base-uri 'none'; frame-ancestors 'none'"

    static func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }
}
