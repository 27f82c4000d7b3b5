internal import CCurl

extension HTTPResponse {
    /// The server's clock by its `Date` header, seconds since 1970; nil when there is none or it is no date.
    public var date: Int64? {
        guard let text = header("Date") else { return nil }
        let seconds = Int64(curl_getdate(text, nil))
        return seconds < 0 ? nil : seconds
    }
}
