/** One diagram: lines over the number of instances. */
export type Panel = { readonly title: string; readonly unit: string; readonly lines: readonly Line[] };
export type Line = { readonly name: string; readonly points: readonly Point[] };
type Point = { readonly x: number; readonly y: number };

const WIDTH = 300;
const HEIGHT = 276;
const INNER = { left: 48, top: 34, right: 16, bottom: 82 };
const TICKS = 4;
/** Told from each other, and from both a light and a dark page. */
const COLOURS = ['#2f81f7', '#d9822b', '#3fa266'];
const GREY = '#808791';

/** Draws the panels side by side, each with the number of instances (logarithmic) below. */
export function plot(panels: readonly Panel[]): string {
  const drawn = panels.map(
    (panel, index) => `<g transform="translate(${index * WIDTH} 0)">${draw(panel)}</g>`,
  );
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${panels.length * WIDTH} ${HEIGHT}" role="img"
  font-family="system-ui, sans-serif" font-size="11" fill="${GREY}" stroke-width="1">
<title>${panels.map(({ title }) => escaped(title)).join('; ')}, by number of instances</title>
${drawn.join('\n')}
</svg>
`;
}

function draw({ title, unit, lines }: Panel): string {
  const all = lines.flatMap(({ points }) => points);
  const xs = [...new Set(all.map(({ x }) => x))].sort((a, b) => a - b);
  const top = roundedUp(Math.max(...all.map(({ y }) => y), 0) / TICKS) * TICKS;
  const [bottom, right] = [HEIGHT - INNER.bottom, WIDTH - INNER.right];
  const span = Math.log((xs.at(-1) ?? 1) / (xs[0] ?? 1)) || 1;
  const across = (x: number) => INNER.left + (Math.log(x / (xs[0] ?? 1)) / span) * (right - INNER.left);
  const up = (y: number) => bottom - (Math.max(y, 0) / top) * (bottom - INNER.top);

  const ticks = Array.from({ length: TICKS + 1 }, (_, index) => (top / TICKS) * index).map(
    y =>
      `<path d="M${INNER.left} ${fixed(up(y))}H${right}" stroke="${GREY}" stroke-opacity="0.3"/>` +
      text(INNER.left - 6, up(y) + 4, String(Number(y.toPrecision(3))), 'end'),
  );
  const drawn = lines.map(({ name, points }, index) => {
    const [colour, y] = [COLOURS[index % COLOURS.length], HEIGHT - 38 + index * 15];
    const path = points.map(({ x, y }) => `${fixed(across(x))} ${fixed(up(y))}`).join('L');
    const dots = points.map(({ x, y }) => `<circle cx="${fixed(across(x))}" cy="${fixed(up(y))}" r="3"/>`);
    return (
      `<path d="M${path}" fill="none" stroke="${colour}" stroke-width="2"/><g fill="${colour}">${dots.join('')}` +
      `<rect x="${INNER.left}" y="${y - 8}" width="14" height="4"/></g>${text(INNER.left + 20, y - 2, name)}`
    );
  });
  return [
    `<text x="${INNER.left}" y="18" font-weight="bold">${escaped(title)} (${escaped(unit)})</text>`,
    ...ticks,
    ...xs.map(x => text(across(x), bottom + 15, String(x), 'middle')),
    text((INNER.left + right) / 2, bottom + 30, 'instances', 'middle'),
    ...drawn,
  ].join('\n');
}

const text = (x: number, y: number, content: string, anchor = 'start'): string =>
  `<text x="${fixed(x)}" y="${fixed(y)}" text-anchor="${anchor}">${escaped(content)}</text>`;

const fixed = (value: number): string => value.toFixed(1);

const escaped = (content: string): string => content.replaceAll('&', '&amp;').replaceAll('<', '&lt;');

/** The next of 1, 2, 2.5, 5 or 10 times a power of ten. */
function roundedUp(value: number): number {
  const power = 10 ** Math.floor(Math.log10(value || 1));
  return ([1, 2, 2.5, 5].find(step => step * power >= value) ?? 10) * power;
}
