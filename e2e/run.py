#!/usr/bin/env python3
"""The black-box tests: the built server, driven by Node.js, cURL, a browser and a real mail server.

    python3 e2e/run.py all --server target/debug/minbil-auth --work /tmp/minbil-auth-e2e

Prints one line for each check, `ok - …` or `not ok - …`, and a closing line for each suite. The exit code is 1 when
any check failed. Servers' logs, journals and screenshots stay in the work directory.
"""

import argparse
import importlib
import os
import sys

SUITES = ("snippets", "openapi", "portal", "browser", "mail")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("suite", choices=(*SUITES, "all"))
    parser.add_argument("--server", required=True, metavar="BINARY", help="the built minbil-auth")
    parser.add_argument("--work", required=True, metavar="DIR", help="where logs, data and screenshots go")
    options = parser.parse_args()
    if not os.access(options.server, os.X_OK):
        parser.error(f"--server: {options.server} is not an executable file")
    os.makedirs(options.work, exist_ok=True)
    wanted = SUITES if options.suite == "all" else (options.suite,)
    binary, work = os.path.abspath(options.server), os.path.abspath(options.work)
    results = [importlib.import_module(f"{suite}_suite").run(binary, work) for suite in wanted]
    return 0 if all(results) else 1


if __name__ == "__main__":
    sys.exit(main())
