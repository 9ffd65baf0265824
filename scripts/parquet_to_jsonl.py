#!/usr/bin/env python3
"""Parquet files as JSON lines, row group by row group, so that memory does not grow with the file.

    scripts/parquet_to_jsonl.py train-*.parquet --columns messages --output train.jsonl
    scripts/parquet_to_jsonl.py --self_check

Columns keep their names and nesting; --columns chooses some of them. Rows keep their order, files the
order of the arguments. The output appears complete or not at all. Needs pyarrow.
"""

import argparse
import json
import os
import pathlib
import sys
import tempfile


def convert(files, columns, stream):
    import pyarrow.parquet as parquet

    rows = 0
    for name in files:
        file = parquet.ParquetFile(name)
        unknown = set(columns or []) - set(file.schema_arrow.names)
        if unknown:
            sys.exit(f"{name}: no column {', '.join(sorted(unknown))}; there are {', '.join(file.schema_arrow.names)}")
        for batch in file.iter_batches(batch_size=1024, columns=columns):
            for row in batch.to_pylist():
                stream.write(json.dumps(row, ensure_ascii=False, allow_nan=False, default=str) + "\n")
                rows += 1
    return rows


def convert_to(output, files, columns):
    staging = output.with_name(f".tmp-{output.name}-{os.getpid()}")
    try:
        with open(staging, "w", encoding="utf-8", newline="\n") as stream:
            rows = convert(files, columns, stream)
            stream.flush()
            os.fsync(stream.fileno())
        os.replace(staging, output)
    finally:
        staging.unlink(missing_ok=True)
    return rows


def self_check():
    import pyarrow
    import pyarrow.parquet as parquet

    rows = [{"messages": [{"role": "user", "content": f"\u4f60 {i}\n"}, {"role": "assistant", "content": "\U0001f600"}],
             "id": i, "source": None if i % 3 == 0 else "s"} for i in range(5000)]
    with tempfile.TemporaryDirectory() as folder:
        files = []
        for part in range(2):
            files.append(f"{folder}/{part}.parquet")
            table = pyarrow.Table.from_pylist(rows[part * 2500:(part + 1) * 2500])
            parquet.write_table(table, files[-1], row_group_size=700)
        output = pathlib.Path(folder) / "out.jsonl"
        for columns in (None, ["messages"]):
            assert convert_to(output, files, columns) == 5000
            read = [json.loads(line) for line in open(output, encoding="utf-8")]
            assert read == [{k: r[k] for k in columns or r} for r in rows], "rows differ"
        try:
            convert_to(pathlib.Path(folder) / "none.jsonl", files, ["missing"])
            raise AssertionError("an unknown column was accepted")
        except SystemExit as end:
            assert "no column missing" in str(end.code)
        assert sorted(os.listdir(folder)) == ["0.parquet", "1.parquet", "out.jsonl"]
    print("ok")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", nargs="*")
    parser.add_argument("--columns", help="joined by commas; default: all")
    parser.add_argument("--output", type=pathlib.Path)
    parser.add_argument("--self_check", action="store_true")
    args = parser.parse_args()
    if args.self_check:
        return self_check()
    if not args.files or args.output is None:
        parser.error("files and --output are needed")
    rows = convert_to(args.output, args.files, args.columns.split(",") if args.columns else None)
    print(f"{args.output}: {rows} rows", file=sys.stderr)


if __name__ == "__main__":
    main()
