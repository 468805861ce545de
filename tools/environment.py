"""Create the virtual environment and install gridpact into it from a lock file.

    python3 tools/environment.py VENV runtime|dev|bench

Called by the Makefile. Standard library only, and no syntax newer than Python 3.6, so that an old interpreter gets a
message instead of a SyntaxError. Several makes may run at once: the first installs, the others wait and find it done.
"""

import fcntl
import os
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
OLDEST = (3, 11)
LOCKS = {"runtime": "requirements.lock", "dev": "requirements-dev.lock", "bench": "requirements-bench.lock"}
ORDER = ("runtime", "dev", "bench")  # each contains the ones before it


def check_interpreter():
    """Stop with a message where this Python cannot make the environment."""
    if sys.version_info < OLDEST:
        stop(
            "gridpact needs Python %d.%d or newer; %s is %s. Name another one: make PYTHON=python3.12 run"
            % (OLDEST[0], OLDEST[1], sys.executable, sys.version.split()[0])
        )
    try:
        import ensurepip  # noqa: F401
        import venv  # noqa: F401
    except ImportError as missing:
        stop(
            "%s has no module %r, so it cannot create an environment. On Debian and Ubuntu install it with "
            "'apt-get install python3-venv'; or name another Python: make PYTHON=/path/to/python3 run"
            % (sys.executable, missing.name)
        )


def stop(message):
    """Print ``message`` and leave with exit code 1."""
    sys.stderr.write(message + "\n")
    sys.exit(1)


def newest(*paths):
    """Time of the latest change among ``paths`` that exist; 0 where none does."""
    return max([os.path.getmtime(path) for path in paths if os.path.exists(path)] or [0.0])


def installed(stamp, extra):
    """Whether ``stamp`` is newer than everything that it was installed from."""
    sources = [os.path.join(ROOT, "pyproject.toml"), os.path.join(ROOT, LOCKS[extra])]
    return os.path.exists(stamp) and newest(stamp) >= newest(*sources)


def install(venv_dir, extra):
    """Create ``venv_dir`` if it is missing or unusable, and install lock file and project."""
    python = os.path.join(venv_dir, "bin", "python")
    pip = [python, "-m", "pip", "--disable-pip-version-check", "install", "--quiet"]
    with open(os.devnull, "w") as nowhere:
        usable = os.path.exists(python) and subprocess.call([python, "-m", "pip", "--version"], stdout=nowhere) == 0
    if not usable:
        check_interpreter()
        print("Creating " + venv_dir)
        subprocess.check_call([sys.executable, "-m", "venv", "--clear", venv_dir])
    print("Installing gridpact and the packages of %s (once; a minute or two)" % LOCKS[extra])
    sys.stdout.flush()
    subprocess.check_call(pip + ["--require-hashes", "-r", os.path.join(ROOT, LOCKS[extra])])
    # Hashes cannot be given for the project itself; its build backend is in the lock, so nothing else is fetched.
    subprocess.check_call(pip + ["--no-deps", "--no-build-isolation", "--editable", ROOT])
    print("Compiling for this machine (once; half a minute)")
    sys.stdout.flush()
    subprocess.check_call(
        [python, "-c", "from gridpact.flexibility.kernel_model import compile_ahead; compile_ahead()"]
    )


def main(venv_dir, extra):
    """Install once under a lock and leave a stamp, also for what ``extra`` contains."""
    venv_dir = os.path.abspath(venv_dir)
    stamp = os.path.join(venv_dir, "." + extra)
    with open(venv_dir + ".lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not installed(stamp, extra):
            try:
                install(venv_dir, extra)
            except subprocess.CalledProcessError as failed:
                stop("Could not set up %s: %s" % (venv_dir, failed))
            for done in ORDER[: ORDER.index(extra) + 1]:
                with open(os.path.join(venv_dir, "." + done), "w") as file:
                    file.write("")


if __name__ == "__main__":
    if len(sys.argv) != 3 or sys.argv[2] not in LOCKS:
        stop("use: python3 tools/environment.py VENV runtime|dev|bench")
    main(sys.argv[1], sys.argv[2])
