internal import AgentHost

/// `skep-agent probe-share`: the agent's own child, which may hang at a dead share and be killed.
public enum ShareProbeCommand {
    /// Runs with the words after `probe-share`; the exit status.
    public static func run(_ words: [String]) -> Int32 { ShareProbe.main(words) }
}
