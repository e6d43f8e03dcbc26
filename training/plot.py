"""Loss curves as SVG. usage: plot.py OUT.svg LOG.jsonl... (in order; later logs replace equal steps of earlier ones)"""
import json, sys

W, H, L, B = 720, 300, 46, 34
SERIES = [("lm", "#3b6ea8", "text, training"), ("ans", "#c0562b", "answer tokens, training")]
POINTS = [("en_gold", "#c0562b", "answers, English validation"), ("zh_gold", "#7a9a3a", "answers, Chinese validation"), ("lm_en", "#3b6ea8", "text, English validation")]


def main():
    rows, evals, tokens = {}, {}, 131072
    for p in sys.argv[2:]:
        for line in open(p):
            r = json.loads(line)
            if "args" in r:
                tokens = r["args"]["B"] * r["args"]["T"] * r["args"].get("world", 1)
            if "lm" in r:
                rows[r["step"]] = r
            if "eval" in r:
                evals[r["step"]] = r["eval"]
    top, last = 6.0, max(rows) * 1.02
    x = lambda s: L + (W - L - 12) * s / last
    y = lambda v: 10 + (H - B - 10) * (1 - min(v, top) / top)
    out = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {W} {H}" font-family="sans-serif" font-size="11">', f'<rect width="{W}" height="{H}" fill="#fff"/>']
    for v in range(0, int(top) + 1):
        out.append(f'<path d="M{L} {y(v):.1f}H{W - 12}" stroke="#ddd"/><text x="{L - 8}" y="{y(v) + 4:.1f}" text-anchor="end">{v}</text>')
    for s in range(0, int(last), 1000):
        out.append(f'<text x="{x(s):.1f}" y="{H - 16}" text-anchor="middle">{s}</text>')
    out.append(f'<text x="{W - 12}" y="{H - 3}" text-anchor="end">step ({tokens:,} tokens each); loss in nats a token</text>')
    for key, colour, _ in SERIES:
        pts = " ".join(f"{x(s):.1f},{y(rows[s][key]):.1f}" for s in sorted(rows))
        out.append(f'<polyline points="{pts}" fill="none" stroke="{colour}" stroke-width="1.3"/>')
    for key, colour, _ in POINTS:
        for s, e in evals.items():
            v = e[key][0] if isinstance(e[key], list) else e[key]
            out.append(f'<circle cx="{x(s):.1f}" cy="{y(v):.1f}" r="3.5" fill="none" stroke="{colour}" stroke-width="1.5"/>')
    for n, (_, colour, name) in enumerate(SERIES + POINTS):
        mark = f'<path d="M{W - 222} {20 + 15 * n}h16" stroke="{colour}" stroke-width="2"/>' if n < len(SERIES) else f'<circle cx="{W - 214}" cy="{20 + 15 * n}" r="3.5" fill="none" stroke="{colour}" stroke-width="1.5"/>'
        out.append(mark + f'<text x="{W - 200}" y="{24 + 15 * n}">{name}</text>')
    open(sys.argv[1], "w").write("\n".join(out + ["</svg>"]) + "\n")


if __name__ == "__main__":
    main()
