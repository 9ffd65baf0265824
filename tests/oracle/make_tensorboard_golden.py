"""Golden event files from TensorBoard's own protocol buffers and record writer.

    python3 make_tensorboard_golden.py <tests/golden/tensorboard.json>     writes the golden
    python3 make_tensorboard_golden.py --read <an event file of ours>      reads it as TensorBoard does

Needs the package `tensorboard`. A case is the bytes, in hexadecimal, of the record of one event.
"""

import io
import json
import pathlib
import sys

from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboard.compat.proto.event_pb2 import Event
from tensorboard.compat.proto.summary_pb2 import Summary
from tensorboard.summary.writer.record_writer import RecordWriter

SCALARS = [("train/loss", 1, 2.5, 1767323045.25), ("train/loss", 0, 0.0, 0.0),
           ("eval/rouge", 300, -1e-3, 1767323046.0), ("a", 2**40 + 5, 3e38, 1.5), ("neg", -1, 1.0, 1.0),
           ("tag \u00e9" + "x" * 200, 128, 0.1, 1767323047.125)]


def record(event):
    buffer = io.BytesIO()
    RecordWriter(buffer).write(event.SerializeToString())
    return buffer.getvalue().hex()


def write(path):
    head = {"wall": 1767323045.25, "hex": record(Event(wall_time=1767323045.25, file_version="brain.Event:2"))}
    cases = []
    for tag, step, value, wall in SCALARS:
        summary = Summary(value=[Summary.Value(tag=tag, simple_value=value)])
        cases.append({"tag": tag, "step": step, "value": value, "wall": wall,
                      "hex": record(Event(wall_time=wall, step=step, summary=summary))})
    path.write_text(json.dumps({"head": head, "scalars": cases}, indent=1) + "\n")
    print(path, len(cases), "scalars,", path.stat().st_size, "bytes")


def read(path):
    events = EventAccumulator(path)
    events.Reload()
    for tag in events.Tags()["scalars"]:
        for event in events.Scalars(tag):
            print(json.dumps([tag, event.step, event.value, event.wall_time]))


if __name__ == "__main__":
    read(sys.argv[2]) if sys.argv[1] == "--read" else write(pathlib.Path(sys.argv[1]))
