// Map files from the world-atlas package: one <path id="r250"> for each country (its ISO 3166-1 number), referred to by <use>.
// Borders are simplified arc by arc, so that neighbours keep their common line.
import { readFile, writeFile } from "node:fs/promises";
import path from "node:path";

const radians = degrees => (degrees * Math.PI) / 180;
const cut = -169.5; // the world is cut in the Bering Strait, so that neither Russia nor Alaska falls apart

/** Equal Earth: areas can be compared, shapes stay familiar. */
function equalEarth([lon, lat]) {
  const [a, b, c, d] = [1.340264, -0.081106, 0.000893, 0.003796];
  const lambda = radians(lon - 11);
  const t = Math.asin((Math.sqrt(3) / 2) * Math.sin(radians(lat)));
  const t2 = t * t, t6 = t2 ** 3;
  const x = (2 * Math.sqrt(3) * lambda * Math.cos(t)) / (3 * (9 * d * t6 * t2 + 7 * c * t6 + 3 * b * t2 + a));
  return [x, -(d * t6 * t2 * t + c * t6 * t + b * t2 * t + a * t)];
}

/** Lambert's equal-area view from above the middle of Europe. */
function europe([lon, lat]) {
  const phi0 = radians(53), lambda = radians(lon - 12), phi = radians(lat);
  const cosine = Math.sin(phi0) * Math.sin(phi) + Math.cos(phi0) * Math.cos(phi) * Math.cos(lambda);
  const k = Math.sqrt(2 / Math.max(1 + cosine, 1e-6));
  return [k * Math.cos(phi) * Math.sin(lambda), -k * (Math.cos(phi0) * Math.sin(phi) - Math.sin(phi0) * Math.cos(phi) * Math.cos(lambda))];
}

const views = {
  world: { source: "countries-110m.json", project: equalEarth, box: [-2.78, -1.32, 2.72, 1.02], width: 1200, tolerance: 0.3, least: 2 },
  europe: { source: "countries-50m.json", project: europe, box: [-0.36, -0.34, 0.37, 0.34], width: 1000, tolerance: 0.4, least: 3 },
};

/** Douglas and Peucker: leave out the points nearer than ``tolerance`` to the line between those that stay. */
function simplified(points, tolerance) {
  if (points.length < 3) return points;
  const [[x0, y0], [x1, y1]] = [points[0], points.at(-1)];
  const length = Math.hypot(x1 - x0, y1 - y0);
  let far = 0, at = 0;
  for (let i = 1; i < points.length - 1; i++) {
    const [x, y] = points[i];
    const away = length ? Math.abs((x1 - x0) * (y0 - y) - (x0 - x) * (y1 - y0)) / length : Math.hypot(x - x0, y - y0);
    if (away > far) [far, at] = [away, i];
  }
  if (far <= tolerance) return [points[0], points.at(-1)];
  return [...simplified(points.slice(0, at + 1), tolerance).slice(0, -1), ...simplified(points.slice(at), tolerance)];
}

/** The part of a ring inside the rectangle (Sutherland and Hodgman). */
function clipped(ring, [left, top, right, bottom]) {
  const edges = [[0, left, 1], [0, right, -1], [1, top, 1], [1, bottom, -1]];
  for (const [axis, limit, sign] of edges) {
    const inside = point => (point[axis] - limit) * sign >= 0;
    const out = [];
    ring.forEach((point, i) => {
      const before = ring[(i + ring.length - 1) % ring.length];
      if (inside(point) !== inside(before)) {
        const t = (limit - before[axis]) / (point[axis] - before[axis]);
        out.push([before[0] + t * (point[0] - before[0]), before[1] + t * (point[1] - before[1])]);
      }
      if (inside(point)) out.push(point);
    });
    ring = out;
    if (!ring.length) break;
  }
  return ring;
}

function area(ring) {
  return Math.abs(ring.reduce((sum, [x, y], i) => {
    const [u, v] = ring[(i + 1) % ring.length];
    return sum + x * v - u * y;
  }, 0)) / 2;
}

/** One ring as relative steps of whole units. */
function drawn(ring) {
  const points = ring.map(point => point.map(Math.round));
  let [x, y] = points[0], steps = "";
  for (const [u, v] of points.slice(1)) {
    if (u === x && v === y) continue;
    steps += `${u - x < 0 || !steps ? "" : " "}${u - x}${v - y < 0 ? "" : " "}${v - y}`;
    [x, y] = [u, v];
  }
  return `M${points[0][0]} ${points[0][1]}l${steps}z`;
}

async function map(atlas, { source, project, box, width, tolerance, least }) {
  const { arcs, transform, objects } = JSON.parse(await readFile(path.join(atlas, source), "utf8"));
  const scale = width / (box[2] - box[0]), height = Math.round((box[3] - box[1]) * scale);
  const lines = arcs.map(arc => {
    let [x, y] = [0, 0];
    const places = arc.map(([dx, dy]) => {
      [x, y] = [x + dx, y + dy];
      return [x * transform.scale[0] + transform.translate[0], y * transform.scale[1] + transform.translate[1]];
    });
    const isEastern = places.some(([lon]) => lon > 0) || places.every(([lon]) => lon < cut);
    const points = places.map(([lon, lat]) => {
      const [u, v] = project([isEastern && lon < cut ? lon + 360 : lon, lat]);
      return [(u - box[0]) * scale, (v - box[1]) * scale];
    });
    return simplified(points, tolerance);
  });
  const line = index => (index < 0 ? [...lines[~index]].reverse() : lines[index]);
  const ringOf = indexes => indexes.flatMap(index => line(index).slice(0, -1));
  const frame = [-2, -2, width + 2, height + 2];
  const paths = [];
  for (const { id, type, arcs: parts, properties } of objects.countries.geometries) {
    if (id === "010") continue; // nobody sells in Antarctica
    const rings = (type === "Polygon" ? [parts] : parts).flat().map(ringOf).map(ring => clipped(ring, frame));
    const kept = rings.filter(ring => ring.length > 2 && area(ring) >= least);
    const largest = rings.filter(ring => ring.length > 2).sort((a, b) => area(b) - area(a))[0];
    if (!kept.length && largest && area(largest) > 0.5) kept.push(largest); // the smallest countries keep a dot
    if (!kept.length) continue;
    // Areas without a country code of their own are named: "Kosovo" is x-kosovo.
    const name = id ? `r${id}` : `x-${properties.name.toLowerCase().replace(/[^a-z]+/g, "-").replace(/-$/, "")}`;
    paths.push(`<path id="${name}" d="${kept.map(drawn).join("")}"/>`);
  }
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}"><g id="land">${paths.join("")}</g></svg>\n`;
}

/** Write ``map-world.svg`` and ``map-europe.svg``. */
export async function maps(modules, dist) {
  for (const [name, view] of Object.entries(views))
    await writeFile(path.join(dist, `map-${name}.svg`), await map(path.join(modules, "world-atlas"), view));
}
