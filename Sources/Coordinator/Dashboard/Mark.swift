import SkepModel

/// A state as it is shown: a word, a shape and a tone, so that colour is never alone.
struct Mark: View {
    enum Tone: String, Sendable { case ok, warn, bad, none }

    /// The style's class.
    let tone: String
    let shape: String
    let word: String

    init(_ tone: Tone, _ word: String) {
        self.tone = tone.rawValue
        self.word = word
        shape =
            switch tone {
            case .ok: "●"
            case .warn: "▲"
            case .bad: "■"
            case .none: "○"
            }
    }

    private init(tone: String, shape: String, word: String) {
        (self.tone, self.shape, self.word) = (tone, shape, word)
    }

    /// The same as something that was so.
    var past: Mark { Mark(tone: Tone.none.rawValue, shape: shape, word: "was \(word)") }

    init(_ truth: Truth) {
        self =
            switch truth {
            case .true: Mark(.ok, "yes")
            case .false: Mark(.bad, "no")
            case .unknown: Mark(.none, "unknown")
            }
    }
}
