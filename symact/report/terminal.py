"""Reports for a terminal: as wide as it is, coloured where it shows colour, plain when piped."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from rich.console import Console, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from symact.report import formulas
from symact.report.accuracy import share
from symact.report.content import Document, Formula, Inline, Report, Section

#: What is printed where the output's encoding has no such sign.
_ASCII = str.maketrans(
    {
        "→": "->",
        "∞": "oo",
        "ε": "eps ",
        "∂": "d",
        "“": '"',
        "”": '"',
        "’": "'",
        "–": "-",
    }
)


_VERDICT_STYLES = {
    "confirmed": "green",
    "confirmed-after-repair": "green",
    "refuted": "bold red",
    "approximation": "yellow",
    "convention": "yellow",
    "qualified": "yellow",
    "undecided": "magenta",
}


class _Page:
    """Collects what is printed; `show` writes it to stdout without trailing blanks."""

    def __init__(self) -> None:
        self.console = Console(highlight=False)
        self.ascii = self.console.options.ascii_only
        self.console.begin_capture()

    def text(self, inline: Inline, style: str = "") -> Text:
        text = Text(style=style)
        for part in inline:
            if isinstance(part, Formula):
                text.append(formulas.text(part.exact, self.ascii), "cyan")
            else:
                text.append(part.translate(_ASCII) if self.ascii else part)
        return text

    def print(self, renderable: RenderableType, indent: int = 0) -> None:
        self.console.print(Padding(renderable, (0, 0, 0, indent)))

    def section(self, section: Section) -> None:
        self.console.print()
        self.print(Text(section.title, "bold"))
        table = Table(box=None, show_header=bool(section.columns), pad_edge=False, padding=(0, 2, 0, 0))
        table.add_column(style="dim", no_wrap=bool(section.columns))
        for column in section.columns or ((),):
            table.add_column(self.text(column), overflow="fold")
        for row in section.rows:
            table.add_row(*(self.text(cell) for cell in row))
        self.print(table, indent=2)
        for note in section.notes:
            self.console.print()
            self.print(self.text(note), indent=2)

    def claim(self, claim: Document) -> None:
        verdict = claim["verdict"]
        self.console.print()
        self.print(
            self.text((claim["subject"], ": "), "bold")
            + self.text((verdict,), _VERDICT_STYLES[verdict])
            + self.text((f"  {claim['id']}",), "dim")
        )
        table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2, 0, 0))
        table.add_column(style="dim", no_wrap=True)
        table.add_column(overflow="fold")
        rows = [("printed", claim["printed"]), ("read as", claim["intended"]), ("because", claim["reason"])]
        if claim["witness"]:
            rows.append(("witness", ", ".join(f"{key} = {value}" for key, value in claim["witness"].items())))
        rows.append(("correct is", claim["corrected"]))
        for label, cell in rows:
            if cell:
                table.add_row(label, self.text((cell,)))
        self.print(table, indent=2)

    def show(self) -> None:
        for line in self.console.end_capture().splitlines():
            print(line.rstrip())


def print_report(report: Report) -> None:
    """Print the report on an activation to stdout."""
    page = _Page()
    page.print(page.text((report.name,), "bold") + page.text((f"  {report.summary}" if report.summary else "",)))
    if report.reference:
        page.print(page.text((report.reference,), "dim"))
    for section in report.sections:
        page.section(section)
    page.show()


def print_claims(claims: Sequence[Document]) -> None:
    """Print claims with their verdicts, and how many there are of each, to stdout."""
    page = _Page()
    for claim in claims:
        page.claim(claim)
    counts = Counter(claim["verdict"] for claim in claims)
    page.console.print()
    page.print(page.text((f"{len(claims)} claims: " + ", ".join(f"{n} {verdict}" for verdict, n in counts.items()),)))
    page.show()


def _open(measurement: Document | None) -> list[str]:
    """The cells of what hardware leaves open: the error with no approximation moved, and what the largest was with."""
    if measurement is None:
        return []
    nominal = measurement["nominal_ulp"]
    return ["" if nominal is None else f"{nominal:.3f}", measurement["variant"]]


def print_measurements(measurements: Sequence[Document]) -> None:
    """Print measured errors, a line an output, and what is wrong with each, to stdout."""
    page = _Page()
    first = measurements[0]
    level = "" if first["level"] == "accurate" else f", level {first['level']}"
    subject = f"{first['name']}, target {first['target']}, {first['dtype']}{level}"
    page.print(page.text((f"{subject}: {_inputs(first)}",), "bold"))
    if first["executed"]:
        page.print(page.text((first["executed"],)))
    page.console.print()
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column("pass", no_wrap=True)
    for heading in ("largest ULP", "at x", "mean ULP", "rounded right", "failures"):
        table.add_column(heading, justify="right", no_wrap=heading == "at x")
    open_ = any(each["variant"] for each in measurements)
    if open_:
        table.add_column("none moved", justify="right")
        table.add_column("worst with", overflow="fold")
    for each in measurements:
        found = each["accuracy"]
        table.add_row(
            f"{each['pass']}: {each['output']}",
            _ulp(found["max_ulp"]),
            f"{float.fromhex(found['worst']['x']):.4g}" if found["worst"] else "",
            _ulp(found["mean_ulp"]),
            share(found["correctly_rounded"]),
            str(found["failures"]),
            *_open(each if open_ else None),
        )
    page.print(table)
    for each in measurements:
        for note in _notes(each):
            page.print(page.text((f"{each['pass']}: {each['output']}: {note}",)))
        for wrong in each["violations"]:
            words = f"{wrong['rule']}: x = {wrong['input']}: got {wrong['got']}, expected {wrong['expected']}"
            page.print(page.text((f"{each['pass']}: {words}",), "red"))
    page.show()


def _ulp(error: float | None) -> str:
    """An error in ULP; nothing where it is not known."""
    if error is None:
        return ""
    return f"{error:.3f}" if error < 1e5 else f"{error:.3g}"


def _inputs(measurement: Document) -> str:
    """How many inputs, and which."""
    found = measurement["accuracy"]
    if found["method"] == "exhaustive":
        return f"all 2**{(found['inputs'] - 1).bit_length()} inputs"
    searched = f", and {found['searched']} around the worst" if found["searched"] else ""
    return f"{found['inputs']} inputs, sampled{searched}"


def _notes(measurement: Document) -> list[str]:
    found = measurement["accuracy"]
    notes = [found["proof"]] if found["proof"] else []
    if found["left_out"]:
        notes.append(f"{found['left_out']} inputs with a subnormal f' or result are left out")
    return notes
