/// What a watch says: never what is there now, which only a look tells.
public enum Movement: Sendable, Hashable {
    /// Something happened to that part of the machine.
    case part(Aspect)
    /// Something happened that a complete look must judge.
    case anything
    /// The wall clock was set.
    case clock
}
