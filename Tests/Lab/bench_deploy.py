"""The same stack by turns with a bare `docker stack deploy` and with `skep apply`, each time new: bench-deploy and bench-deploy-native.

usage: bench_deploy.py FOLDER TIMES ON SKEP [MORE…]
FOLDER has without.yaml and with.yaml, cluster files without the stack `bench` and with it; the node that is a manager has bench.yml, converged and gone in
its folder NODE_FOLDER of the environment. ON is how a command is run there, SKEP how the operator's command is run here, each one word for shlex;
MORE goes to every `skep apply`."""
import os, shlex, statistics, subprocess, sys, time

work, times, on, skep, *more = sys.argv[1:]
on, skep, there = shlex.split(on), shlex.split(skep), os.environ["NODE_FOLDER"]


def measured(stack, on_node, here):
    """Seconds from the command's start, on the node or here, until all tasks run; the connection to the node stands before."""
    watch = subprocess.Popen([*on, "sh", f"{there}/converged", stack, *on_node], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert watch.stdout.readline() == "waiting\n"
    began = time.monotonic()
    watch.stdin.write("go\n")
    watch.stdin.flush()
    subprocess.run(here, check=True, capture_output=True)
    assert watch.stdout.readline() == "converged\n"
    span = time.monotonic() - began
    assert watch.wait() == 0
    return span


def until_gone(stack):
    while subprocess.run([*on, "sh", f"{there}/gone", stack], capture_output=True, text=True).stdout.strip():
        time.sleep(2)
    time.sleep(5)


def apply(name, *options):
    return [*skep, "apply", "-f", f"{work}/{name}.yaml", *options, *more]


bare, ours, again = [], [], []
for turn in range(int(times)):
    bare.append(measured("bare", ["/usr/bin/docker", "stack", "deploy", "--with-registry-auth", "-c", f"{there}/bench.yml", "bare"], ["true"]))
    subprocess.run([*on, "docker", "stack", "rm", "bare"], check=True, capture_output=True)
    until_gone("bare")
    ours.append(measured("bench", ["true"], apply("with")))
    subprocess.run(apply("with", "--wait", "--timeout", "300s"), check=True, capture_output=True)
    began = time.monotonic()
    said = subprocess.run(apply("with", "--wait", "--timeout", "60s"), check=True, capture_output=True, text=True).stdout
    again.append(time.monotonic() - began)
    assert "nothing changes" in said, said
    subprocess.run(apply("without", "--wait", "--timeout", "300s"), check=True, capture_output=True)
    until_gone("bench")
    print(f"  turn {turn + 1}: docker stack deploy {bare[-1]:.2f} s, skep apply {ours[-1]:.2f} s; unchanged {again[-1]:.2f} s", flush=True)
ratio = statistics.median(ours) / statistics.median(bare)
print(f"medians of {times}: docker stack deploy {statistics.median(bare):.2f} s ({min(bare):.1f} to {max(bare):.1f}), "
      f"skep apply {statistics.median(ours):.2f} s ({min(ours):.1f} to {max(ours):.1f}), ratio {ratio:.2f}; "
      f"median of the turns' own ratios {statistics.median(a / b for a, b in zip(ours, bare)):.2f}; an unchanged file {statistics.median(again):.2f} s")
