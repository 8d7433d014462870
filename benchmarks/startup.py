"""How long `import minilm` takes, in a new process, beside an empty one.

python benchmarks/startup.py
"""

import statistics
import subprocess
import sys
import time

ROUNDS = 15


def seconds(code: str) -> float:
    start = time.perf_counter()
    subprocess.run([sys.executable, "-c", code], check=True)
    return time.perf_counter() - start


if __name__ == "__main__":
    pairs = [(seconds("pass"), seconds("import minilm")) for _ in range(ROUNDS)]
    empty, full = (statistics.median(times) for times in zip(*pairs, strict=True))
    print(f"python -c pass: {1000 * empty:.0f} ms; with import minilm: {1000 * full:.0f} ms")
    print(f"import minilm: {1000 * (full - empty):.0f} ms")
