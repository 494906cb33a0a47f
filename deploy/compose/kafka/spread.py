# ruff: noqa: INP001 - a script of its own
"""Say where each partition's copies should stand: docs/how-to/add-a-broker.md.

    spread.py BROKER,BROKER,… COPIES <current.json >wanted.json

Both are in the form of kafka-reassign-partitions. A topic's partitions go round the brokers, and so do their leaders.
"""

import json
import sys

brokers, copies = [int(one) for one in sys.argv[1].split(",")], int(sys.argv[2])
if not 1 <= copies <= len(set(brokers)):
    sys.exit(f"{copies} copies need as many brokers; there are {len(set(brokers))}.")
current = json.load(sys.stdin)
for one in current["partitions"]:
    first = sum(one["topic"].encode()) + one["partition"]
    one["replicas"] = [brokers[(first + step) % len(brokers)] for step in range(copies)]
    one["log_dirs"] = ["any"] * copies
json.dump(current, sys.stdout)
