"""Benchmark of the control finder on rendered pages: ``python -m bench.quality.controls``.

Chromium renders them. Six pages served to develop it (``dev``); six were not looked at until the
end. Each page passes through JPEG at quality 90 before it is read. ``--misses`` lists what was
missed or invented, ``--save FOLDER`` writes each page's PNG and truth.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import cv2

from bench.quality.control_score import Score, matches
from bench.quality.page_truth import Page, dump_truth, render, soften
from reelworks.domain.video.vision import Control, ControlKind
from reelworks.models.vision.controls import find_controls
from reelworks.models.vision.ocr import text_reader

BOXED = (ControlKind.BUTTON, ControlKind.FIELD, ControlKind.CHECKBOX)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("halves", nargs="*", default=["dev", "heldout"])
    parser.add_argument("--misses", action="store_true")
    parser.add_argument("--save", type=Path)
    chosen = parser.parse_args()
    for half in chosen.halves:
        score = Score()
        for page in render(half):
            image = soften(page.image)
            found = find_controls(image, text_reader().read(image))
            score.add(found, page.truth)
            if chosen.misses:
                print_misses(page, found)
            if chosen.save:
                save(page, chosen.save)
        print(table(half, score))


def table(half: str, score: Score) -> str:
    rows = [f"{half:<18}{'true':>6}{'found':>7}{'hit':>6}{'precision':>11}{'recall':>8}{'F1':>7}"]
    kinds = [kind for kind in ControlKind if score.true[kind] or score.found[kind]]
    groups = [(str(kind), (kind,)) for kind in kinds]
    groups += [("button+field+check", BOXED), ("all", tuple(ControlKind))]
    for name, members in groups:
        counts = (sum(c[k] for k in members) for c in (score.true, score.found, score.hits))
        true, found, hits = counts
        precision, recall, f1 = score.rates(members)
        rows.append(
            f"{name:<18}{true:>6}{found:>7}{hits:>6}{precision:>11.3f}{recall:>8.3f}{f1:>7.3f}"
        )
    rows.append(f"labels right: {score.labels} of {sum(score.hits.values())} hits\n")
    return "\n".join(rows)


def print_misses(page: Page, found: tuple[Control, ...]) -> None:
    pairs = matches(found, page.truth)
    hit = [id(control) for pair in pairs for control in pair]
    print(page.name)
    for word, controls in (("missed", page.truth), ("invented", found)):
        for c in controls:
            if id(c) not in hit:
                x, y, w, h = c.box.x * 1280, c.box.y * 720, c.box.w * 1280, c.box.h * 720
                print(f"  {word} {c.kind} {c.label!r} at {x:.0f},{y:.0f} {w:.0f}x{h:.0f}")
    for f, t in pairs:
        if f.label.lower() != t.label.lower():
            print(f"  label of {t.kind}: {f.label!r}, true {t.label!r}")


def save(page: Page, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    bgr = cv2.cvtColor(page.image, cv2.COLOR_RGB2BGR)
    cv2.imwrite(str(folder / f"{page.name}.png"), bgr, [cv2.IMWRITE_PNG_COMPRESSION, 9])
    (folder / f"{page.name}.json").write_text(dump_truth(page.truth))


if __name__ == "__main__":
    main()
