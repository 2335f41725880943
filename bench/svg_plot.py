"""Lines over a common axis, or bars, as an SVG file: as little as a page of figures needs."""

from html import escape

WIDTH, HEIGHT = 960, 420
LEFT, RIGHT, TOP, BOTTOM = 60, 150, 20, 50
COLORS = ["#1f5fa8", "#c4501b", "#2d7d46", "#7a3f9d", "#555555", "#a08020"]


def steps(highest, count):
    """Round numbers from 0 to `highest`, about `count` of them."""
    power = 10 ** len(str(int(highest / count)))
    step = next(s for s in (power / 10, power / 5, power / 4, power / 2, power) if highest / s <= count)
    return [i * step for i in range(int(highest / step) + 1)]


def write_plot(path, lines, levels, marks, x_label, y_label):
    """`lines` and `levels` (horizontal) by their names; `marks` are (x, text), drawn as upright lines."""
    x_max = max(x for points in lines.values() for x, _ in points) or 1
    y_max = max([y for points in lines.values() for _, y in points] + list(levels.values())) * 1.05
    across = lambda x: LEFT + x / x_max * (WIDTH - LEFT - RIGHT)  # noqa: E731
    up = lambda y: HEIGHT - BOTTOM - y / y_max * (HEIGHT - TOP - BOTTOM)  # noqa: E731
    text = lambda x, y, words, more="": f'<text x="{x:.1f}" y="{y:.1f}" {more}>{escape(words)}</text>'  # noqa: E731
    line = lambda x1, y1, x2, y2, more: f'<path d="M{x1:.1f} {y1:.1f}L{x2:.1f} {y2:.1f}" {more}/>'  # noqa: E731
    out = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif" font-size="12" '
           'fill="#222"><rect width="100%" height="100%" fill="#fff"/>']
    for y in steps(y_max, 8):
        out += [line(LEFT, up(y), WIDTH - RIGHT, up(y), 'stroke="#ddd"'), text(LEFT - 6, up(y) + 4, f"{y:g}", 'text-anchor="end"')]
    for x in steps(x_max, 10):
        out.append(text(across(x), HEIGHT - BOTTOM + 16, f"{x:g}", 'text-anchor="middle"'))
    for index, (x, words) in enumerate(marks):
        out += [line(across(x), TOP, across(x), up(0), 'stroke="#ccc" stroke-dasharray="2 3"'),
                text(across(x) + 2, up(0) - 4 - index % 3 * 11, words, 'font-size="9" fill="#777"')]
    for name, y in levels.items():
        out += [line(LEFT, up(y), WIDTH - RIGHT, up(y), 'stroke="#222" stroke-dasharray="6 3"'),
                text(WIDTH - RIGHT + 6, up(y) + 4, name)]
    for index, (name, points) in enumerate(lines.items()):
        color = COLORS[index % len(COLORS)]
        path_data = "L".join(f"{across(x):.1f} {up(y):.1f}" for x, y in points)
        out += [f'<path d="M{path_data}" fill="none" stroke="{color}" stroke-width="1.5"/>',
                text(WIDTH - RIGHT + 6, HEIGHT - BOTTOM - 16 * index, name, f'fill="{color}"')]
    out += [text((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 10, x_label, 'text-anchor="middle"'), text(6, 12, y_label), "</svg>"]
    path.write_text("\n".join(out) + "\n", encoding="utf-8")


def write_bars(path, groups, unit):
    """A panel for each group, with a scale of its own: {group: {name: value}}. Names keep their color."""
    names = list(dict.fromkeys(name for bars in groups.values() for name in bars))
    row_height, label_width, width = 18, 150, 960
    out = []
    y = 10
    for group, bars in groups.items():
        out.append(f'<text x="10" y="{y + 14}" font-weight="bold">{escape(group)}: {escape(unit)}</text>')
        y += 22
        for name, value in bars.items():
            length = value / (max(bars.values()) or 1) * (width - label_width - 80)
            color = COLORS[names.index(name) % len(COLORS)]
            out += [f'<text x="{label_width - 6}" y="{y + 13}" text-anchor="end">{escape(name)}</text>',
                    f'<rect x="{label_width}" y="{y + 2}" width="{length:.1f}" height="{row_height - 4}" fill="{color}"/>',
                    f'<text x="{label_width + length + 6:.1f}" y="{y + 13}">{value:.2f}</text>']
            y += row_height
        y += 12
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {y}" font-family="sans-serif" font-size="12" fill="#222">'
    path.write_text("\n".join([head + '<rect width="100%" height="100%" fill="#fff"/>', *out, "</svg>"]) + "\n", encoding="utf-8")
