import subprocess
import sys


def test_cvxpy_waits_until_something_is_solved() -> None:
    code = (
        "import sys, gridpact.optimization.tool, gridpact.optimization.dispatch; "
        "print([m for m in ('cvxpy', 'scipy', 'highspy') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
