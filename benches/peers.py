#!/usr/bin/env python3
"""Python's assignment solvers on the instances of `cargo bench --bench assignment`, which comes first.

    python3 benches/peers.py [INSTANCE...]

A virtual environment is made in target/assignment/venv, with the versions below. Each measurement is a
process of its own with one thread: it reads the instance, gives it to the solver in the form that this
takes (not counted), and solves it several times. Memory is what the process has grown by at its peak
while it solved, so it includes what the solver keeps beside the instance. Costs must be equal. The table
has our figures beside them, and how long each takes by the time of `solve`.
"""
import csv
import json
import os
import pathlib
import subprocess
import sys

PINNED = ["numpy==2.4.6", "scipy==1.17.1", "ortools==9.15.6755", "lap==0.5.13"]
FOLDER = pathlib.Path(__file__).resolve().parent.parent / "target" / "assignment"
SOLVERS = ["scipy", "lap", "ortools"]
LIMIT = 120  # Seconds for one process.


def main():
    python = FOLDER / "venv" / "bin" / "python"
    if not python.exists():
        subprocess.run([sys.executable, "-m", "venv", FOLDER / "venv"], check=True)
        subprocess.run([python, "-m", "pip", "install", "--quiet", *PINNED], check=True)
    with open(FOLDER / "althing.csv", encoding="utf-8") as file:
        ours = [line for line in csv.DictReader(file) if not line["instance"].startswith("payments")]
    instances = sys.argv[1:] or list(dict.fromkeys(line["instance"] for line in ours))
    print("| instance | solver | seconds | ratio | MB |\n|---|---|---|---|---|", flush=True)
    for instance in instances:
        # OR-tools' solver takes equal sides alone.
        unequal = instance.startswith("sparse") and "x" in instance
        lines = [line for line in ours if line["instance"] == instance]
        solve = next(line for line in lines if line["solver"] == "solve")
        for line in lines:
            row(instance, line["solver"], float(line["seconds"]), solve, float(line["peak_bytes"]) / 1e6)
        for solver in SOLVERS:
            if solver == "lap" and instance.startswith("sparse") or solver == "ortools" and unequal:
                continue
            found = measured(python, instance, solver)
            if found is None:
                print(f"| {instance} | {solver} | > {LIMIT} | | |", flush=True)
                continue
            assert found["cost"] == int(solve["cost"]), f"{solver}: {found['cost']}, not {solve['cost']}"
            row(instance, solver, found["seconds"], solve, found["grown"] / 1e6)


def row(instance, solver, seconds, solve, megabytes):
    ratio = seconds / float(solve["seconds"])
    print(f"| {instance} | {solver} | {seconds:.4f} | {ratio:.2f} | {megabytes:.1f} |", flush=True)


def measured(python, instance, solver):
    single = {name: "1" for name in ["OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"]}
    command = [python, __file__, "--one", instance, solver]
    try:
        done = subprocess.run(
            command, env=os.environ | single, timeout=LIMIT, check=True, stdout=subprocess.PIPE
        )
    except subprocess.TimeoutExpired:
        return None
    return json.loads(done.stdout)


def one(instance, solver):
    """Runs in the virtual environment: one instance, one solver."""
    import resource
    import time

    import numpy

    words = numpy.fromfile(FOLDER / f"{instance}.bin", dtype="<u4")
    sparse, tasks, agents, arcs = (int(word) for word in words[:4])
    body = words[4:]
    if sparse:
        starts, pairs = body[: tasks + 1].astype(numpy.int64), body[tasks + 1 :].reshape(arcs, 2)
        heads, costs = pairs[:, 0].astype(numpy.int32), pairs[:, 1]
        tails = numpy.repeat(numpy.arange(tasks, dtype=numpy.int32), numpy.diff(starts))
    else:
        costs = body.reshape(tasks, agents)

    if solver == "scipy" and sparse:
        from scipy.sparse import csr_matrix
        from scipy.sparse.csgraph import min_weight_full_bipartite_matching

        # Zeros would be no arcs.
        matrix = csr_matrix((costs.astype(numpy.float64) + 1, heads, starts), shape=(tasks, agents))

        def solve():
            rows, columns = min_weight_full_bipartite_matching(matrix)
            return int(numpy.asarray(matrix[rows, columns]).sum()) - tasks

    elif solver == "scipy":
        from scipy.optimize import linear_sum_assignment

        matrix = costs.astype(numpy.float64)

        def solve():
            rows, columns = linear_sum_assignment(matrix)
            return int(matrix[rows, columns].sum())

    elif solver == "lap":
        import lap

        matrix = costs.astype(numpy.float64)

        def solve():
            columns = lap.lapjv(matrix)[1]
            return int(matrix[numpy.arange(tasks), columns].sum())

    else:
        from ortools.graph.python import linear_sum_assignment as ortools

        if not sparse:
            tails = numpy.repeat(numpy.arange(tasks, dtype=numpy.int32), agents)
            heads = numpy.tile(numpy.arange(agents, dtype=numpy.int32), tasks)
        weights = costs.astype(numpy.int64).ravel()

        def solve():
            # Its arcs are given to it before it solves, and count as its memory, not as its time.
            solver = ortools.SimpleLinearSumAssignment()
            solver.add_arcs_with_cost(tails, heads, weights)
            start = time.perf_counter()
            assert solver.solve() == solver.OPTIMAL
            return solver.optimal_cost(), time.perf_counter() - start

    def peak():
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024

    before, seconds = peak(), []
    while len(seconds) < 5 and sum(seconds) < 10:
        start = time.perf_counter()
        found = solve()
        found, took = found if isinstance(found, tuple) else (found, time.perf_counter() - start)
        seconds.append(took)
    seconds.sort()
    print(json.dumps({"cost": found, "seconds": seconds[len(seconds) // 2], "grown": peak() - before}))


if __name__ == "__main__":
    if sys.argv[1:2] == ["--one"]:
        one(*sys.argv[2:])
    else:
        main()
