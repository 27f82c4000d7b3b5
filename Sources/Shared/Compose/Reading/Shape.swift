/// What a piece of a compose file may be. Kinds that Docker is strict about are given when what is written leaves no doubt: a number for a
/// text is the text as written, a text of digits for a number is the number.
indirect enum Shape: Sendable {
    case text
    case integer
    case decimal
    case truth
    /// Such as `1m30s` (Go's time.ParseDuration).
    case duration
    /// Bytes as a text, such as `512M` (docker/go-units, RAMInBytes).
    case size
    /// Bytes as a number; written in either way.
    case bytes
    /// One of these words.
    /// `others` are words that somebody may well mean, with what to do instead.
    case word([String], others: [String: String] = [:])
    /// Whatever it is: nobody looks at it.
    case any
    /// Any scalar, as it is written.
    case scalar
    case list(Shape)
    /// Any keys, each with a value of this shape.
    case map(Shape)
    case object(Keys)
    /// The first that fits the kind of what is written: scalar, list or mapping.
    case either([Shape])
    /// One or several: a text, or a list of texts.
    static let texts = Shape.either([.text, .list(.text)])
    /// `KEY=value` in a list, or a mapping.
    static let pairs = Shape.either([.list(.text), .map(.scalar)])

    typealias Keys = [String: Key]

    /// What becomes of a key.
    enum Key: Sendable {
        case taken(Shape)
        /// A swarm takes no notice of it, with what to do instead where there is something; it is left out.
        case ignored(String)
        /// A swarm takes no notice of it, and nothing is lost: it is left out.
        case needless(String)
        /// Compose has it, Docker's stack deployment has not, and without it the service would be another: with what to do.
        case refused(String)
        /// Compose has it, Docker's stack deployment has not, and Skep has its own way to it (`Rewriting`).
        case rewritten(Shape)
    }
}
