/* Fails the build when the entry or a route outgrows its gzip budget (ui.md, "Stack"). */
import { readFileSync } from "node:fs";
import { gzipSync } from "node:zlib";

const ENTRY_KB = 160;
const ROUTE_KB = 40;
const dist = new URL("../dist/", import.meta.url);
const manifest = JSON.parse(readFileSync(new URL(".vite/manifest.json", dist), "utf8"));

/** Size in kB (1000 bytes) of a file as it travels, gzip level 9. */
const gzipKb = (file) => gzipSync(readFileSync(new URL(file, dist)), { level: 9 }).length / 1000;

/** The files a chunk loads at once: itself and its static imports, less what is loaded already. */
function staticFiles(key, seen = new Set()) {
  const chunk = manifest[key];
  if (seen.has(chunk.file)) return seen;
  seen.add(chunk.file);
  for (const name of chunk.imports ?? []) staticFiles(name, seen);
  return seen;
}

const entryKey = Object.keys(manifest).find((key) => manifest[key].isEntry);
const entryFiles = staticFiles(entryKey);
const sum = (files) => [...files].reduce((total, file) => total + gzipKb(file), 0);

const rows = [["entry", sum(entryFiles), ENTRY_KB]];
for (const key of Object.keys(manifest).filter((name) => manifest[name].isDynamicEntry)) {
  const own = [...staticFiles(key)].filter((file) => !entryFiles.has(file));
  rows.push([manifest[key].name ?? key, sum(own), ROUTE_KB]);
}

let over = false;
for (const [name, size, limit] of rows) {
  const verdict = size > limit ? "OVER BUDGET" : "ok";
  over ||= size > limit;
  console.log(`${name.padEnd(16)} ${size.toFixed(1).padStart(6)} / ${limit} kB gzip  ${verdict}`);
}
process.exit(over ? 1 : 0);
