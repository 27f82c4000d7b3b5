/// A config or secret whose content Skep makes: once, kept encrypted, the same at each deployment until it is rotated.
public struct GeneratedValue: Hashable, Sendable, Codable {
    /// What is made. The words are those of `x-generate` in a compose file.
    public enum Recipe: Hashable, Sendable, Codable {
        /// Letters and digits.
        case password(length: Int)
        /// Random bytes, base64: for JWT and other symmetric keys.
        case key(bytes: Int)
        /// A private key, PKCS #8 in PEM.
        case rsaKey(bits: Int)
        /// A private key on P-256, PKCS #8 in PEM.
        case ecKey
        /// The public half of another value's private key, PEM.
        case publicKey(of: String)
        /// A certificate that signs itself, for another value's private key; PEM.
        case certificate(of: String, names: [String], days: Int)
        /// `USER:HASH`, bcrypt, of another value, which is a password; for basic authentication.
        case htpasswd(of: String, user: String)

        /// The value that it is made from.
        public var basis: String? {
            switch self {
            case .password, .key, .rsaKey, .ecKey: nil
            case .publicKey(let of), .certificate(let of, _, _), .htpasswd(let of, _): of
            }
        }

        /// As `x-generate` calls it.
        public var kind: String {
            switch self {
            case .password: "password"
            case .key: "key"
            case .rsaKey: "rsa-key"
            case .ecKey: "ec-key"
            case .publicKey: "public-key"
            case .certificate: "certificate"
            case .htpasswd: "htpasswd"
            }
        }
    }

    /// Its key under `configs` or `secrets`; one name is one value in a stack.
    public var name: String
    public var recipe: Recipe

    public init(name: String, recipe: Recipe) {
        self.name = name
        self.recipe = recipe
    }
}
