// Bundles the parts of Observable Plot that pages draw with, below the licences of all that went in:
//   npm install --no-package-lock && npm run build
import { build } from "esbuild";
import { readFile, readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";

const target = "../../src/regenesis/pages/static/plot.js";
const { metafile, outputFiles } = await build({
  entryPoints: ["entry.js"],
  outfile: target,
  write: false,
  bundle: true,
  minify: true,
  format: "iife",
  globalName: "Plot",
  target: "es2020",
  legalComments: "none",
  charset: "ascii",
  metafile: true,
});

const inside = /^node_modules\/((?:@[^/]+\/)?[^/]+)\//;
const used = Object.entries(metafile.outputs)
  .flatMap(([, output]) => Object.entries(output.inputs))
  .filter(([, input]) => input.bytesInOutput > 0)
  .map(([path]) => inside.exec(path)?.[1])
  .filter(Boolean);
const parts = [];
for (const name of [...new Set(used)].sort()) {
  const folder = join("node_modules", name);
  const { version, license } = JSON.parse(await readFile(join(folder, "package.json"), "utf8"));
  const file = (await readdir(folder)).find((one) => /^licen[cs]e/i.test(one));
  if (file === undefined && license !== "MIT") throw new Error(`${name}: has no licence file`);
  const text = file === undefined ? `Licence: ${license} (no file in the package).` : await readFile(join(folder, file), "utf8");
  parts.push(`${name} ${version} (${license})\n\n${text.trim()}\n`);
}
const notice = parts.join(`\n${"-".repeat(79)}\n\n`);
if (notice.includes("*/") || notice.includes("</")) throw new Error("a licence would end the comment or the script it stands in");
await writeFile(target, `/*\n${notice}*/\n${outputFiles[0].text}`);
