// Builds static/dist/ from static/ and the packages: one stylesheet, a core script, one script per heavy page kind,
// an icon sprite and the fonts. Fails when a budget is exceeded.
// Called by build.py, which passes the folders of the Django packages whose templates count as ours.
import { build, transform } from "esbuild";
import { PurgeCSS } from "purgecss";
import { copyFile, mkdir, readFile, readdir, writeFile } from "node:fs/promises";
import { existsSync } from "node:fs";
import { gzipSync } from "node:zlib";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { maps } from "./maps.mjs";

const here = path.dirname(fileURLToPath(import.meta.url));
const root = path.dirname(here);
const source = path.join(root, "static");
const dist = path.join(source, "dist");
const modules = path.join(here, "node_modules");
const foreignTemplates = (process.env.PRM_TEMPLATE_FOLDERS || "").split(path.delimiter).filter(Boolean);
const budgets = { // kB gzipped; the font is compressed by its format
  "app.js": 45, "app.css": 35, "inter-latin.woff2": 50, "board.js": 15, "select.js": 16, "select.css": 1, "chart.js": 60, "icons.svg": 24,
  "map.css": 1, "map-world.svg": 36, "map-europe.svg": 36,
};
const ownFolders = ["prm", "partners", "territories", "deals", "attribution"];

async function walk(folder, ends) {
  if (!existsSync(folder)) return [];
  const found = [];
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    const full = path.join(folder, entry.name);
    if (entry.isDirectory()) {
      if (!["dist", "node_modules", "migrations", "__pycache__"].includes(entry.name)) found.push(...await walk(full, ends));
    } else if (ends.some(end => entry.name.endsWith(end))) found.push(full);
  }
  return found.sort();
}

async function texts(files) {
  return Promise.all(files.map(async file => ({ file, text: await readFile(file, "utf8") })));
}

async function sources() {
  return {
    templates: await texts(await walk(path.join(root, "templates"), [".html"])),
    python: await texts((await Promise.all(ownFolders.map(folder => walk(path.join(root, folder), [".py"])))).flat()),
    scripts: await texts(await walk(path.join(source, "js"), [".js"])),
    foreign: await texts((await Promise.all(foreignTemplates.map(folder => walk(folder, [".html"])))).flat()),
  };
}

/** Names of icons in use: `<c-icon name="…">`, `icon="…"` anywhere, `"icon": "…"` in Python. */
export function iconsIn({ templates, python, scripts, foreign }) {
  const plain = new Map(); // name → file; a plain name must exist
  const possible = new Set(); // words of a conditional value
  const note = (value, file) => {
    if (/^[a-z][a-z0-9-]*$/.test(value)) plain.set(value, file);
    else for (const word of value.match(/[a-z][a-z0-9-]+/g) || []) possible.add(word);
  };
  for (const { file, text } of templates) {
    for (const [, value] of text.matchAll(/<c-icon\b[^>]*?\sname="([^"]*)"/g)) note(value, file);
    for (const [, value] of text.matchAll(/(?<![:\w-])icon="([^"]*)"/g)) note(value, file);
    for (const [, value] of text.matchAll(/{%\s*icon\s+"([^"]*)"/g)) note(value, file);
  }
  for (const { file, text } of [...python, ...scripts])
    for (const [, value] of text.matchAll(/\bicon["']?(?:\s*:\s*\w+)?\s*[=:]\s*["']([a-z0-9-]+)["']/g)) note(value, file);
  for (const { text } of foreign)
    for (const [, value] of text.matchAll(/(?:<c-icon\b[^>]*?\sname|(?<![:\w-])icon)="([^"]*)"/g)) possible.add(value);
  // Registries name icons by place: NavigationItem(_("Home"), "home", "home", …)
  for (const { text } of python)
    for (const [call] of text.matchAll(/\b(?:NavigationItem|SearchSource|Panel|HomeTile|Look)\((?:[^()]|\([^()]*\))*\)/g))
      for (const [, value] of call.matchAll(/["']([a-z][a-z0-9-]+)["']/g)) possible.add(value);
  // … and tables of them: ICONS = {"approved": "shield-check", …}
  for (const { text } of python)
    for (const [table] of text.matchAll(/\bICONS\b[^=\n]*=\s*{[^}]*}/g))
      for (const [, value] of table.matchAll(/["']([a-z][a-z0-9-]+)["']/g)) possible.add(value);
  return { plain, possible };
}

async function sprite(found) {
  const { plain, possible } = iconsIn(found);
  const filled = name => name.endsWith("-filled");
  const file = name => path.join(modules, "@tabler/icons/icons", filled(name) ? `filled/${name.slice(0, -7)}.svg` : `outline/${name}.svg`);
  const missing = [...plain].filter(([name]) => !existsSync(file(name)));
  // A page without one icon still works; tests/ui fails on it.
  for (const [name, where] of missing) console.error(`No icon "${name}", asked for in ${path.relative(root, where)}`);
  const names = [...new Set([...[...plain.keys()].filter(name => existsSync(file(name))), ...[...possible].filter(name => existsSync(file(name)))])].sort();
  const symbols = await Promise.all(names.map(async name => {
    const svg = await readFile(file(name), "utf8");
    const body = svg.replace(/^[\s\S]*?<svg[^>]*>/, "").replace(/<\/svg>[\s\S]*$/, "")
      .replace(/<path stroke="none" d="M0 0h24v24H0z" fill="none"\s*\/>/, "").replace(/\s+/g, " ").trim();
    const paint = filled(name) ? ' fill="currentColor" stroke="none"' : "";
    return `<symbol id="${name}" viewBox="0 0 24 24"${paint}>${body}</symbol>`;
  }));
  await writeFile(path.join(dist, "icons.svg"), `<svg xmlns="http://www.w3.org/2000/svg">${symbols.join("")}</svg>\n`);
}

/** Tabler without what no page uses, then our own styles whole. */
async function styles(found) {
  const bootstrap = await texts(await walk(path.join(modules, "@tabler/core/js/src/bootstrap"), [".ts"]));
  const used = ["dropdown", "collapse"]; // the behaviours app.js imports
  const literals = text => (text.match(/(["'`])(?:(?!\1)[^\\\n]|\\.)*\1/g) || []).join(" ");
  const [purged] = await new PurgeCSS().purge({
    css: [{ raw: await readFile(path.join(modules, "@tabler/core/dist/css/tabler.css"), "utf8") }],
    content: [
      ...found.templates.concat(found.foreign).map(({ text }) => ({ raw: text, extension: "html" })),
      ...found.python.concat(found.scripts).map(({ text }) => ({ raw: literals(text), extension: "txt" })),
      ...bootstrap.filter(({ file }) => used.includes(path.basename(file, ".ts"))).map(({ text }) => ({ raw: literals(text), extension: "txt" })),
    ],
    defaultExtractor: text => text.match(/[A-Za-z0-9_-]+/g) || [],
    safelist: ["html", "body", /^:root/],
    keyframes: true, variables: true,
  });
  const own = (await readFile(path.join(source, "css/app.css"), "utf8")).replaceAll("../dist/", "");
  const minified = await transform(`${purged.css}\n${own}`, { loader: "css", minify: true, legalComments: "none" });
  await writeFile(path.join(dist, "app.css"), minified.code.replace(/\/\*# sourceMappingURL=.*?\*\//g, ""));
  for (const name of ["select.css", "map.css"]) {
    const page = await transform(await readFile(path.join(source, "css", name), "utf8"), { loader: "css", minify: true });
    await writeFile(path.join(dist, name), page.code);
  }
}

function scripts() {
  const entries = ["app", "board", "chart", "select"].map(name => path.join(source, "js", `${name}.js`)).filter(existsSync);
  return {
    entryPoints: entries, bundle: true, minify: true, format: "iife", outdir: dist, nodePaths: [modules], legalComments: "none",
    target: ["chrome123", "firefox120", "safari17.5"], logLevel: "warning",
  };
}

async function fonts() {
  const files = path.join(modules, "@fontsource-variable/inter/files");
  for (const subset of ["latin", "latin-ext"])
    await copyFile(path.join(files, `inter-${subset}-wght-normal.woff2`), path.join(dist, `inter-${subset}.woff2`));
}

/** Licences of everything that ends up in static/dist/. */
async function notices() {
  const own = JSON.parse(await readFile(path.join(here, "package.json"), "utf8"));
  const names = [...Object.keys(own.dependencies), "@popperjs/core", "@kurkle/color", "@orchidjs/sifter", "@orchidjs/unicode-variants"];
  const parts = [];
  for (const name of names.sort()) {
    const folder = path.join(modules, name);
    if (!existsSync(folder)) continue;
    const about = JSON.parse(await readFile(path.join(folder, "package.json"), "utf8"));
    const file = (await readdir(folder)).find(entry => /^licen[cs]e/i.test(entry));
    const text = file ? (await readFile(path.join(folder, file), "utf8")).trim() : `Licence: ${about.license}`;
    parts.push(`${name} ${about.version} (${about.license})\n${"=".repeat(78)}\n${text}\n`);
  }
  await writeFile(path.join(dist, "NOTICES.txt"), parts.join("\n\n"));
}

async function checkBudgets() {
  const over = [];
  for (const [name, limit] of Object.entries(budgets)) {
    const file = path.join(dist, name);
    if (!existsSync(file)) continue;
    const content = await readFile(file);
    const size = (name.endsWith(".woff2") ? content.length : gzipSync(content, { level: 9 }).length) / 1000;
    console.log(`${name.padEnd(20)} ${size.toFixed(1).padStart(6)} kB of ${limit}`);
    if (size > limit) over.push(`${name}: ${size.toFixed(1)} kB, budget ${limit} kB`);
  }
  const own = gzipSync(await readFile(path.join(source, "css/app.css")), { level: 9 }).length / 1000;
  if (own > 6) over.push(`static/css/app.css: ${own.toFixed(1)} kB, budget 6 kB`);
  if (over.length) throw new Error(`Over budget:\n${over.join("\n")}`);
}

async function all() {
  const found = await sources();
  await Promise.all([styles(found), sprite(found), build(scripts()), fonts(), maps(modules, dist), notices()]);
  await checkBudgets();
}

try {
  await mkdir(dist, { recursive: true });
  await all();
} catch (error) {
  console.error(error.message);
  process.exit(1);
}
