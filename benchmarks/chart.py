"""A bar chart in SVG, on a logarithmic scale, that reads in light and in dark."""

from collections.abc import Sequence
from html import escape
from math import log10

_LEFT, _WIDTH, _ROW = 290, 380, 30
_STYLE = (
    "text{font:13px system-ui,sans-serif;fill:#24292f}.own{fill:#1f6feb}.other{fill:#8c959f}.grid{stroke:#d0d7de}"
    "@media(prefers-color-scheme:dark){text{fill:#e6edf3}.grid{stroke:#30363d}}"
)


def draw_bars(title: str, bars: Sequence[tuple[str, float, bool]], unit: str) -> str:
    """Draw a chart.

    Args:
        title: what it shows.
        bars: a label, a value and whether it is ours, for each.
        unit: of the values.

    Returns:
        The SVG.
    """
    low = min(value for _, value, _ in bars) / 2
    steps = [10.0**n for n in range(-2, 5) if low <= 10.0**n <= max(value for _, value, _ in bars) * 2]
    high = max(value for _, value, _ in bars) * 1.2

    def place(value: float) -> float:
        return _LEFT + _WIDTH * (log10(value) - log10(low)) / (log10(high) - log10(low))

    height = _ROW * len(bars) + 62
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 760 {height}" role="img" aria-label="{escape(title)}">',
        f"<title>{escape(title)}</title><style>{_STYLE}</style>",
        f'<text x="0" y="16" font-weight="600">{escape(title)}</text>',
    ]
    for step in steps:
        x = place(step)
        lines.append(f'<line class="grid" x1="{x:.1f}" x2="{x:.1f}" y1="28" y2="{height - 24}"/>')
        lines.append(f'<text x="{x:.1f}" y="{height - 8}" text-anchor="middle">{step:g} {unit}</text>')
    for number, (label, value, own) in enumerate(bars):
        y = 34 + number * _ROW
        kind = "own" if own else "other"
        lines.append(f'<text x="{_LEFT - 10}" y="{y + 14}" text-anchor="end">{escape(label)}</text>')
        lines.append(
            f'<rect class="{kind}" x="{_LEFT}" y="{y}" width="{place(value) - _LEFT:.1f}" height="19" rx="2"/>'
        )
        lines.append(f'<text x="{place(value) + 6:.1f}" y="{y + 14}">{value:.3g}</text>')
    return "\n".join([*lines, "</svg>"]) + "\n"
