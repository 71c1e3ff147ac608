// Every relative link of a Markdown page leads to a file, and to a heading where it names one; those of a page in the package, to a file in the package.
//   node scripts/links.mjs        exits with 1 where one leads nowhere
import { execFile } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join, posix, relative, sep } from "node:path";
import { promisify } from "node:util";
import { isMain, npm, root } from "./run.mjs";

/** The links of `pages` that lead nowhere, as texts. `has`: whether there is such a file or folder; both by their paths from `folder`. */
export function deadLinks(folder, pages, has) {
  return pages.flatMap((page) =>
    linksOf(readFileSync(join(folder, page), "utf8")).flatMap((link) => {
      const [path, heading] = link.split("#");
      const target = path === "" ? page : posix.join(posix.dirname(page), path);
      if (target.startsWith("..") || !has(target)) return [`${page}: ${link} is no file there`];
      if (heading === undefined || headingsOf(readFileSync(join(folder, target), "utf8")).has(heading))
        return [];
      return [`${page}: ${link} is no heading there`];
    }),
  );
}

/** The paths that `npm pack` would take. */
export async function packedPaths() {
  const [program, ...args] = [...npm(), "pack", "--dry-run", "--json", "--ignore-scripts"];
  const { stdout } = await promisify(execFile)(program, args, { cwd: root, maxBuffer: 64 << 20 });
  return Object.values(JSON.parse(stdout))[0].files.map(({ path }) => path);
}

/** For {@link deadLinks}: files of such a list, and the folders that they are in. */
export function within(paths) {
  const folders = paths.flatMap((path) => {
    const above = [];
    for (let at = posix.dirname(path); at !== "."; at = posix.dirname(at)) above.push(at);
    return above;
  });
  const all = new Set([...paths, ...folders]);
  return (path) => all.has(path.replace(/\/$/, ""));
}

/** What links and pictures of a page name, but for other sites; what stands in code is none. */
function linksOf(text) {
  const prose = text.replace(/^(`{3,}).*\n[\s\S]*?^\1/gm, "").replace(/`[^`\n]*`/g, "code");
  const links = [
    ...prose.matchAll(/\]\(<?([^)\s>]+)>?(?: "[^"]*")?\)/g),
    ...prose.matchAll(/ (?:href|src)="([^"]+)"/g),
  ];
  return links.map(([, link]) => link).filter((link) => !/^[a-z][a-z+.-]*:/i.test(link));
}

/** The headings of a page, as links name them. */
function headingsOf(text) {
  const headings = [...text.replace(/^```[\s\S]*?^```/gm, "").matchAll(/^#+ (.+)$/gm)].map(([, heading]) =>
    heading
      .replace(/\[([^\]]*)\]\([^)]*\)/g, "$1")
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\s_-]/gu, "")
      .replace(/\s/g, "-"),
  );
  return new Set(headings);
}

/** The Markdown pages of the checkout. */
function pagesBelow(folder = root) {
  const passedOver = new Set(["node_modules", "target", "dist"]);
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory())
      return passedOver.has(entry.name) || entry.name.startsWith(".") ? [] : pagesBelow(path);
    return entry.name.endsWith(".md") ? [relative(root, path).split(sep).join("/")] : [];
  });
}

if (isMain(import.meta.url)) {
  const packed = await packedPaths();
  const dead = [
    ...deadLinks(root, pagesBelow(), (path) => existsSync(join(root, path))),
    ...deadLinks(
      root,
      packed.filter((path) => path.endsWith(".md")),
      within(packed),
    ).map((line) => `${line} (in the package)`),
  ];
  for (const line of new Set(dead)) console.error(line);
  if (dead.length > 0) process.exitCode = 1;
}
