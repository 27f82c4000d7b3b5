import SkepModel

/// What was found that an action mends.
struct Cause: Hashable, Sendable {
    /// Nil for what nobody broke: nodes come and go, and the table follows.
    var fault: Repair.Fault?
    /// Words that go on a sentence: "it was gone".
    var words: String
    /// How it stood, where that is more than the words say.
    var before: String?

    init(_ fault: Repair.Fault?, _ words: String, before: String? = nil) {
        self.fault = fault
        self.words = words
        self.before = before
    }
}
