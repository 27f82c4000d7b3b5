internal import AgentHost

/// `skep-agent probe-overlay`: the agent's own program again, in the network namespace of the swarm's ingress network.
public enum OverlayProbeCommand {
    /// Runs with the words after `probe-overlay`; the exit status.
    public static func run(_ words: [String]) -> Int32 { EchoProbe.main(words) }
}
