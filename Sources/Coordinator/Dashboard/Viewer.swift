/// Who looks at a page.
public struct Viewer: Sendable, View {
    let name: String
    let role: String
    let formToken: String?

    /// - Parameter formToken: goes into the log-out form's hidden field `token`, against forged requests.
    public init(name: String, role: String, formToken: String? = nil) {
        self.name = name
        self.role = role
        self.formToken = formToken
    }
}
