import Glibc

/// Between two tries.
func sleepOneSecond() { usleep(1_000_000) }
